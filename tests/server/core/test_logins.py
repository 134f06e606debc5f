"""Engines that the user trusts: kept where nobody else can read, tokens never in clear over a network."""

from pathlib import Path

import pytest

from finetab.core.logins import log_in, log_out, logins_path, normalised, token_for
from finetab.errors import BadFile, BadSetting


@pytest.fixture(autouse=True)
def own_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def test_an_engine_is_trusted_from_login_to_logout() -> None:
    with pytest.raises(BadSetting, match="run: finetab engine login"):
        token_for("https://gpu.example.org/v1/")
    log_in("https://gpu.example.org/v1", "secret")
    log_in("http://127.0.0.1:8080", "")
    assert token_for("https://gpu.example.org/") == "secret"
    assert token_for("http://127.0.0.1:8080") == ""
    assert log_out("https://gpu.example.org")
    assert not log_out("https://gpu.example.org")
    with pytest.raises(BadSetting):
        token_for("https://gpu.example.org")


def test_tokens_are_kept_from_others_and_a_file_that_they_can_read_is_refused() -> None:
    log_in("https://gpu.example.org", "secret")
    assert logins_path().stat().st_mode & 0o777 == 0o600
    logins_path().chmod(0o644)
    with pytest.raises(BadFile, match="chmod 600"):
        token_for("https://gpu.example.org")


@pytest.mark.parametrize("content", ["", "[]", '{"a": 1}', "{"])
def test_a_damaged_file_is_told(content: str) -> None:
    log_in("https://gpu.example.org", "secret")
    logins_path().write_text(content)
    with pytest.raises(BadFile, match="log in again"):
        token_for("https://gpu.example.org")


def test_a_token_does_not_cross_a_network_in_clear() -> None:
    with pytest.raises(BadSetting, match="in clear; use https"):
        log_in("http://gpu.example.org", "secret")
    log_in("http://gpu.example.org", "")
    log_in("http://localhost:9000", "secret")


@pytest.mark.parametrize("url", ["", "gpu", "ftp://x", "https://", "https://u:p@x", "https://x?y", "http://x:99999"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(BadSetting, match="no engine's address"):
        normalised(url)
