"""From settings to a service on a small random model: odd files are completed, budgets that cannot be are refused."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from finetab.assemble import load_completer
from finetab.completion.request import CompletionRequest
from finetab.core.progress import silent
from finetab.documents import open_document
from finetab.errors import BadSetting
from finetab.settings import Settings

ODD = [
    "def f(:\n  x = = \n",
    "a\r\nb\r\n",
    "x\x0cy\n",
    "s = '𝒳é'\n",
    "",
    "\ufeffx\n",
    "\ud800\n",
    "\t\t\n" * 300,
    "(" * 5000,
]


@pytest.mark.parametrize("name", ["a.py", "a.js", "a.txt"])
def test_odd_texts_are_completed_at_every_kind_of_place(name: str, tiny: Callable[[str], Path]) -> None:
    settings = Settings(
        base=str(tiny("gemma3_text")), max_new_tokens=4, prefix_tokens=100, suffix_tokens=40, form="spm"
    )
    with closing(load_completer(settings, silent)) as completer:
        for text in ODD:
            for offset in {0, len(text) // 2, len(text)}:
                answer = completer.complete(CompletionRequest(open_document(name, text), offset))
                assert answer.why in ("answered", "nothing to add", "filtered")
                assert answer.prompt_tokens <= 100 + 40 + 4


def test_budgets_that_the_model_cannot_read_are_refused(tiny: Callable[[str], Path]) -> None:
    settings = Settings(base=str(tiny("llama")), prefix_tokens=900)
    with pytest.raises(BadSetting, match="more than the 1024 tokens"):
        load_completer(replace(settings, suffix_tokens=200), silent)


@pytest.mark.parametrize(("form", "served"), [("auto", "prefix"), ("spm", "spm"), ("psm", "psm"), ("prefix", "prefix")])
def test_a_base_that_knows_no_fim_is_asked_prefix_only_unless_told(
    form: str, served: str, tiny: Callable[[str], Path]
) -> None:
    with closing(load_completer(Settings(base=str(tiny("llama")), form=form), silent)) as completer:
        assert completer.voice.form == served
        assert completer.label.endswith(f"base · {served}")
