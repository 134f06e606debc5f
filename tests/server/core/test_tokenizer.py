"""Tokenizers: texts come back as they went in, damaged files are refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from finetab.core.tokenizer import Tokenizer
from finetab.errors import BadFile


@pytest.mark.parametrize("text", ["def f():\n\treturn 'é𝒳'\r\n", "\x0c\u2028", "  \n\n   ", ""])
def test_decode_is_the_inverse_of_encode(text: str, tiny: Callable[[str], Path]) -> None:
    tokenizer = Tokenizer.load(tiny("llama"))
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_a_lone_surrogate_does_not_stop_the_tokenizer(tiny: Callable[[str], Path]) -> None:
    tokenizer = Tokenizer.load(tiny("llama"))
    assert tokenizer.decode(tokenizer.encode("a\ud800b")) == "a?b"


def test_a_folder_without_tokenizer_and_a_damaged_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"no tokenizer\.json"):
        Tokenizer.load(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(BadFile, match="not a readable tokenizer"):
        Tokenizer.load(tmp_path)


def test_fingerprints_tell_tokenizers_apart(tiny: Callable[[str], Path], tmp_path: Path) -> None:
    one = tiny("llama") / "tokenizer.json"
    (tmp_path / "tokenizer.json").write_text(one.read_text("utf-8").replace("<unused0>", "<unused9>"), "utf-8")
    assert Tokenizer.load(tiny("llama")).fingerprint() == Tokenizer.load(one.parent).fingerprint()
    assert Tokenizer.load(tmp_path).fingerprint() != Tokenizer.load(one.parent).fingerprint()
