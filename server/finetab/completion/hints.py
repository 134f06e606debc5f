"""The open files as token ids, for the engine to guess from: what comes next often stands there already.

A guess counts only where the model says the same without having seen it. So what must stay out of prompts may be here.
"""

import threading
from collections.abc import Iterator

import numpy as np

from finetab.completion.context import as_seen
from finetab.completion.request import CompletionRequest
from finetab.core.tokenizer import Tokenizer
from finetab.core.vocabulary import Ids

_MOST_CHARACTERS = 200_000  # of the cursor's file, and of the others together
_NEW_CHARACTERS = 8_000  # tokenised for one request: three milliseconds; the rest comes with the next ones
_MOST_PIECES = 8_192
_LONG = 2_000  # characters of a piece
_NONE = np.array([], dtype=np.int64)


class Hints:
    """Remembers the ids of pieces between blank lines, so that an edit costs the piece that it is in.

    Safe to call from any thread.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._lock = threading.Lock()
        self._known: dict[str, Ids] = {}

    def around(self, request: CompletionRequest) -> list[Ids]:
        """The ids of the open files, the cursor's own last, as far as they have been tokenised by now."""
        with self._lock:
            room = _NEW_CHARACTERS
            texts = []
            for text in _texts(request):
                pieces = [_NONE]
                for piece in _pieces(text):
                    cost = 0 if piece in self._known else len(piece)
                    if cost <= room:
                        room -= cost
                        pieces.append(self._ids_of(piece))
                texts.append(np.concatenate(pieces))
            return texts[::-1]

    def _ids_of(self, piece: str) -> Ids:
        ids = self._known.pop(piece, None)
        if ids is None:
            ids = np.array(self._tokenizer.encode(piece), dtype=np.int64)
        self._known[piece] = ids  # the newest last
        if len(self._known) > _MOST_PIECES:
            del self._known[next(iter(self._known))]
        return ids


def _pieces(text: str) -> Iterator[str]:
    """What stands between blank lines, each with those after it; a long one in parts of whole lines."""
    for between in text.split("\n\n"):
        piece, part = f"{between}\n\n", ""
        for line in piece.splitlines(keepends=True) if len(between) > _LONG else [piece]:
            if part and len(part) + len(line) > _LONG:
                yield part
                part = ""
            part += line
        yield part


def _texts(request: CompletionRequest) -> Iterator[str]:
    """Of the cursor's file what is near to it, without the cursor's own line; then the other files."""
    text, half = request.document.text, _MOST_CHARACTERS // 2
    line_start = text.rfind("\n", 0, request.offset) + 1
    line_end = text.find("\n", request.offset) + 1 or len(text)
    yield as_seen(text[line_end : line_end + half])
    yield as_seen(text[max(0, line_start - half) : line_start])
    room = _MOST_CHARACTERS
    for document in request.neighbours:
        yield as_seen(document.text[: max(0, room)])
        room -= len(document.text)
