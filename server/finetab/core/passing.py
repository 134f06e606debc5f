"""Work in a thread that ends with it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

_Given = ParamSpec("_Given")
_Made = TypeVar("_Made")


def in_passing_thread(work: Callable[_Given, _Made], *args: _Given.args, **kwargs: _Given.kwargs) -> _Made:
    """What `work` gives, for what computes much once in a process where another thread computes from then on.

    OpenMP keeps a team of threads for each thread that has computed, as long as that lives, and lets all of them wait
    asleep when there are more than cores: every step would then take twice as long.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="finetab-passing") as passing:
        return passing.submit(work, *args, **kwargs).result()
