"""When the model is asked: places, and a delay that follows the person's rhythm."""

import pytest

from finetab.completion.asking import Rhythm, share_of_delay, why_not_here
from finetab.documents import Document, open_document


def at(marked: str, path: str = "a.py") -> tuple[Document, int]:
    mark = "@" if "@" in marked else "|"
    return open_document(path, marked.replace(mark, "", 1)), marked.index(mark)


@pytest.mark.parametrize(
    ("marked", "path", "why"),
    [
        ("x = |\n", "a.py", ""),
        ("f(|)\n", "a.py", ""),
        ("f(|)]}\"';\n", "a.py", ""),
        ("fo|o\n", "a.py", "the cursor stands before a word"),
        ("x = | + 12345678\n", "a.py", "there is text to the right of the cursor"),
        ("x = | + 1234567\n", "a.py", ""),
        ("x = | + a\ny = 123456789\n", "a.py", ""),
        ("let x = 1;|\n", "a.js", "the statement is complete"),
        ("let x = 1;|\n", "notes.txt", ""),
        ("for (let i = 0;|", "a.js", ""),
        ("\tif err := f();|\n", "a.go", ""),
        ("} else if v, err := g(); |\n", "a.go", ""),
        ("  elif [ -f x ]; |\n", "a.sh", ""),
        ("until [ -f x ]; |\n", "a.sh", ""),
        ("cat x | while read -r y; @\n", "a.sh", ""),
        ("notify x; |\n", "a.sh", "the statement is complete"),
        ("} while (i < 3); |\n", "a.c", "the statement is complete"),
        ("let a: [i32;|\n", "a.rs", ""),
        ("// see a;|\n", "a.js", ""),
        ("let s = `a;|`\n", "a.js", ""),
        ("def f(|) -> dict[str, int]:\n", "a.py", ""),
        ("function f(|): Promise<void> {\n", "a.ts", ""),
        ("import { | } from './services/users'\n", "a.ts", ""),
        ("  <Typography>|</Typography>\n", "a.tsx", ""),
        ("<section>| </section>\n", "a.html", ""),
        ("<section>|<b>some text</b></section>\n", "a.html", "there is text to the right of the cursor"),
        ("x = |  # type: ignore\n", "a.py", ""),
        ("for (let i = 0;| i < length; i++) {}\n", "a.js", "there is text to the right of the cursor"),
    ],
)
def test_places(marked: str, path: str, why: str) -> None:
    assert why_not_here(*at(marked, path)) == why


@pytest.mark.parametrize(
    ("marked", "share"), [("|\n", 0.0), ("x\n    |\n", 0.0), ("x = |\n", 0.5), ("a.|\n", 0.5), ("retur|\n", 1.0)]
)
def test_the_share_of_the_delay(marked: str, share: float) -> None:
    assert share_of_delay(*at(marked)) == share


def typed(*between: float) -> tuple[Rhythm, float]:
    rhythm, now = Rhythm(), 100.0
    rhythm.edited(now, is_deletion=False)
    for seconds in between:
        now += seconds
        rhythm.edited(now, is_deletion=False)
    return rhythm, now


def test_the_delay_is_longer_than_most_pauses_between_keys() -> None:
    rhythm, now = typed(*[0.08] * 14, *[0.2] * 4)
    assert rhythm.delay(now, 1.0) == pytest.approx(0.08)
    quick, now_quick = typed(*[0.05] * 20)
    assert quick.delay(now_quick, 1.0) == pytest.approx(0.05)


def test_what_has_been_waited_already_counts() -> None:
    rhythm, now = typed(*[0.1] * 20)
    assert rhythm.delay(now + 0.07, 1.0) == pytest.approx(0.03)
    assert rhythm.delay(now + 5.0, 1.0) == 0.0


@pytest.mark.parametrize(("between", "delay"), [([0.001] * 20, 0.03), ([1.5] * 20, 0.25), ([60.0] * 20, 0.12)])
def test_it_has_bounds_and_long_pauses_say_nothing(between: list[float], delay: float) -> None:
    rhythm, now = typed(*between)
    assert rhythm.delay(now, 1.0) == pytest.approx(delay)


def test_taking_back_is_a_run_of_deletions() -> None:
    rhythm = Rhythm()
    seen = []
    for is_deletion in (True, True, False, True):
        rhythm.edited(0.0, is_deletion=is_deletion)
        seen.append(rhythm.is_taking_back(0.5))
    assert seen == [False, True, False, False]
    rhythm.edited(0.0, is_deletion=True)
    assert rhythm.is_taking_back(1.0)
    assert not rhythm.is_taking_back(3.0)
