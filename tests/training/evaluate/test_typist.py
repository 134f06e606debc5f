"""A simulated person: how many keys a middle takes with a model that says this or that."""

import pytest
from tests.training.evaluate.test_runner import TOKENIZER, completer_of

from finetab_training.data.hole import Hole
from finetab_training.evaluate.runner import Extras, answer_holes
from finetab_training.evaluate.typist import Typed

HOLE = Hole("a.py", "python", "def area(width, height):\n    ", "\n", "return width * height")


def typed_with(*answers: str, hole: Hole = HOLE) -> tuple[Typed, int]:
    """What the hole took, and how often the model was asked; it gives these answers in turn."""
    left = iter(answers)
    completer, engine = completer_of(lambda prompt: TOKENIZER.encode(next(left, "unlike_anything") + "\n"))
    typed = answer_holes(completer, [hole], lambda: None, Extras(typing=True))[0].typed
    assert typed is not None
    return typed, len(engine.prompts)


def test_a_right_answer_takes_one_key() -> None:
    typed, asked = typed_with("return width * height")
    assert (typed.characters, typed.keys, typed.asked, asked) == (21, 1, 0, 1)


def test_without_help_every_character_is_typed() -> None:
    typed, _ = typed_with()
    assert (typed.characters, typed.keys) == (21, 21)


def test_typing_goes_on_to_the_next_word_until_the_ghost_text_agrees() -> None:
    # "return" is typed, then the answer after it is taken.
    typed, asked = typed_with("raise ValueError", " width * height")
    assert (typed.keys, typed.asked, asked) == (len("return") + 1, 1, 2)


def test_the_model_is_not_asked_while_what_is_typed_agrees_with_the_ghost_text() -> None:
    # The answer stays on the screen up to `*`; only then is another one asked for.
    typed, asked = typed_with("return width + height", "height")
    assert typed.keys == len("return width * ") + 1
    assert (typed.asked, asked) == (1, 2)


def test_an_answer_that_goes_beyond_the_middle_is_not_taken() -> None:
    hole = Hole("a.py", "python", "area(", ")\n", "width, height")
    typed, _ = typed_with("width, height, depth", hole=hole)
    assert typed.keys == len("width, height")


@pytest.mark.parametrize("middle", ["", "é𝒳 = 1"])
def test_any_middle_can_be_typed(middle: str) -> None:
    hole = Hole("a.py", "python", "x = 1\n", "\n", middle)
    completer, _ = completer_of(lambda prompt: [])
    typed = answer_holes(completer, [hole], lambda: None, Extras(typing=True))[0].typed
    assert (typed.keys if typed else 0) == len(middle)
