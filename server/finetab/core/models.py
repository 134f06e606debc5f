"""Base models in memory: device, dtype, NF4. The only place where base weights are loaded.

Weights are read from safetensors, or from `.bin` shards with `weights_only=True`; no code that a model
folder brings is ever run.
"""

from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Literal, TypeAlias

import torch
from bitsandbytes.nn.modules import Linear4bit
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForCausalLM, BitsAndBytesConfig, PreTrainedModel
from transformers.utils import logging as transformers_logging

from finetab.core.base import Base, read_base
from finetab.core.device import pick_device, pick_dtype
from finetab.core.factored import load_factored, read_ranks
from finetab.errors import BadFile, BadSetting

Quantisation: TypeAlias = Literal["none", "nf4"]


@dataclass(frozen=True, slots=True)
class BaseModel(Base):
    """A base with its weights in memory."""

    model: PreTrainedModel
    device: torch.device
    dtype: torch.dtype
    """What matrices are multiplied in; with NF4, after decoding."""
    quantisation: Quantisation


def load_base(
    name: str,
    *,
    device: str = "auto",
    dtype: str = "auto",
    quantisation: Quantisation = "none",
    sharded: bool = False,
) -> BaseModel:
    """Load a base by name, folder or hub id, in evaluation mode.

    `sharded` keeps 4-bit weights in numbers of the dtype that all others have, so that they can be spread over GPUs.
    Raises `MissingWeights`, `UnknownName`, `BadFile` or `BadSetting`, each with what to do.
    """
    base = read_base(name)
    place = pick_device(device)
    number = pick_dtype(dtype, place)
    model = _read(base.folder, place, number, quantisation, sharded=sharded)
    model.eval()
    _spell_sentinels(model, base)
    head = model.get_output_embeddings()
    assert head is not None
    return BaseModel(
        name=base.name,
        folder=base.folder,
        fingerprint=base.fingerprint,
        tokenizer=base.tokenizer,
        fim=base.fim,
        context_length=int(model.config.max_position_embeddings),
        num_logits=int(head.weight.shape[0]),
        model=model,
        device=place,
        dtype=number,
        quantisation=quantisation,
    )


def _read(
    folder: Path, device: torch.device, dtype: torch.dtype, quantisation: Quantisation, *, sharded: bool
) -> PreTrainedModel:
    transformers_logging.disable_progress_bar()
    if read_ranks(folder):
        return _read_factored(folder, device, dtype, quantisation)
    options: dict[str, Any] = {"dtype": dtype, "trust_remote_code": False, "weights_only": True}
    if quantisation == "nf4":
        options["device_map"] = {"": device}
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=dtype,
            bnb_4bit_quant_storage=dtype if sharded else torch.uint8,
        )
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(folder, config=config, **options)
    except UnpicklingError as error:
        raise BadFile(
            f"A weight file in {folder} could not be loaded: it holds more than tensors, and finetab runs no code "
            "from a file. Convert it to safetensors where you trust it."
        ) from error
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise BadFile(f"The model in {folder} could not be loaded: {error}") from error
    if quantisation == "nf4":
        _check_decodable(model, device)
        keep_trainable(model)
        return model
    placed: PreTrainedModel = model.to(device)  # type: ignore[arg-type]
    return placed


def _read_factored(
    folder: Path, device: torch.device, dtype: torch.dtype, quantisation: Quantisation
) -> PreTrainedModel:
    if quantisation != "none":
        raise BadSetting(
            f"{folder} is a compressed model, which cannot be held in 4 bits; train it with the method lora or "
            "another one that needs none, and serve it with quantisation none."
        )
    try:
        model: Any = load_factored(folder, dtype)
    except (SafetensorError, OSError, ValueError, KeyError, RuntimeError) as error:
        raise BadFile(f"The model in {folder} could not be loaded: {error}") from error
    placed: PreTrainedModel = model.to(device)
    return placed


def embedding_rows(model: PreTrainedModel) -> torch.Tensor:
    """The input embedding's matrix, (vocabulary, hidden)."""
    rows = model.get_input_embeddings().weight
    assert isinstance(rows, torch.Tensor)
    return rows


def _spell_sentinels(model: PreTrainedModel, base: Base) -> None:
    """Give sentinel rows their start. An adapter brings its own rows, or was trained with these."""
    rows = embedding_rows(model)
    with torch.no_grad():
        for index, ids in base.spelled.items():
            rows[index] = rows[torch.tensor(ids, device=rows.device)].mean(dim=0)


def keep_trainable(model: PreTrainedModel) -> None:
    """Have NF4 weights stay as they are when a model is only looked at.

    On a CPU with AVX-512 BF16 bitsandbytes 0.50 would put them into another order at the first call in evaluation mode,
    for good, and nothing can be trained through that: gradients end there with a warning, or are wrong.
    """
    for module in model.modules():
        if isinstance(module, Linear4bit):
            module.support_avx512bf16_for_cpu = False


def _check_decodable(model: PreTrainedModel, device: torch.device) -> None:
    """bitsandbytes 0.50 decodes NF4 wrongly on the CPU where a row is no multiple of its block of 64."""
    for name, module in model.named_modules():
        if device.type == "cpu" and isinstance(module, Linear4bit) and module.in_features % 64:
            raise BadSetting(
                f"{name} has {module.in_features} inputs, no multiple of 64, which cannot be held in NF4 on a CPU; "
                "use the method lora, or a GPU."
            )
