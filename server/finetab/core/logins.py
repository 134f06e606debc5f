"""The engines that this user trusts with code, and what each wants to see first: a file that nobody else can read.

CONFIG/finetab/engines.json   {"https://gpu.example.org": "token", "http://127.0.0.1:8080": ""}

A workspace's settings may name an engine. Code is sent to it only if the user has logged in there before.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs

from finetab.core.atomic import write_text
from finetab.errors import BadFile, BadSetting

PRIVATE = 0o600


def logins_path() -> Path:
    """Where they are kept; `XDG_CONFIG_HOME` moves it."""
    return Path(platformdirs.user_config_path("finetab")) / "engines.json"


def normalised(url: str) -> str:
    """An engine's address without what is the same for all. Raises `BadSetting` where it is none."""
    try:
        parts = urlsplit(url.strip())
        is_good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good or parts.query or parts.fragment or parts.username is not None:
        raise BadSetting(
            f"{url!r} is no engine's address; write it as https://gpu.example.org or http://127.0.0.1:8080."
        )
    return url.strip().rstrip("/").removesuffix("/v1")


def is_on_this_machine(url: str) -> bool:
    """Whether an address leads back to this machine."""
    return urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")


def log_in(url: str, token: str) -> str:
    """Trust an engine from now on, and keep its token; the address as it is kept.

    Raises `BadSetting` where the token would cross a network in clear.
    """
    address = normalised(url)
    if token and address.startswith("http:") and not is_on_this_machine(address):
        raise BadSetting(f"{address} would be sent the token in clear; use https.")
    write_private(logins_path(), {**read_private(logins_path()), address: token})
    return address


def log_out(url: str) -> bool:
    """Trust an engine no more; whether it was trusted."""
    known = read_private(logins_path())
    was = known.pop(normalised(url), None) is not None
    write_private(logins_path(), known)
    return was


def token_for(url: str) -> str:
    """The token of an engine, "" for none. Raises `BadSetting` where the user has not logged in there."""
    address = normalised(url)
    try:
        return read_private(logins_path())[address]
    except KeyError:
        raise BadSetting(
            f"Code is sent only to engines that you trust; if you trust this one, run: finetab engine login {address}"
        ) from None


def read_private(path: Path) -> dict[str, str]:
    """A file of names and secrets; empty where there is none.

    Raises `BadFile` where it is damaged, or where others may read it.
    """
    try:
        with path.open(encoding="utf-8") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o077:
                raise BadFile(f"{path} holds secrets that others can read; make it yours: chmod 600 {path}")
            raw = json.load(file)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise BadFile(f"{path} cannot be read ({error}); delete it and log in again.") from error
    if not isinstance(raw, dict) or not all(isinstance(value, str) for value in raw.values()):
        raise BadFile(f"{path} is damaged; delete it and log in again.")
    return raw


def write_private(path: Path, secrets: Mapping[str, str]) -> None:
    """Replace such a file, whole or not at all."""
    write_text(path, json.dumps(secrets, indent=2) + "\n", PRIVATE)
