"""What all pages say in one way."""

import pytest
from streamlit.testing.v1 import AppTest
from tests.training.dashboard.conftest import html, said

from finetab_training.dashboard.pages.words import plain

FAILING = """
from finetab.errors import BadInput
from finetab_training.dashboard.pages.words import told
def draw():
    raise {error}
told(draw)()
"""


def test_a_mistake_is_a_sentence_with_every_sign_as_it_was_written() -> None:
    page = AppTest.from_string(FAILING.format(error='BadInput("no *folder* my_$a$_b [x](y)")')).run()
    assert page.error[0].value.replace("\\", "") == "no *folder* my_$a$_b [x](y)"
    assert "\\*folder\\*" in page.error[0].value


def test_a_fault_of_finetabs_own_shows_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    page = AppTest.from_string(FAILING.format(error='RuntimeError("secret detail")')).run()
    assert "could not be shown" in page.error[0].value
    assert "secret detail" not in said(page)
    assert not page.exception
    assert "secret detail" in caplog.text


def test_code_is_shown_as_text_whatever_it_holds() -> None:
    script = (
        "from finetab_training.dashboard.pages.words import code\n"
        "code([('<script>alert(1)</script>', '', ''), ('a', 'color:red', '\"x')])"
    )
    (block,) = html(AppTest.from_string(script).run())
    assert "<script>" not in block
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in block
    assert 'title="&quot;x"' in block


def test_plain_text_keeps_letters() -> None:
    assert plain("a b, c.") == "a b, c."
