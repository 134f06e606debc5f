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


_OWN_PAGES = """
import psutil
from finetab.core import memory

memory.hold_on()
resident = lambda: psutil.Process().memory_info().rss
before = resident()
block = memory.own_pages(64 << 20)
block.write(b"x" * len(block))
held = resident()
del block
print(held - before, resident() - before)
"""
_GLIBC = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's memory is told what to keep")
_IDLE = """
import threading, time
import psutil
from finetab.core import memory

memory.hold_while_busy(idle_seconds=0.2)

def work():
    blocks = [bytearray(4 << 20) for _ in range(50)]
    for block in blocks:
        block[::4096] = b"x" * len(block[::4096])
    del block, blocks[:]
    memory.works()

for _ in range(2):  # it is given back each time
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    held = psutil.Process().memory_info().rss
    for _ in range(100):
        time.sleep(0.1)
        left = psutil.Process().memory_info().rss
        if left < held - (150 << 20):
            break
    print(held - left)
"""


@_GLIBC
@pytest.mark.parametrize("call", ["hold_on", "hold_while_busy"])
def test_large_blocks_stay_while_there_is_work(call: str) -> None:
    assert faults_by(call) < _PAGES // 20


@_GLIBC
def test_they_go_back_when_work_has_ended_for_a_while() -> None:
    done = subprocess.run([sys.executable, "-c", _IDLE], capture_output=True, text=True, check=True)
    assert all(int(given_back) > 150 << 20 for given_back in done.stdout.split())


def test_pages_of_their_own_go_back_at_once_though_the_heap_s_are_held() -> None:
    done = subprocess.run([sys.executable, "-c", _OWN_PAGES], capture_output=True, text=True, check=True)
    held, left = (int(part) >> 20 for part in done.stdout.split())
    assert held >= 64
    assert left <= held - 64


_IMPORTS = """
import gc, rich.console
from finetab.core.memory import keep_imports

before = len(gc.get_objects())
keep_imports()
print(before, len(gc.get_objects()))
"""


def test_what_was_imported_is_not_searched_for_garbage_again() -> None:
    done = subprocess.run([sys.executable, "-c", _IMPORTS], capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())
    assert after < before / 10
