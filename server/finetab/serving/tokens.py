"""The bearer tokens that open an engine: made once and shown once, kept as hashes.

CONFIG/finetab/engine-tokens.json   {"alice": "sha-256 of the token"}

A token has 256 random bits, so that a plain hash cannot be turned back.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from pathlib import Path

from finetab.core.logins import logins_path, read_private, write_private
from finetab.errors import BadInput

_NUM_BYTES = 32


def tokens_path() -> Path:
    """Where the hashes are kept."""
    return logins_path().with_name("engine-tokens.json")


def make_token(name: str) -> str:
    """A new token for somebody, which replaces the one they had; it is kept nowhere."""
    if not name.isprintable() or not name.strip():
        raise BadInput(f"{name!r} is no name for a token; name who gets it.")
    token = secrets.token_urlsafe(_NUM_BYTES)
    write_private(tokens_path(), {**read_private(tokens_path()), name: _hash(token)})
    return token


def revoke_token(name: str) -> bool:
    """Take somebody's token away; whether there was one. A running engine is told by a restart."""
    known = read_private(tokens_path())
    was = known.pop(name, None) is not None
    write_private(tokens_path(), known)
    return was


def read_hashes() -> dict[str, str]:
    """Whose tokens open this machine's engines, each with its hash."""
    return read_private(tokens_path())


def owner_of(token: str, hashes: Mapping[str, str]) -> str | None:
    """Whose token it is. How long that takes does not tell how much of it is right."""
    given, found = _hash(token), None
    for name, known in hashes.items():
        if hmac.compare_digest(given, known):
            found = name
    return found


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
