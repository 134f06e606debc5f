"""`finetab engine` as a process: who may reach it, how it ends, and the tokens at both ends."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx2
import pytest
import trustme

from finetab.core.base import read_base
from finetab.engine.connection import Address, Connection
from finetab.engine.http_engine import HttpEngine
from finetab.errors import EngineAway

FINETAB = [sys.executable, "-m", "finetab"]


def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([*FINETAB, *arguments], input=stdin, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(autouse=True)
def own_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@contextmanager
def engine(
    base: Path, *options: str, scheme: str = "http", verify: bool = True
) -> Iterator[tuple[subprocess.Popen[bytes], httpx2.Client]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [*FINETAB, "engine", "--base", str(base), "--port", str(port), *options]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    client = httpx2.Client(base_url=f"{scheme}://127.0.0.1:{port}", timeout=20.0, verify=verify)
    try:
        wait_until_healthy(process, client)
        yield process, client
    finally:
        client.close()
        process.kill()
        process.wait()


def wait_until_healthy(process: subprocess.Popen[bytes], client: httpx2.Client) -> None:
    while process.poll() is None:
        try:
            assert client.get("/health").status_code == 200
            return
        except httpx2.ConnectError:
            time.sleep(0.05)
    raise AssertionError(f"the engine ended with {process.returncode}")


def test_no_network_reaches_an_engine_without_a_token(tiny: Callable[[str], Path]) -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1"):  # noqa: S104
        found = run("engine", "--base", str(tiny("llama")), "--host", host)
        assert found.returncode == 2
        assert "finetab engine token NAME" in found.stderr
        assert "Traceback" not in found.stderr


def test_a_token_is_shown_once_and_opens_the_engine(tiny: Callable[[str], Path]) -> None:
    token = run("engine", "token", "alice").stdout.strip()
    assert len(token) > 40
    with engine(tiny("llama")) as (_, client):
        assert client.get("/v1/models").status_code == 401
        assert client.get("/v1/models", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    assert run("engine", "token", "alice", "--revoke").returncode == 0
    assert run("engine", "token", "alice", "--revoke").returncode == 2


def test_login_keeps_a_token_and_logout_forgets_it(tmp_path: Path) -> None:
    assert "https://gpu.example.org" in run("engine", "login", "https://gpu.example.org/v1", stdin="secret\n").stdout
    kept = tmp_path / "config" / "finetab" / "engines.json"
    assert json.loads(kept.read_text()) == {"https://gpu.example.org": "secret"}
    assert "in clear" in run("engine", "login", "http://gpu.example.org", stdin="secret\n").stderr
    assert run("engine", "logout", "https://gpu.example.org").returncode == 0
    assert run("engine", "logout", "https://gpu.example.org").returncode == 2


def test_a_certificate_is_checked_against_the_authorities_of_the_machine(
    tiny: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    given = authority.issue_cert("localhost", "127.0.0.1")
    given.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    given.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    base = read_base(str(tiny("llama")))
    options = ("--certificate", str(tmp_path / "cert.pem"), "--key", str(tmp_path / "key.pem"))
    with engine(base.folder, *options, scheme="https", verify=False) as (_, client):
        address = Address(str(client.base_url).rstrip("/"))
        with closing(HttpEngine(Connection(address), base)) as found, pytest.raises(EngineAway, match="CERTIFICATE"):
            found.check()
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")  # for the world, not for this machine
        with closing(HttpEngine(Connection(address), base)) as found:
            found.check()


def test_what_is_being_answered_is_answered_when_it_is_told_to_end(tiny: Callable[[str], Path]) -> None:
    answers: list[int] = []
    with engine(tiny("llama")) as (process, client):

        def ask() -> None:
            body = {"prompt": "def f(x):", "max_tokens": 300, "temperature": 0, "min_tokens": 1}
            answers.append(len(client.post("/v1/completions", json=body).json()["choices"][0]["token_ids"]))

        asking = threading.Thread(target=ask)
        asking.start()
        with httpx2.Client(base_url=client.base_url) as other:
            while "finetab_running 1.0" not in other.get("/metrics").text:
                time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        asking.join()
        assert process.wait(20) in (0, -signal.SIGTERM)
    assert answers[0] > 0


def test_an_engine_that_nobody_asks_ends(tiny: Callable[[str], Path]) -> None:
    with engine(tiny("llama"), "--idle", "1") as (process, _):
        assert process.wait(20) == 0


def test_one_engine_holds_a_socket(tiny: Callable[[str], Path], tmp_path: Path) -> None:
    place = tmp_path / "engine.sock"
    first = subprocess.Popen([*FINETAB, "engine", "--base", str(tiny("llama")), "--socket", str(place)])
    try:
        while first.poll() is None and not place.exists():
            time.sleep(0.05)
        with httpx2.Client(base_url="http://engine", transport=httpx2.HTTPTransport(uds=str(place))) as client:
            wait_until_healthy(first, client)
            found = run("engine", "--base", str(tiny("llama")), "--socket", str(place))
            assert found.returncode == 2
            assert "Another engine listens" in found.stderr
            assert client.get("/v1/models").json()["data"][0]["id"] == str(tiny("llama"))
    finally:
        first.kill()
        first.wait()
