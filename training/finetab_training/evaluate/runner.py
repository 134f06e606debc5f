"""Holes answered through the pipeline that serves: same prompt, engine, stop rules and filters as in an editor.

An arm is one way of asking. The shuffled-suffix arm gives each hole another hole's suffix in the prompt, and
there only: an adapter that scores the same with it does not use the suffix.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from random import Random
from typing import Any, TypeAlias

from finetab.completion.completer import Completer
from finetab.completion.context import Windows
from finetab.completion.related import Chunk
from finetab.completion.request import CompletionRequest
from finetab.core.fim import Form, Parts
from finetab.documents import Document, open_document
from finetab_training.data.hole import Hole
from finetab_training.evaluate.metrics import edit_similarity, estimate, exact_match, percentile

Advance: TypeAlias = Callable[[], None]
"""Called after each answered hole."""


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


class ShuffledSuffixes(Windows):
    """Windows that take the suffix from another hole. Holes are found again by their text and cursor."""

    def __init__(self, windows: Windows, holes: Sequence[Hole], seed: int) -> None:
        self._windows = windows
        others = list(holes)
        Random(f"{seed}/shuffle").shuffle(others)
        # A hole that the shuffle left in its place takes its neighbour's suffix.
        self._donors = {
            _key(hole): others[index - 1] if others[index] is hole else others[index]
            for index, hole in enumerate(holes)
        }

    def parts(self, document: Document, offset: int, related: Sequence[Chunk] = ()) -> Parts:
        """See `Windows.parts`."""
        donor = self._donors[hash((document.text, offset))]
        other = self._windows.parts(_document(donor), len(donor.prefix))
        return replace(self._windows.parts(document, offset, related), suffix=other.suffix)


def _key(hole: Hole) -> int:
    return hash((hole.prefix + hole.suffix, len(hole.prefix)))


def _document(hole: Hole) -> Document:
    return open_document(hole.path, hole.prefix + hole.suffix, language_id=hole.language)


def in_form(completer: Completer, form: Form, shuffled: Sequence[Hole] = (), seed: int = 0) -> Completer:
    """The same engine asked in another form; with holes given, their suffixes shuffled."""
    asked = Completer(completer.engine, replace(completer.voice, form=form))
    if shuffled:
        asked.windows = ShuffledSuffixes(asked.windows, shuffled, seed)
    return asked


def answer_holes(
    completer: Completer, holes: Sequence[Hole], advance: Advance, neighbours: tuple[Document, ...] = ()
) -> list[Result]:
    """Each hole as a request with its own document, none answered from the memory of another."""
    results = []
    for hole in holes:
        completer.forget()
        request = CompletionRequest(_document(hole), len(hole.prefix), neighbours=neighbours)
        answer = completer.complete(request)
        results.append(
            Result(
                path=hole.path,
                kind=hole.kind,
                middle=hole.middle,
                output=answer.text,
                exact=exact_match(answer.text, hole.middle),
                similarity=edit_similarity(answer.text, hole.middle),
                why=answer.why,
                latency_ms=answer.latency_ms,
                prompt_tokens=answer.prompt_tokens,
                reused_tokens=answer.reused_tokens,
                generated_tokens=answer.generated_tokens,
                mean_logprob=answer.mean_logprob,
            )
        )
        advance()
    return results


def scores(results: Sequence[Result]) -> dict[str, Any]:
    """Means with their 95% intervals, the share of empty answers, and latency, as plain data."""
    latencies = [result.latency_ms for result in results]
    return {
        "n": len(results),
        "exact_match": estimate([float(result.exact) for result in results]).to_dict(),
        "edit_similarity": estimate([result.similarity for result in results]).to_dict(),
        "empty_answers": estimate([float(not result.output) for result in results]).to_dict(),
        "latency_ms": {"p50": percentile(latencies, 0.5), "p95": percentile(latencies, 0.95)},
    }


def outputs(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Every hole with its answer, as plain data."""
    return [asdict(result) for result in results]
