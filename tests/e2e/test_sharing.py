"""Two real `finetab serve` processes that share an engine: one copy of the weights, and no request is lost."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from tests.e2e.scripted_client import messages
from tests.e2e.test_remote import statuses, wait_ready
from tests.server.adapters.real_adapter import make_adapter

from finetab.lsp.client import ServerProcess

COMMAND = [sys.executable, "-m", "finetab", "serve"]
TEXT = "def area(width, height):\n    return \n"


@pytest.fixture(autouse=True)
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A place of its own for sockets, and no engine left behind there."""
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    yield folder
    for process in engines(folder):
        process.kill()
        process.wait()


def engines(runtime: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        line = process.info["cmdline"] or []
        if "engine" in line and any(str(runtime) in part for part in line):
            found.append(process)
    return found


def the_engine(runtime: Path) -> psutil.Process:
    """The only one; of two that are started at the same moment one ends when it finds the place taken."""
    deadline = time.monotonic() + 30
    while len(found := engines(runtime)) != 1:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found[0]


def holds_torch(process_id: int) -> bool:
    return "libtorch" in Path(f"/proc/{process_id}/maps").read_text()


def asked(server: ServerProcess, name: str) -> tuple[str | None, str]:
    """What the server answers at the end of a new file's text, and why."""
    uri = f"file:///{name}.py"
    server.open(uri, f"# {name}\n{TEXT}")
    text = server.complete(uri, 2, 11)
    return text, str(server.why()[0]["why"])


def until_answered(server: ServerProcess, names: Iterator[str]) -> None:
    deadline = time.monotonic() + 60
    while asked(server, next(names))[1] not in ("answered", "nothing to add", "filtered"):
        assert time.monotonic() < deadline
        time.sleep(0.3)


def test_two_servers_share_one_engine_that_is_started_again_when_it_dies(
    runtime: Path, tiny: Callable[[str], Path]
) -> None:
    options = {"base": str(tiny("gemma3_text")), "engine": "shared", "maxNewTokens": 8, "form": "spm", "status": True}
    names = (f"file{number}" for number in range(1000))
    with ExitStack() as stack:
        servers = [stack.enter_context(ServerProcess(COMMAND)) for _ in range(2)]
        for server in servers:
            server.start(options=options)
        for server in servers:
            wait_ready(server)
            until_answered(server, names)
        engine = the_engine(runtime)
        if sys.platform == "linux":
            assert [holds_torch(server.process.pid) for server in servers] == [False, False]
            assert holds_torch(engine.pid)
        engine.kill()
        text, why = asked(servers[0], next(names))
        assert text is None
        assert "shared engine" in why
        assert statuses(servers[0], "Warning")
        for server in servers:
            until_answered(server, names)
        the_engine(runtime)
        for server in servers:
            assert server.stop() == 0
    assert "Traceback" not in "".join(line for server in servers for line in server.errors)


def test_an_adapter_is_served_from_its_folder(runtime: Path, tiny: Callable[[str], Path], tmp_path: Path) -> None:
    adapter = make_adapter(tiny("gemma3_text"), tmp_path / "mine", seed=1)
    options = {"base": str(tiny("gemma3_text")), "engine": "shared", "maxNewTokens": 8, "adapter": str(adapter)}
    with ServerProcess(COMMAND) as server:
        server.start(options=options | {"status": True})
        wait_ready(server)
        until_answered(server, (f"file{number}" for number in range(1000)))
        assert server.why()[0]["adapter"].startswith("mine@")
        server.stop()


def test_an_adapter_that_the_engine_cannot_take_up_is_told_at_once(
    runtime: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    adapter = make_adapter(tiny("gemma3_text"), tmp_path / "mine", seed=1, use_dora=True)
    options = {"base": str(tiny("gemma3_text")), "engine": "shared", "quantisation": "int8", "adapter": str(adapter)}
    with ServerProcess(COMMAND) as server:
        server.start(options=options | {"status": True})
        server.wait_for(lambda message: message.get("method") == "window/showMessage")
        assert "set quantisation to none" in messages(server)[0]


def test_an_engine_that_cannot_start_says_why(runtime: Path, tiny: Callable[[str], Path]) -> None:
    options = {"base": str(tiny("gemma3_text")), "engine": "shared", "device": "cuda:77", "status": True}
    with ServerProcess(COMMAND) as server:
        server.start(options=options)
        server.wait_for(lambda message: message.get("method") == "window/showMessage")
        assert "could not start" in messages(server)[0]
        assert "cuda" in messages(server)[0]
        assert engines(runtime) == []


def test_a_folder_that_others_can_enter_is_refused(runtime: Path, tiny: Callable[[str], Path]) -> None:
    (runtime / "finetab").mkdir()
    (runtime / "finetab").chmod(0o755)
    with ServerProcess(COMMAND) as server:
        server.start(options={"base": str(tiny("gemma3_text")), "engine": "shared", "status": True})
        server.wait_for(lambda message: message.get("method") == "window/showMessage")
        assert "chmod 700" in messages(server)[0]
