"""Loading bases: devices, NF4, shards, and nothing in a file is ever run."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import torch
from bitsandbytes.functional import dequantize_4bit
from tests.conftest import byte_tokenizer
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

from finetab.core.factored import RANKS
from finetab.core.models import embedding_rows, load_base
from finetab.core.weights import fingerprint
from finetab.errors import BadFile, BadInput, BadSetting


@pytest.mark.parametrize("family", ["gpt_neox", "llama", "gemma3_text"])
def test_a_base_loads_with_its_tokenizer_and_row(family: str, tiny: Callable[[str], Path]) -> None:
    base = load_base(str(tiny(family)))
    assert base.model.config.model_type == family
    assert base.dtype is torch.float32
    assert base.context_length == 1024
    assert base.fim.end_id not in base.never_sampled


def test_nf4_takes_a_fraction_of_the_memory_and_stays_near(tiny: Callable[[str], Path]) -> None:
    full, small = load_base(str(tiny("gpt_neox"))), load_base(str(tiny("gpt_neox")), quantisation="nf4")
    linear: Any = small.model.get_submodule("gpt_neox.layers.0.mlp.dense_h_to_4h")
    assert type(linear).__name__ == "Linear4bit"
    assert linear.weight.quant_state.nested  # double quantisation
    assert linear.weight.element_size() * linear.weight.numel() * 7 < 128 * 64 * 4
    exact = full.model.get_parameter("gpt_neox.layers.0.mlp.dense_h_to_4h.weight")
    decoded = dequantize_4bit(linear.weight.data, linear.weight.quant_state)
    assert (decoded - exact).norm() / exact.norm() < 0.12  # NF4's own error on normal weights is 0.09


def test_nf4_can_be_trained_through_after_it_was_looked_at(tiny: Callable[[str], Path]) -> None:
    model = load_base(str(tiny("llama")), quantisation="nf4", device="cpu").model
    ids = torch.arange(40)[None] + 5

    def slope() -> torch.Tensor:
        inputs = embedding_rows(model)[ids].detach().requires_grad_()
        model(inputs_embeds=inputs).logits.square().mean().backward()
        found = inputs.grad
        assert found is not None
        return found

    model.train()
    expected = slope()
    with torch.no_grad():
        model.eval()(input_ids=ids)
    model.train()
    torch.testing.assert_close(slope(), expected)


def test_nf4_is_refused_where_it_would_be_decoded_wrongly(tmp_path: Path) -> None:
    config = GPTNeoXConfig(hidden_size=48, intermediate_size=96, num_hidden_layers=1, num_attention_heads=2)
    GPTNeoXForCausalLM(config).save_pretrained(tmp_path / "pythia-odd")
    byte_tokenizer().save(str(tmp_path / "pythia-odd" / "tokenizer.json"))
    with pytest.raises(BadSetting, match="no multiple of 64"):
        load_base(str(tmp_path / "pythia-odd"), quantisation="nf4", device="cpu")


def test_a_compressed_model_in_4_bits_is_told_what_trains_it(tiny: Callable[[str], Path], tmp_path: Path) -> None:
    folder = Path(copytree(tiny("gpt_neox"), tmp_path / "redpajama-incite-small"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {RANKS: {"any.layer": 4}}))
    with pytest.raises(BadSetting, match=r"cannot be held in 4 bits; train it with the method lora"):
        load_base(str(folder), quantisation="nf4", device="cpu")


def test_bin_shards_are_read_and_code_in_them_is_not_run(tiny: Callable[[str], Path], tmp_path: Path) -> None:
    folder = tmp_path / "redpajama-incite-bin"
    copytree(tiny("gpt_neox"), folder)
    weights = load_base(str(folder)).model.state_dict()
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    assert load_base(str(folder)).name == str(folder)

    class Evil:
        def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
            return Path.touch, (tmp_path / "ran",)  # type: ignore[return-value]

    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"weight": Evil()}, protocol=2))
    with pytest.raises(BadFile, match="could not be loaded"):
        load_base(str(folder))
    assert not (tmp_path / "ran").exists()


def test_remote_code_of_a_model_folder_is_not_run(tiny: Callable[[str], Path], tmp_path: Path) -> None:
    folder = tmp_path / "redpajama-incite-remote"
    copytree(tiny("gpt_neox"), folder)
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "own_kind", "auto_map": {"AutoConfig": "evil.C", "AutoModelForCausalLM": "evil.M"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    with pytest.raises(BadFile, match="could not be loaded"):
        load_base(str(folder))
    assert not (tmp_path / "ran").exists()


def test_a_family_without_a_row_is_refused(tiny: Callable[[str], Path], tmp_path: Path) -> None:
    copytree(tiny("llama"), tmp_path / "some-llama")
    with pytest.raises(BadInput, match='no FIM row for "some-llama"'):
        load_base(str(tmp_path / "some-llama"))


def test_fingerprints_tell_weights_apart(tiny: Callable[[str], Path], tmp_path: Path) -> None:
    copytree(tiny("llama"), tmp_path / "same")
    copytree(tiny("llama"), tmp_path / "other")
    path = tmp_path / "other" / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert fingerprint(tmp_path / "same") == fingerprint(tiny("llama"))
    assert fingerprint(tmp_path / "other") != fingerprint(tiny("llama"))
