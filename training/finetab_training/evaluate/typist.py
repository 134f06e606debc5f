"""A simulated person who types a middle with ghost text on the screen: how many keys that takes.

The person looks at the ghost text at the hole's start and at every border of a word from there on. Where all of it
is what comes next in the middle, the person takes it, with one key; else the person types on to the next border, one
key a character. Ghost text stays while what is typed agrees with it (type-through), and the model is asked again where
it does not, as in an editor, with no pause between keys. Nothing is taken that would have to be corrected, and no
single words of an answer are taken.
"""

import re
from dataclasses import dataclass

from finetab.completion.completer import Completer
from finetab.completion.request import Answer, CompletionRequest
from finetab_training.data.hole import Hole

_BORDER = re.compile(r"\b|$")


@dataclass(frozen=True, slots=True)
class Typed:
    """What one middle took."""

    characters: int
    """Of the middle."""
    keys: int
    """Characters typed, and one for each answer taken."""
    asked: int
    """How often the model was asked after the hole's first answer; below, what those requests took."""
    latency_ms: float
    prompt_tokens: int
    reused_tokens: int


def type_middle(completer: Completer, hole: Hole) -> Typed:
    """Type a hole's middle. The completer may remember the hole's first answer."""
    at = keys = 0
    asked: list[Answer] = []
    while at < len(hole.middle):
        written = hole.middle[:at]
        answer = completer.complete(CompletionRequest(hole.document(written), len(hole.prefix) + at))
        if answer.why not in ("remembered", "typed through"):
            asked.append(answer)
        if answer.text and hole.middle.startswith(answer.text, at):
            at, keys = at + len(answer.text), keys + 1
        else:
            border = _next_border(hole.middle, at)
            at, keys = border, keys + border - at
    return Typed(
        characters=len(hole.middle),
        keys=keys,
        asked=len(asked),
        latency_ms=sum(answer.latency_ms for answer in asked),
        prompt_tokens=sum(answer.prompt_tokens for answer in asked),
        reused_tokens=sum(answer.reused_tokens for answer in asked),
    )


def _next_border(text: str, at: int) -> int:
    found = _BORDER.search(text, at + 1)
    assert found is not None  # the end is one
    return found.start()
