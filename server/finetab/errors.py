"""Every error that finetab raises on purpose, one tree.

    FinetabError
    ├── BadInput              what the user gave cannot be used            (exit code 2)
    │   ├── BadFile           missing, unreadable, binary or empty
    │   ├── BadPosition       a line or column outside the file
    │   ├── BadSetting        an unknown or ill-typed setting or option
    │   │   └── Refused       an engine will not have what it was asked
    │   ├── UnknownName       no such model, adapter, method or language
    │   └── BadAdapter        half-written, damaged, or made for another base
    ├── MissingWeights        the model is known but its weights are not here (exit code 2)
    ├── MissingData           a benchmark is known but its data are not here  (exit code 2)
    ├── MissingExtra          an optional part of finetab is not installed   (exit code 2)
    ├── NoSpace               the disk is full or the folder cannot be written (exit code 2)
    ├── EngineAway            the engine that was asked for does not answer      (exit code 2)
    ├── NoSandbox             generated code cannot be run safely on this system (exit code 2)
    └── Interrupted           the user stopped a run; what was done is kept (exit code 130)

A message is one sentence or two: what happened, the value, and what to do.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class FinetabError(Exception):
    """The public base of all of them; `exit_code` is what the command line ends with."""

    exit_code = 2


class BadInput(FinetabError):
    """What the user gave cannot be used."""


class BadFile(BadInput):
    """A file or folder is missing, unreadable, binary or empty."""


class BadPosition(BadInput):
    """A line or column lies outside the file."""


class BadSetting(BadInput):
    """A setting or option is unknown or has a value of the wrong kind."""


class Refused(BadSetting):
    """An engine in another process will not have what it was asked, and it is not for want of a token."""


class UnknownName(BadInput):
    """There is no model, adapter, method or language of that name."""


class BadAdapter(BadInput):
    """An adapter folder is half-written, damaged, or made for another base."""


class MissingWeights(FinetabError):
    """The model is known, but its weights are not on this machine."""


class MissingData(FinetabError):
    """The benchmark is known, but its data are not on this machine and cannot be fetched."""


class MissingExtra(FinetabError):
    """An optional part of finetab is not installed."""


class NoSpace(FinetabError):
    """A file could not be written: the disk is full or the folder is read-only."""


class EngineAway(FinetabError):
    """The engine in another process does not answer, or has no time; it may again in a moment."""


class NoSandbox(FinetabError):
    """This system cannot hold generated code in check, so it is not run."""


class Interrupted(FinetabError):
    """The user stopped a run; the message says what was kept and how to go on."""

    exit_code = 130


def near_match(name: str, known: Iterable[str]) -> str:
    """The end of a sentence that offers the nearest known name, or lists them all.

    >>> near_match("defalt", ["default", "smollm2-135m"])
    '; did you mean "default"?'
    """
    names = sorted(known)
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f'; did you mean "{close[0]}"?'
    return f"; known: {', '.join(names)}" if names else ""
