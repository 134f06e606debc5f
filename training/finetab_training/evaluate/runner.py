"""Holes answered through the pipeline that serves: same prompt, engine, stop rules and filters as in an editor.

An arm is one way of asking. The shuffled-suffix arm gives each hole another hole's suffix in the prompt, and
there only: an adapter that scores the same with it does not use the suffix.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from random import Random
from typing import Any, TypeAlias

from finetab.completion.completer import Completer
from finetab.completion.context import Windows
from finetab.completion.related import Chunk
from finetab.completion.request import Answer, CompletionRequest
from finetab.core.fim import Form, Parts
from finetab.core.syntax import num_faults
from finetab.documents import Document
from finetab_training.data.hole import Hole
from finetab_training.evaluate.metrics import edit_similarity, exact_match
from finetab_training.evaluate.rules import rule_of
from finetab_training.evaluate.sandbox import Sandbox
from finetab_training.evaluate.typist import Typed, type_middle

Advance: TypeAlias = Callable[[], None]
"""Called after each answered hole."""

_MAX_TAKEN = 32  # answers, one after the other: what has not ended by then will not


@dataclass(frozen=True, slots=True)
class Result:
    """One hole and its answer."""

    path: str
    kind: str
    middle: str
    output: str
    exact: bool
    similarity: float
    why: str
    latency_ms: float
    prompt_tokens: int
    reused_tokens: int
    generated_tokens: int
    mean_logprob: float
    language: str = ""
    finish_reason: str = ""
    parses: bool | None = None
    """Whether the file has no more faults with the output than with the middle; None where no grammar is known."""
    passed: bool | None = None
    """Whether the hole's check passed; None where there is none, or no sandbox to run it in."""
    typed: Typed | None = None
    """What a person would have typed, where that was asked for."""


@dataclass(frozen=True, slots=True)
class Extras:
    """What is measured besides the answer."""

    typing: bool = False
    """Whether a person is simulated who types the middle."""
    sandbox: Sandbox | None = None
    """Where the checks of holes are run."""


class HoleWindows(Windows):
    """Windows that see the context of the hole that they are turned to, and in the control another hole's suffix."""

    def __init__(self, windows: Windows, donors: Mapping[Hole, Hole]) -> None:
        self._windows = windows
        self._donors = donors
        self._hole: Hole | None = None

    def turn_to(self, hole: Hole) -> None:
        """All requests from now on are for this hole."""
        self._hole = hole

    def parts(self, document: Document, offset: int, related: Sequence[Chunk] = ()) -> Parts:
        """See `Windows.parts`."""
        if self._hole is None:
            return self._windows.parts(document, offset, related)
        parts = self._windows.parts(document, offset, self._hole.context)
        donor = self._donors.get(self._hole)
        if donor is None:
            return parts
        return replace(parts, suffix=self._windows.parts(donor.document(), len(donor.prefix)).suffix)


def _donors(holes: Sequence[Hole], seed: int) -> dict[Hole, Hole]:
    """For each hole another one; a hole that the shuffle left in its place takes its neighbour."""
    others = list(holes)
    Random(f"{seed}/shuffle").shuffle(others)
    return {
        hole: others[index - 1] if others[index] is hole else others[index] for index, hole in enumerate(holes)
    }  # fmt: skip


def in_form(completer: Completer, form: Form, shuffled: Sequence[Hole] = (), seed: int = 0) -> Completer:
    """The same engine asked in another form; with holes given, their suffixes shuffled."""
    asked = Completer(completer.engine, replace(completer.voice, form=form))
    asked.windows = HoleWindows(asked.windows, _donors(shuffled, seed))
    return asked


def answer_holes(
    completer: Completer, holes: Iterable[Hole], advance: Advance, extras: Extras | None = None
) -> list[Result]:
    """Each hole as a request with its own document and context, none answered from the memory of another."""
    windows = completer.windows
    if not isinstance(windows, HoleWindows):
        return answer_holes(in_form(completer, completer.voice.form), holes, advance, extras)
    results = []
    for hole in holes:
        windows.turn_to(hole)
        completer.forget()
        results.append(_result(completer, hole, extras or Extras()))
        advance()
    return results


def _result(completer: Completer, hole: Hole, extras: Extras) -> Result:
    first, output = _taken(completer, hole)
    return Result(
        path=hole.path,
        kind=hole.kind,
        middle=hole.middle,
        output=output,
        exact=exact_match(output, hole.middle),
        similarity=edit_similarity(output, hole.middle),
        why=first.why,
        latency_ms=first.latency_ms,
        prompt_tokens=first.prompt_tokens,
        reused_tokens=first.reused_tokens,
        generated_tokens=first.generated_tokens,
        mean_logprob=first.mean_logprob,
        language=hole.language,
        finish_reason=first.finish_reason,
        parses=_parses(hole, output),
        passed=extras.sandbox.run(_program(hole, output)).passed if extras.sandbox and hole.check else None,
        typed=type_middle(completer, hole) if extras.typing and hole.middle else None,
    )


def _taken(completer: Completer, hole: Hole) -> tuple[Answer, str]:
    """The first answer, and what stands there when it is taken by the rule of the hole's kind.

    Where a middle of several lines is asked for, answers are taken one after the other, as one would in an editor,
    until the model ends by itself, has nothing to add, says the same line again, or runs out of tokens.
    """
    rule = rule_of(hole.kind)
    first = answer = completer.complete(CompletionRequest(hole.document(), len(hole.prefix)))
    output = answer.text
    for _ in range(_MAX_TAKEN if rule.goes_on else 0):
        if answer.finish_reason != "stop":
            break
        written = f"{output}\n"  # a stop says that the model went on to the next line
        answer = completer.complete(CompletionRequest(hole.document(written), len(hole.prefix + written)))
        if not answer.text or answer.text == output.rpartition("\n")[2]:
            break
        output = written + answer.text
    return first, rule.trim(output, hole)


def _parses(hole: Hole, output: str) -> bool | None:
    written, meant = hole.document(output).tree, hole.document(hole.middle).tree
    return None if written is None or meant is None else num_faults(written) <= num_faults(meant)


def _program(hole: Hole, output: str) -> str:
    return f"{hole.prefix}{output}{hole.suffix}\n{hole.check}"


def outputs(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Every hole with its answer, as plain data."""
    return [asdict(result) for result in results]
