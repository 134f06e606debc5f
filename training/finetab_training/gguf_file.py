"""A model folder as one GGUF file, for llama.cpp and what is built on it. Weights in half precision.

What differs from transformers' files: names of tensors, the order of rows in Llama's queries and keys (rotary pairs
stand side by side), and Gemma's norms, which hold the factor itself and not what it adds to one.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from safetensors import safe_open

from finetab.core.fim import FimFormat
from finetab.errors import BadFile

_NORMAL, _UNKNOWN, _CONTROL, _USER, _BYTE = 1, 2, 3, 4, 6  # llama.cpp's kinds of tokens


@dataclass(frozen=True, slots=True)
class _Family:
    arch: gguf.MODEL_ARCH
    tokenizer: str
    """`gpt2` for merges of bytes, `llama` for sentencepiece."""
    cutting: str = ""
    """What llama.cpp calls the way in which text is cut into words before merges."""


# By FIM family. A further one needs its tokenizer's kind and cutting, and a look at its rotary scaling and biases.
_FAMILIES = {
    "smollm2": _Family(gguf.MODEL_ARCH.LLAMA, "gpt2", "smollm"),
    "gemma3": _Family(gguf.MODEL_ARCH.GEMMA3, "llama"),
}


_GEMMA_LAYERS = (*["sliding_attention"] * 5, "full_attention")


def check_family(config: dict[str, Any], family: str) -> None:
    """Raise `BadFile` for a model that has no such form here; `config` is its config.json."""
    if family not in _FAMILIES:
        raise BadFile(
            f"finetab writes GGUF files of the families {' and '.join(_FAMILIES)}, not of {family}; "
            "convert the merged folder with llama.cpp's own convert_hf_to_gguf.py."
        )
    layers = config.get("layer_types", [])
    if family == "gemma3" and layers != [_GEMMA_LAYERS[layer % 6] for layer in range(len(layers))]:
        raise BadFile("GGUF holds Gemma 3 models with each sixth layer seeing all; this one's layers are others.")


def write_gguf(folder: Path, file: Path, fim: FimFormat) -> None:
    """Write a model folder as a GGUF file. Raises `BadFile` for an architecture that has no such form here."""
    config = json.loads((folder / "config.json").read_text("utf-8"))
    check_family(config, fim.family)
    family = _FAMILIES[fim.family]
    writer = gguf.GGUFWriter(str(file), gguf.MODEL_ARCH_NAMES[family.arch])
    _write_shape(writer, config)
    _write_tokenizer(writer, json.loads((folder / "tokenizer.json").read_text("utf-8")), config, family, fim)
    names = gguf.get_tensor_name_map(family.arch, config["num_hidden_layers"])
    for name, weight in _tensors(folder, config):
        wanted = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if wanted is None:
            raise BadFile(f"{folder} has a tensor {name}, for which GGUF has no name in {family.arch.name}.")
        # Norms are vectors and stay in float32, as llama.cpp has them.
        writer.add_tensor(wanted, weight.astype(np.float32 if weight.ndim == 1 else np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _write_shape(writer: gguf.GGUFWriter, config: dict[str, Any]) -> None:
    heads = config["num_attention_heads"]
    head_dim = config.get("head_dim") or config["hidden_size"] // heads
    rope = config["rope_parameters"]
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_key_length(head_dim)
    writer.add_value_length(head_dim)
    writer.add_rope_freq_base(rope.get("full_attention", rope)["rope_theta"])
    writer.add_vocab_size(config["vocab_size"])
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    if config["model_type"] == "llama":
        writer.add_rope_dimension_count(head_dim)
    else:
        writer.add_sliding_window(config["sliding_window"])


def _write_tokenizer(
    writer: gguf.GGUFWriter, raw: dict[str, Any], config: dict[str, Any], family: _Family, fim: FimFormat
) -> None:
    vocabulary: dict[str, int] = raw["model"]["vocab"]
    texts = {index: text for text, index in vocabulary.items()}
    kinds = {index: _BYTE if _is_byte(text) else _NORMAL for index, text in texts.items()}
    for token in raw["added_tokens"]:
        texts[token["id"]] = token["content"]
        kinds[token["id"]] = _CONTROL if token["special"] else _USER
    size = config["vocab_size"]
    tokens = [texts.get(index, f"[PAD{index}]").encode("utf-8") for index in range(size)]
    writer.add_tokenizer_model(family.tokenizer)
    writer.add_token_list(tokens)
    if family.tokenizer == "gpt2":
        writer.add_tokenizer_pre(family.cutting)
        writer.add_token_merges([_merge(pair) for pair in raw["model"]["merges"]])
    else:
        unknown = vocabulary.get(raw["model"].get("unk_token") or "")
        if unknown is not None:
            kinds[unknown] = _UNKNOWN
        # Sentencepiece numbers its pieces in the order in which it merged them: the earlier, the sooner.
        writer.add_token_scores([-float(index) for index in range(size)])
        writer.add_add_space_prefix(False)
    writer.add_token_types([kinds.get(index, _USER) for index in range(size)])
    writer.add_eos_token_id(fim.end_id)
    if fim.bos_id is not None:
        writer.add_bos_token_id(fim.bos_id)
    writer.add_add_bos_token(fim.bos_id is not None)
    for key, index in zip(("FIM_PRE_ID", "FIM_SUF_ID", "FIM_MID_ID"), fim.sentinel_ids, strict=True):
        writer.add_uint32(getattr(gguf.Keys.Tokenizer, key), index)


def _is_byte(text: str) -> bool:
    return len(text) == len("<0x00>") and text.startswith("<0x") and text.endswith(">")


def _merge(pair: str | Sequence[str]) -> str:
    return pair if isinstance(pair, str) else " ".join(pair)


def _tensors(folder: Path, config: dict[str, Any]) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    gemma = config["model_type"].startswith("gemma")
    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, framework="np") as tensors:
            for name in tensors.keys():  # noqa: SIM118 - an object with keys, but no mapping
                weight = tensors.get_tensor(name).astype(np.float32)
                if name == "lm_head.weight" and config.get("tie_word_embeddings"):
                    continue
                if gemma and name.endswith("norm.weight"):
                    weight = weight + 1
                if not gemma and name.endswith("q_proj.weight"):
                    weight = _pairs_together(weight, config["num_attention_heads"])
                if not gemma and name.endswith("k_proj.weight"):
                    weight = _pairs_together(weight, config["num_key_value_heads"])
                yield name, weight


def _pairs_together(weight: np.ndarray[Any, Any], heads: int) -> np.ndarray[Any, Any]:
    """Rows of the halves of each head, (2, half), become pairs, (half, 2)."""
    rows = weight.reshape(heads, 2, weight.shape[0] // heads // 2, *weight.shape[1:])
    return rows.swapaxes(1, 2).reshape(weight.shape)
