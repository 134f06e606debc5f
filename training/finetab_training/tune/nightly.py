"""`finetab tune --nightly`: the line that tunes a folder every night, for a crontab."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from finetab.core.pointer import OWN_FOLDER


def nightly_lines(root: Path, options: Sequence[str]) -> str:
    """What to put into a crontab to tune a folder every night, at the lowest priority, with these options of `tune`."""
    log = shlex.quote(str(root / OWN_FOLDER / "nightly.log"))
    # -P: a file of the user's that is named like a library is not taken for it.
    command = shlex.join(["nice", "-n", "19", sys.executable, "-P", "-m", "finetab", "tune", str(root), *options])
    here = shlex.quote(str(Path.cwd()))  # paths in the options are meant from here
    line = f"cd {here} && {command} >> {log} 2>&1"
    return "15 3 * * * " + line.replace("%", r"\%")  # which cron reads as the end of the line
