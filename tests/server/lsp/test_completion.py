"""Menu entries: the typed word and one line of the answer."""

import pytest
from lsprotocol import types

from finetab.documents import open_document
from finetab.lsp.completion import menu_item, typed_word

OVER = types.Range(types.Position(0, 4), types.Position(0, 7))


@pytest.mark.parametrize(
    ("text", "offset", "word"),
    [
        ("x = ret", 7, "ret"),
        ("x = ret", 5, "r"),
        ("x = ", 4, ""),
        ("", 0, ""),
        ("a.größe_1", 9, "größe_1"),
        ("a\nb", 2, ""),
    ],
)
def test_the_typed_word_ends_at_the_cursor(text: str, offset: int, word: str) -> None:
    assert typed_word(text, offset) == word


def test_an_entry_replaces_the_typed_word_by_itself_and_the_first_line() -> None:
    item = menu_item(open_document("a.py", "x = ret"), "ret", "urn_of(x)\nprint(x)", OVER)
    assert item is not None
    assert item.text_edit == types.TextEdit(OVER, "return_of(x)")
    assert (item.label, item.filter_text, item.preselect) == ("return_of(x)", "return_of(x)", True)
    assert isinstance(item.documentation, types.MarkupContent)
    assert item.documentation.value == "```python\nreturn_of(x)\nprint(x)\n```"


@pytest.mark.parametrize("text", ["", "\n    return x", "\r\n    return x", "   "])
def test_an_answer_whose_first_line_is_blank_makes_no_entry(text: str) -> None:
    assert menu_item(open_document("a.py", "x"), "", text, OVER) is None
