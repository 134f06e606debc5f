"""What runs inside the sandbox: takes the limits on itself, then runs the program and says how it ended.

Started by `sandbox.py` with the limits as arguments, and with a secret line and then the program on its standard
input. Only who knows the secret can say that the program ended well, so `exit()` in a program is no success. It
imports nothing but the standard library: nothing else is there.
"""

import os
import resource
import sys

_NOBODY = 65534


def main() -> None:
    """Run the program of standard input; the verdict, after the secret, is the last line of standard output."""
    cpu_seconds, memory, processes, file_size = (int(value) for value in sys.argv[1:5])
    secret, _, program = sys.stdin.read().partition("\n")
    _limit(cpu_seconds, memory, processes, file_size)
    verdict = os.dup(1)
    silence = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(silence, stream)
    sys.argv[1:] = []
    try:
        exec(compile(program, "program.py", "exec"), {"__name__": "__main__"})  # noqa: S102 - what this is for
        said = "passed"
    except BaseException as error:  # noqa: BLE001 - `exit()` and an interrupt are failures too
        said = type(error).__name__
    os.write(verdict, f"\n{secret} {said}".encode())
    os._exit(0)  # what the program may have registered to run at its end is not waited for


def _limit(cpu_seconds: int, memory: int, processes: int, file_size: int) -> None:
    if os.getuid() == 0:  # the kernel counts no processes of root, so it becomes nobody
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)
    for limit, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_NPROC, processes),
        (resource.RLIMIT_FSIZE, file_size),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(limit, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))


if __name__ == "__main__":
    main()
