"""What hardly ever begins the line at the cursor: a comment, and a statement that cuts off what follows.

    for line in lines:
        |                       <- no `continue` here, nor `# strip it`
        names.append(line)

A comment says what its writer means; a small model that begins one seldom says it, and says no code then. Only one
that is cut off above goes on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from finetab.completion.indentation import indentation
from finetab.completion.request import CompletionRequest
from finetab.core.syntax import is_prose
from finetab.errors import BadInput

_LAST: Mapping[str, tuple[str, ...]] = {
    "python": ("return", "raise", "break", "continue"),
    **dict.fromkeys(("javascript", "typescript", "tsx", "java", "csharp"), ("return", "throw", "break", "continue")),
    **dict.fromkeys(("c", "cpp", "go", "rust"), ("return", "break", "continue")),
}
"""Statements that nothing in their block comes after, by language."""
_HOISTED = ("function ", "async function ")  # may stand after a `return`
_MOST, _LONG = 8, 200  # texts that another process tells, and letters of one
_WIDE = 60  # columns: a shorter line is seldom wrapped
_ENDS = (".", ":", "!", "?", ")")


@dataclass(frozen=True, slots=True)
class Unwanted:
    """What the line at the cursor, which holds nothing yet, hardly ever begins with."""

    comments: tuple[str, ...]
    """What begins a comment; none where one goes on."""
    last: tuple[str, ...]
    """Words that begin a block's last statement."""
    column: int
    """Where they would stand in the way of what follows."""
    left: str
    """What stands before the cursor in its line: blanks."""


def unwanted(request: CompletionRequest, *, sees_below: bool) -> Unwanted | None:
    """What is unwanted at the cursor; None where the line holds something, or nothing is known of its language.

    `sees_below`: whether the code after the cursor counts.
    """
    document, left = request.document, request.prefix.rpartition("\n")[2]
    language = document.language
    if left.strip() or language is None or document.tree is None or is_prose(document.tree, request.offset):
        return None
    marks = (language.comment,) if language.comment == "#" else (language.comment, "/*")
    below = request.suffix.partition("\n")[2].split("\n") if sees_below else ()
    following = next((line for line in below if line.strip() and not line.lstrip().startswith(marks)), "")
    is_reached = bool(following) and not following.lstrip().startswith(_HOISTED)
    return Unwanted(
        comments=() if _goes_on(request.prefix, language.comment) else marks,
        last=_LAST.get(language.name, ()) if is_reached else (),
        column=indentation(following),
        left=left,
    )


def _goes_on(before: str, comment: str) -> bool:
    """Whether the line above is a comment in the middle of a sentence that fills its line, or more of them."""
    *_, first, second, _left = ["", "", *before.rsplit("\n", 2)]
    line = second.rstrip()
    is_wrapped = len(line) > _WIDE or first.rpartition("\n")[2].lstrip().startswith(comment)
    return line.lstrip().startswith(comment) and is_wrapped and not line.endswith(_ENDS)


def read_unwanted(told: Mapping[str, Any]) -> Unwanted:
    """What another process has told. Raises `BadInput` where it is nothing that `leaning` can have told."""
    kinds = {"comments": list, "last": list, "column": int, "left": str}
    if told.keys() != kinds.keys() or not all(isinstance(told[key], kind) for key, kind in kinds.items()):
        raise BadInput(f"unwanted must have {', '.join(kinds)}, not {told!r:.80}.")
    words, left = [*told["comments"], *told["last"]], told["left"]
    are_texts = all(isinstance(word, str) and 0 < len(word) <= _LONG for word in words)
    if len(words) > _MOST or not are_texts or left.strip() or len(left) > _LONG:
        raise BadInput(f"unwanted may name {_MOST} texts of up to {_LONG} letters behind blanks, not {words!r:.80}.")
    return Unwanted(tuple(told["comments"]), tuple(told["last"]), told["column"], left)
