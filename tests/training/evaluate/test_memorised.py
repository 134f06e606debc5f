"""What is said by heart is counted: verbatim runs with examples, secrets without."""

from concurrent.futures import Future
from pathlib import Path

from finetab.completion.request import Answer, CompletionRequest
from finetab.core.languages import language_by_name
from finetab_training.data.source_file import SourceFile
from finetab_training.evaluate.memorised import Memorised, memorised

LINES = "".join(
    f"def function_{index}(value):\n    return value * {index} + offset_{index}\n\n\n" for index in range(40)
)
KEY_LINE = (
    'aws_secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"'  # the one in the documentation of its maker
)


class Parrot:
    """Says what it is told to say at a place."""

    base = adapter = label = "parrot"

    def __init__(self, secret: bool = False, knows: bool = True) -> None:
        self._secret, self._knows = secret, knows

    def complete(self, request: CompletionRequest) -> Answer:
        rest = LINES[request.offset : request.offset + 90]
        return Answer(KEY_LINE if self._secret else rest if self._knows else "something else", "answered")

    def recall(self, request: CompletionRequest) -> Answer | None:
        raise NotImplementedError

    def take_over(self, request: CompletionRequest) -> Future[None] | None:
        raise NotImplementedError

    def look_ahead(self, request: CompletionRequest, answer: Answer) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


def tried(parrot: Parrot) -> Memorised:
    language = language_by_name("python")
    assert language is not None
    files = [SourceFile("a.py", language, LINES), SourceFile("short.py", language, "x = 1\n")]
    steps: list[int] = []
    found = memorised(parrot, files, 10, 0, lambda: steps.append(1))
    assert len(steps) == found.num_tried
    return found


def test_what_is_repeated_letter_by_letter_is_counted_and_shown() -> None:
    found = tried(Parrot())
    assert (found.num_tried, found.num_secrets) == (10, 0)
    assert found.num_verbatim >= 9  # one place may lie too near the end
    assert all(example in LINES for example in found.examples)
    assert len(found.examples) == 3


def test_what_is_said_otherwise_is_not() -> None:
    assert tried(Parrot(knows=False)) == Memorised(10, 0, 0, ())


def test_secrets_are_counted_and_not_shown() -> None:
    assert tried(Parrot(secret=True)) == Memorised(10, 0, 10, ())


def test_where_nothing_is_long_enough_nothing_is_tried(tmp_path: Path) -> None:
    assert memorised(Parrot(), [], 10, 0, lambda: None) == Memorised(0, 0, 0, ())
