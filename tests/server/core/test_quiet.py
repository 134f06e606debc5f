"""A process that has been told so shows nothing of what libraries say to callers, and all of what it says itself."""

import subprocess
import sys

SCRIPT = """
import logging, warnings
from finetab.core.quiet import quiet_libraries
quiet_libraries()
warnings.warn("will be renamed", FutureWarning)
logging.getLogger("bitsandbytes.backends.cpu.ops").warning("could not be fetched")
logging.getLogger("bitsandbytes.nn").error("is broken")
logging.getLogger("finetab").warning("is said")
"""


def test_only_what_a_user_can_do_something_about_is_left() -> None:
    told = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert told.stderr.splitlines() == ["is broken", "is said"]
