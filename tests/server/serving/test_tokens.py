"""Tokens of an engine: shown once, kept as hashes in a file of the user's own."""

from pathlib import Path

import pytest

from finetab.errors import BadInput
from finetab.serving.tokens import make_token, owner_of, read_hashes, revoke_token, tokens_path


@pytest.fixture(autouse=True)
def own_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def test_a_token_opens_until_it_is_revoked_and_stands_nowhere() -> None:
    alice, bob = make_token("alice"), make_token("bob")
    assert alice != bob
    assert owner_of(alice, read_hashes()) == "alice"
    assert owner_of(alice + "x", read_hashes()) is None
    assert owner_of("", read_hashes()) is None
    assert alice not in tokens_path().read_text()
    assert tokens_path().stat().st_mode & 0o777 == 0o600
    assert revoke_token("alice")
    assert not revoke_token("alice")
    assert owner_of(alice, read_hashes()) is None
    assert owner_of(bob, read_hashes()) == "bob"


def test_a_new_token_replaces_the_old_one() -> None:
    old, new = make_token("alice"), make_token("alice")
    assert owner_of(old, read_hashes()) is None
    assert owner_of(new, read_hashes()) == "alice"


@pytest.mark.parametrize("name", ["", "  ", "a\nb"])
def test_a_token_belongs_to_somebody(name: str) -> None:
    with pytest.raises(BadInput, match="name who gets it"):
        make_token(name)
