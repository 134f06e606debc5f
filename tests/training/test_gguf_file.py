"""GGUF files: read back by another reader, they are the same model with the same tokens."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from gguf import GGUFReader
from tests.conftest import SPECIAL, random_model, word_tokenizer
from tests.training.train.test_run import config_for, trained
from tokenizers import AddedToken, Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer
from transformers import AutoModelForCausalLM

import finetab
from finetab.core.models import load_base
from finetab.errors import BadFile
from finetab_training.export import export_gguf, export_merged
from finetab_training.runs import run_of

TEXT = "def area(width, height):\n    return width * height\n"


def sentencepiece_like() -> Tokenizer:
    """Merges of characters with bytes to fall back on, as in Gemma's."""
    bytes_ = [f"<0x{value:02X}>" for value in range(256)]
    tokenizer = Tokenizer(BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split("\n", "isolated")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    texts = (path.read_text("utf-8") for path in sorted(Path(finetab.__file__).parent.rglob("*.py")))
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<unused0>", "<unused1>", "<unused2>", *bytes_]
    tokenizer.train_from_iterator(texts, BpeTrainer(vocab_size=1500, special_tokens=special, show_progress=False))
    return tokenizer


def write(folder: Path, family: str) -> Path:
    tokenizer = sentencepiece_like() if family == "gemma3_text" else word_tokenizer()
    if family != "gemma3_text":
        tokenizer.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL])
    shape = random_model(family).config
    shape.vocab_size = tokenizer.get_vocab_size()
    if family == "gemma3_text":
        shape.num_hidden_layers, shape.layer_types = 6, [*["sliding_attention"] * 5, "full_attention"]
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(shape)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.normal_(0.3 if "norm" in name else 0.0, 0.1)
    model.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


@pytest.mark.parametrize(("family", "name"), [("llama", "tiny-smollm2"), ("gemma3_text", "tiny-gemma3")])
def test_another_reader_finds_the_same_model(family: str, name: str, tmp_path: Path) -> None:
    folder = write(tmp_path / name, family)
    file = export_gguf(folder, tmp_path / "out" / "model.gguf")
    assert [path.name for path in file.parent.iterdir()] == ["model.gguf"]
    read = AutoModelForCausalLM.from_pretrained(str(file.parent), gguf_file=file.name, dtype=torch.float32).eval()
    base = load_base(str(folder))
    ids = torch.tensor([[base.fim.end_id, *base.tokenizer.encode(TEXT)]])
    with torch.inference_mode():
        expected = AutoModelForCausalLM.from_pretrained(folder).eval()(ids).logits
        torch.testing.assert_close(read(ids).logits, expected, atol=float(expected.std()) * 0.02, rtol=0.02)
    entries = GGUFReader(file).fields
    sentinels = [entries[f"tokenizer.ggml.{key}_token_id"].contents() for key in ("fim_pre", "fim_suf", "fim_mid")]
    assert tuple(sentinels) == base.fim.sentinel_ids
    with pytest.raises(BadFile, match="exists; name a new file"):
        export_gguf(folder, file)


def test_layers_that_the_form_cannot_hold_are_told(tiny: Callable[[str], Path], tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="each sixth layer seeing all"):
        export_gguf(tiny("gemma3_text"), tmp_path / "model.gguf")


def test_what_cannot_be_written_is_told_before_anything_is_merged(
    project: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    adapter = trained(run_of(config_for(project, tiny("gpt_neox"), tmp_path / "adapter")))
    with pytest.raises(BadFile, match="not of gpt-neox"):
        export_merged(str(adapter), tmp_path / "merged", tmp_path / "model.gguf")
    assert not (tmp_path / "merged").exists()


def test_a_family_without_such_a_form_is_told_and_leaves_nothing(tiny: Callable[[str], Path], tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="of the families smollm2 and gemma3, not of gpt-neox; convert the merged folder"):
        export_gguf(tiny("gpt_neox"), tmp_path / "out" / "model.gguf")
    assert not list((tmp_path / "out").iterdir())
