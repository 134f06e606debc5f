"""Work in a process of its own: what comes back of it, and that it does not outlive who asked for it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from finetab.errors import FinetabError, UnknownName
from finetab_training.compare.alone import run_alone
from finetab_training.methods.registry import check_method


def test_an_error_of_our_own_comes_over_as_it_is() -> None:
    run_alone(check_method, "lora")
    with pytest.raises(UnknownName, match='did you mean "qlora"'):
        run_alone(check_method, "qlor")


def test_an_error_longer_than_what_a_pipe_holds_comes_over() -> None:
    with pytest.raises(UnknownName, match="a" * 200_000):
        run_alone(check_method, "a" * 200_000)


@pytest.mark.skipif(sys.platform == "win32", reason="has no fork")
def test_a_process_whose_own_child_lives_on_has_ended(tmp_path: Path) -> None:
    with pytest.raises(FinetabError, match="ended with exit code 3"):
        run_alone(exec, _LEAVES_A_CHILD, {"end": tmp_path / "end"})
    (tmp_path / "end").touch()


_LEAVES_A_CHILD = """
import os, time
if os.fork():
    os._exit(3)
while not end.exists():  # until then it holds the pipe to who asked
    time.sleep(0.05)
os._exit(0)
"""


def test_any_other_end_is_told_in_a_sentence(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(FinetabError, match=r"^JSONDecodeError: Expecting"):
        run_alone(json.loads, "{")
    assert "Traceback" in capfd.readouterr().err  # for whoever wrote what failed
    with pytest.raises(FinetabError, match="ended with exit code 3"):
        run_alone(os._exit, 3)


@pytest.mark.skipif(sys.platform == "win32", reason="has no SIGKILL")
def test_a_process_that_was_killed_is_told() -> None:
    with pytest.raises(FinetabError, match="was killed"):
        run_alone(signal.raise_signal, signal.SIGKILL)


def test_it_ends_when_who_asked_for_it_is_killed() -> None:
    lines = "import time\nfrom finetab_training.compare.alone import run_alone\nrun_alone(time.sleep, 60)\n"
    with subprocess.Popen([sys.executable, "-c", lines]) as process:
        deadline = time.monotonic() + 60
        while len(children := psutil.Process(process.pid).children()) < 2:  # one of them minds what is shared
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(1)  # until it minds its parent
        process.kill()
    gone, alive = psutil.wait_procs(children, timeout=60)
    assert len(gone) == 2
    assert not alive
