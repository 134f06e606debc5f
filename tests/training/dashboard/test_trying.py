"""An answer and how sure the model was of each of its tokens."""

import math
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from finetab.assemble import load_completer
from finetab.completion.completer import Completer
from finetab.completion.request import Answer
from finetab.core.pointer import BARE
from finetab.core.progress import silent
from finetab.documents import open_document
from finetab.settings import Settings
from finetab_training.dashboard.trying import Piece, _cut, try_out

TEXT = "The area is width times hei\n\nand so on.\n"


@pytest.fixture
def completer(tiny: Callable[[str], Path]) -> Iterator[Completer]:
    with closing(load_completer(Settings(base=str(tiny("llama")), adapter=BARE), silent)) as loaded:
        yield loaded


@pytest.mark.parametrize("offset", [TEXT.index("width"), TEXT.index("hei\n") + 3, TEXT.index("and")])
def test_tokens_make_up_the_answer_and_their_probabilities_its_mean(completer: Completer, offset: int) -> None:
    tried = try_out(completer, open_document("a.txt", TEXT), offset)
    assert tried.answer.text
    assert "".join(piece.text for piece in tried.pieces) == tried.answer.text
    assert all(0 < piece.probability <= 1 for piece in tried.pieces)
    if len(tried.pieces) == tried.answer.generated_tokens:
        mean = sum(math.log(piece.probability) for piece in tried.pieces) / len(tried.pieces)
        assert mean == pytest.approx(tried.answer.mean_logprob)


def test_the_same_place_is_asked_anew_and_the_engine_stays_open(completer: Completer) -> None:
    document = open_document("a.txt", TEXT)
    first, again = (try_out(completer, document, 10) for _ in range(2))
    assert [piece.text for piece in first.pieces] == [piece.text for piece in again.pieces]
    assert again.answer.why == first.answer.why != "remembered"


def test_what_was_cut_off_is_not_shown_and_what_was_changed_is_one_token() -> None:
    said = [Piece("ab", 0.5), Piece("", 0.5), Piece("cd\n", 0.9), Piece("ef", 0.9)]
    cut = _cut(said, Answer("abc", "answered", mean_logprob=0.0))
    assert cut == (Piece("ab", 0.5), Piece("c", 0.9))
    changed = _cut(said, Answer("  abcd", "answered", mean_logprob=math.log(0.25)))
    assert changed == (Piece("  abcd", pytest.approx(0.25)),)  # type: ignore[arg-type]
