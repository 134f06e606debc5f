"""Tokenizers: texts come back as they went in, damaged files are refused."""

from collections.abc import Callable
from pathlib import Path

import pytest
import tokenizers
from tests.conftest import byte_tokenizer, word_tokenizer
from tokenizers import decoders, models, normalizers

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
    assert Tokenizer.load(tiny("llama")).fingerprint == Tokenizer.load(one.parent).fingerprint
    assert Tokenizer.load(tmp_path).fingerprint != Tokenizer.load(one.parent).fingerprint


@pytest.mark.parametrize("text", ["def f():\n    return ", "x = sel", "import o", "self.tok"])
def test_the_loose_end_of_a_text_is_spelled_by_longer_tokens(text: str) -> None:
    tokenizer = Tokenizer(word_tokenizer())
    ids = tokenizer.encode(text)
    count = tokenizer.loose_end(ids)
    end = tokenizer.decode(ids[-count:])
    assert count > 0
    longer = [tokenizer.decode([int(index)]) for index in tokenizer.vocabulary.that_fit(end)]
    assert any(len(spelled) > len(end) and spelled.startswith(end) for spelled in longer)


def test_no_end_is_loose_where_every_token_is_a_byte_and_none_takes_the_first_token() -> None:
    assert Tokenizer(byte_tokenizer()).loose_end(list(b"def f")) == 0
    tokenizer = Tokenizer(word_tokenizer())
    assert tokenizer.loose_end(tokenizer.encode("sel")[:1]) == 0


def test_control_tokens_and_parts_of_characters_are_never_said_in_a_loose_end() -> None:
    tokenizer = Tokenizer(byte_tokenizer())
    assert not len(tokenizer.vocabulary.that_fit("<|endoftext|>"[:5])[5:])
    assert not tokenizer.vocabulary.is_loose("é")


def sentencepiece_like() -> tokenizers.Tokenizer:
    """As Llama's: a space is put before a text and taken away again, and what has no token is spelled in bytes."""
    words = ["<unk>", "▁", "▁a", "▁self", "self", "a", "s", "e", "l", "f", "▁▁", "▁return"]
    pieces = [*words, *(f"<0x{byte:02X}>" for byte in range(256))]
    scored = [(piece, -float(index)) for index, piece in enumerate(pieces)]
    tokenizer = tokenizers.Tokenizer(models.Unigram(scored, 0, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return tokenizer


@pytest.mark.parametrize("text", ["self", " self", "  a", "\n a", " return self", "", "é a"])
def test_a_tokenizer_that_drops_a_first_space_says_texts_whole(text: str) -> None:
    tokenizer = Tokenizer(sentencepiece_like())
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_its_words_keep_their_space() -> None:
    tokenizer = Tokenizer(sentencepiece_like())
    assert tokenizer.decode(tokenizer.encode(" self")) == " self"
    assert tokenizer.encode(" self") != tokenizer.encode("self")
    assert {tokenizer.decode([int(index)]) for index in tokenizer.vocabulary.that_fit(" s")} == {" ", " self"}
