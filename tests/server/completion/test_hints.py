"""The open files as ids: what is in them, and how much is tokenised at once."""

import numpy as np
import pytest
from tests.conftest import byte_tokenizer

from finetab.completion import hints
from finetab.completion.hints import Hints
from finetab.completion.request import CompletionRequest
from finetab.core.tokenizer import Tokenizer
from finetab.documents import open_document


def told(text: str, offset: int, *others: str) -> CompletionRequest:
    neighbours = tuple(open_document(f"{index}.py", other) for index, other in enumerate(others))
    return CompletionRequest(open_document("own.py", text), offset, neighbours=neighbours)


def texts_of(made: Hints, request: CompletionRequest) -> list[str]:
    return [bytes(ids.astype(np.uint8)).decode() for ids in made.around(request)]


@pytest.fixture
def made() -> Hints:
    tokenizer = Tokenizer(byte_tokenizer())
    letters = {tokenizer.encode(chr(code))[0]: code for code in range(128)}

    class AsBytes(Tokenizer):
        def encode(self, text: str) -> list[int]:
            return [letters[index] for index in super().encode(text)]

    return Hints(AsBytes(byte_tokenizer()))


def test_the_file_comes_last_without_the_line_of_the_cursor(made: Hints) -> None:
    text = "a = 1\n\nb = 2\nc =\nd = 4\n"
    found = texts_of(made, told(text, text.index("c =") + 3, "e = 5\r\n"))
    assert found == ["e = 5\n\n\n", "a = 1\n\nb = 2\n\n\n", "d = 4\n\n\n"]


def test_a_large_file_is_tokenised_over_several_requests(made: Hints, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hints, "_NEW_CHARACTERS", 18)
    request = told("x", 1, "a = 1\n\nb = 2\n\nc = 3")
    lengths = [len(texts_of(made, request)[0]) for _ in range(3)]
    assert lengths == [14, 21, 21]


def test_what_was_not_seen_for_long_is_forgotten(made: Hints, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hints, "_MOST_PIECES", 3)
    for name in "abcdef":
        texts_of(made, told("", 0, f"{name}\n\n{name * 2}"))
    assert len(made._known) == 3


def test_many_open_files_do_not_make_a_request_slow(made: Hints, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hints, "_MOST_CHARACTERS", 10)
    found = texts_of(made, told("", 0, "a = 1\n", "b = 2\n", "c = 3\n"))
    assert [text.strip() for text in found] == ["", "b =", "a = 1", "", ""]


def test_a_paragraph_without_end_is_tokenised_like_the_rest(made: Hints, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hints, "_NEW_CHARACTERS", 30)
    monkeypatch.setattr(hints, "_LONG", 10)
    lines = "".join(f"a = {number}\n" for number in range(10))
    request = told("", 0, lines)
    lengths = [len(texts_of(made, request)[0]) for _ in range(3)]
    assert lengths[0] < lengths[1] < lengths[2] == len(lines) + 2
