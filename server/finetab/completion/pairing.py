"""What a text says within the brackets or quotes around the cursor, which an editor may have closed on its own."""

import re

from finetab.completion.request import CompletionRequest
from finetab.core.pairs import OPENERS
from finetab.core.syntax import is_bracket
from finetab.documents import Edit, edited

_ESCAPED = re.compile(r"\\.", re.DOTALL)


def stay_within_pair(text: str, request: CompletionRequest) -> str:
    """Take away what goes on behind the pair around the cursor: what ends the pair stands after the cursor already.

    A text of one line that opens the pair again, `a) + f(b`, needs the end that stands there, and is left alone.
    """
    closer = request.suffix[:1]
    if closer not in OPENERS:
        return text
    before, rest = request.prefix.rpartition("\n")[2], request.suffix.partition("\n")[0]
    if OPENERS[closer] == closer:
        quotes = closer * 3 if request.suffix.startswith(closer * 3) else closer
        is_inside = num_quotes(before, quotes) % 2 == 1
        is_right = num_quotes(text.rstrip().removesuffix(quotes), quotes) % 2 == 0
        return text if is_right or not is_inside else up_to_quote(text, quotes)
    spare = max(0, _open_at_end(before, closer) - _closed_from_start(rest, closer))  # others that the text may end
    _, depth = _up_to_bracket(request, text.rstrip().removesuffix(closer), spare)
    return text if depth > 0 and "\n" not in text.rstrip() else _up_to_bracket(request, text, spare)[0]


def up_to_quote(text: str, quote: str) -> str:
    """A text that goes on within quotes, up to the one that ends them; all of it where none does."""
    return text[: len(_ESCAPED.sub("  ", text).partition(quote)[0])]


def up_to_bracket(request: CompletionRequest, text: str) -> str:
    """A text that goes on within the brackets around a cursor, up to the one that ends them; all where none does."""
    return _up_to_bracket(request, text, 0)[0]


def _up_to_bracket(request: CompletionRequest, text: str, spare: int) -> tuple[str, int]:
    """The text up to the bracket that ends the pair, and how many pairs are open at the end of the whole text."""
    closer, start = request.suffix[0], request.offset
    tree = edited(request.document, Edit(start, start + 1, text), request.document.version).tree
    depth, end = 1 + spare, len(text)
    for index, letter in enumerate(text):
        if letter in (OPENERS[closer], closer) and (tree is None or is_bracket(tree, start + index)):
            depth += -1 if letter == closer else 1
            if depth == 0 and end == len(text):
                end = index
    return text[:end], depth


def num_quotes(text: str, quote: str) -> int:
    """How many quotes a text has that no backslash makes letters."""
    return _ESCAPED.sub("  ", text).count(quote)


def _open_at_end(line: str, closer: str) -> int:
    """How many brackets that `closer` closes are open at the end of a line, by its letters alone."""
    depth = 0
    for letter in line:
        depth = depth + 1 if letter == OPENERS[closer] else max(0, depth - 1) if letter == closer else depth
    return depth


def _closed_from_start(line: str, closer: str) -> int:
    """How many brackets of a line close something before it."""
    depth = lowest = 0
    for letter in line:
        depth += (letter == OPENERS[closer]) - (letter == closer)
        lowest = min(lowest, depth)
    return -lowest
