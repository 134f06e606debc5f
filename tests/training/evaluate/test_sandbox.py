"""The sandbox: programs that try to do harm, and what is left of the harm."""

import socket
import sys
import time
from pathlib import Path

import psutil
import pytest

from finetab.errors import NoSandbox
from finetab_training.evaluate import sandbox as module
from finetab_training.evaluate.sandbox import Limits, Outcome, Sandbox, open_sandbox


def make(limits: Limits | None = None) -> Sandbox:
    """A sandbox, or a test that is skipped with the reason."""
    try:
        return open_sandbox(limits)
    except NoSandbox as error:
        pytest.skip(str(error))


def processes_inside() -> list[int]:
    """Every process that was started in a sandbox of this Python, its forks too."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if "/sandboxed.py" in (process.info["cmdline"] or ()):
            found.append(process.pid)
    return found


def wait_until_gone(before: set[int]) -> set[int]:
    """What is still there of the processes that were not there before, after they had time to end."""
    left = set(processes_inside()) - before
    deadline = time.monotonic() + 10
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left = set(processes_inside()) - before
    return left


@pytest.mark.parametrize(
    ("program", "outcome"),
    [
        ("import math, json\nassert math.sqrt(4) == 2", Outcome(True, "passed")),
        ("assert 1 == 2", Outcome(False, "AssertionError")),
        ("def broken(:", Outcome(False, "SyntaxError")),
        ("raise SystemExit(0)\nassert False", Outcome(False, "SystemExit")),
        ("import os\nos._exit(0)", Outcome(False, "ended early")),
        ("print('passed')\nimport os\nos._exit(0)", Outcome(False, "ended early")),
    ],
)
def test_a_program_passes_only_by_reaching_its_end(program: str, outcome: Outcome) -> None:
    assert make().run(program) == outcome


def test_an_endless_loop_is_ended_by_its_cpu_time() -> None:
    assert make(Limits(cpu_seconds=1, wall_seconds=60)).run("while True: pass").why == "out of CPU time"


def test_a_sleeper_and_its_children_are_killed_when_time_is_up() -> None:
    before = set(processes_inside())
    sleeper = "import os, time\nos.fork()\nos.setsid() if os.fork() == 0 else None\ntime.sleep(600)"
    assert make(Limits(wall_seconds=1)).run(sleeper).why == "out of time"
    assert not wait_until_gone(before)


def test_a_fork_bomb_is_few_processes_and_none_afterwards() -> None:
    before = set(processes_inside())
    bomb = """
import os, time
started = 0
try:
    while started < 1000:
        if os.fork() == 0:
            time.sleep(600)
        started += 1
except BlockingIOError:
    pass
assert started < 8, started
"""
    assert make(Limits(processes=8)).run(bomb) == Outcome(True, "passed")
    assert not wait_until_gone(before)


def test_a_fork_bomb_that_goes_on_is_ended_too() -> None:
    before = set(processes_inside())
    bomb = "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass"
    assert not make(Limits(processes=8, cpu_seconds=1, wall_seconds=3)).run(bomb).passed
    assert not wait_until_gone(before)


def test_more_memory_than_is_allowed_is_not_given() -> None:
    hog = "kept = []\nfor _ in range(64):\n    kept.append(bytearray(16 * 1024 * 1024))"
    assert make(Limits(memory_mb=256)).run(hog).why == "MemoryError"
    assert make(Limits(memory_mb=256)).run("bytearray(16 * 1024 * 1024)").passed


def test_nothing_can_be_reached_over_the_network() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        port = server.getsockname()[1]
        call = f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 5)"
        assert make().run(call) in (Outcome(False, "ConnectionRefusedError"), Outcome(False, "OSError"))
        with pytest.raises(TimeoutError):
            server.accept()
    interfaces = "import socket\nassert {name for _, name in socket.if_nameindex()} <= {'lo'}"
    assert make().run(interfaces).passed


def test_no_file_outside_can_be_written_or_read(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    tmp_path.chmod(0o777)
    for place in (tmp_path / "written.txt", Path.home() / "written-from-the-sandbox.txt", Path("/usr/written.txt")):
        assert not make().run(f"open({str(place)!r}, 'w').write('x')").passed
        assert not place.exists()
    assert make().run(f"open({str(tmp_path / 'secret.txt')!r})").why == "FileNotFoundError"
    assert make().run("open('/etc/passwd')").why == "FileNotFoundError"


def test_the_folder_to_write_in_is_empty_small_and_gone_afterwards() -> None:
    sandbox = make(Limits(file_mb=1))
    kept = "import os\nassert os.listdir() == []\nopen('note', 'w').write('x')\nassert os.listdir() == ['note']"
    assert (sandbox.run(kept).why, sandbox.run(kept).why) == ("passed", "passed")
    assert sandbox.run("open('big', 'wb').write(b'x' * 2**21)\nopen('big', 'ab').write(b'x')").why == "OSError"
    many = "for i in range(64):\n    open(str(i), 'wb').write(b'x' * 2**20)"
    assert sandbox.run(many).why == "OSError"


def test_the_environment_and_installed_packages_stay_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINETAB_TEST_TOKEN", "secret")
    assert make().run("import os\nassert 'FINETAB_TEST_TOKEN' not in os.environ").passed
    assert make().run("import pytest").why == "ModuleNotFoundError"
    assert make().run("import os\nassert os.getuid() != 0").passed


def test_a_flood_of_words_fills_neither_memory_nor_disk() -> None:
    flood = """
import os
for stream in range(1, 10):
    for _ in range(64):
        try:
            os.write(stream, b"x" * 2**20)
        except OSError:
            pass
"""
    _, said = make().said_by(f"secret\n{flood}")
    assert len(said) <= 4096
    assert not make().run(flood).passed


def test_where_there_is_no_sandbox_nothing_is_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "_bundled", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoSandbox, match="bubblewrap is not here"):
        open_sandbox()
    (tmp_path / "bwrap").write_text(f"#!{sys.executable}\nraise SystemExit('no permission')\n")
    (tmp_path / "bwrap").chmod(0o755)
    with pytest.raises(NoSandbox, match=r"cannot make a sandbox here \(no permission\)"):
        open_sandbox()
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(NoSandbox, match="this is darwin"):
        open_sandbox()
