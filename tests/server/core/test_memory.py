"""What the process keeps: large blocks that were freed are used again, without a page asked for anew."""

import platform
import subprocess
import sys

import pytest

_WORK = """
import resource, sys
from finetab.core import memory

getattr(memory, sys.argv[1])()

def round():
    for size in (90, 4, 2, 20):
        block = bytearray(size << 20)
        block[::4096] = b"x" * len(block[::4096])

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

for _ in range(3):
    round()
before = faults()
for _ in range(5):
    round()
print(faults() - before)
"""
_PAGES = 5 * (116 << 20) // 4096


def faults_by(call: str) -> int:
    done = subprocess.run([sys.executable, "-c", _WORK, call], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's memory is told what to keep")
def test_large_blocks_stay_for_training_and_go_back_for_serving() -> None:
    assert faults_by("hold_on") < _PAGES // 20
    assert faults_by("hold_little") > _PAGES // 2
