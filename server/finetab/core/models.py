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
from transformers import AutoConfig, AutoModelForCausalLM, BitsAndBytesConfig, PreTrainedModel
from transformers.utils import logging as transformers_logging

from finetab.core.bases import known_base, real_name
from finetab.core.fim import FimFormat, never_sampled, read_format
from finetab.core.tokenizer import Tokenizer
from finetab.core.weights import base_folder, fingerprint
from finetab.errors import BadFile, BadSetting

Quantisation: TypeAlias = Literal["none", "nf4"]
_SPELLED = ("<PRE>", "<SUF>", "<MID>")  # in the order of FimFormat.sentinel_ids
_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(slots=True)
class BaseModel:
    """A base in memory with its tokenizer and FIM format."""

    name: str
    folder: Path
    fingerprint: str
    model: PreTrainedModel
    tokenizer: Tokenizer
    fim: FimFormat
    device: torch.device
    dtype: torch.dtype
    """What matrices are multiplied in; with NF4, after decoding."""
    quantisation: Quantisation

    @property
    def context_length(self) -> int:
        """The longest sequence it was made for, in tokens."""
        return int(self.model.config.max_position_embeddings)

    @property
    def never_sampled(self) -> list[int]:
        """Ids that must not come out of it."""
        head = self.model.get_output_embeddings()
        assert head is not None
        return never_sampled(self.fim, self.tokenizer, int(head.weight.shape[0]))

    @property
    def terms(self) -> str:
        """What must be said with every adapter of this base; empty for most."""
        base = known_base(self.name)
        return base.terms if base else ""


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
    folder = base_folder(name)
    place = pick_device(device)
    number = pick_dtype(dtype, place)
    model = _read(folder, place, number, quantisation, sharded=sharded)
    model.eval()
    path = Path(name).expanduser()
    label = str(path.resolve()) if path.exists() else real_name(name)
    tokenizer, fim = read_format(folder, label)
    if not fim.native:
        _spell_sentinels(model, tokenizer, fim)
    return BaseModel(label, folder, fingerprint(folder), model, tokenizer, fim, place, number, quantisation)


def pick_device(device: str) -> torch.device:
    """`auto` takes CUDA, then Apple's MPS, then the CPU; anything else must be there."""
    if device == "auto":
        mps = torch.backends.mps.is_available()
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if mps else "cpu")
    try:
        place = torch.device(device)
        torch.empty(0, device=place)
    except (RuntimeError, AssertionError) as error:
        raise BadSetting(f'The device "{device}" cannot be used here; use auto, cpu, cuda or mps.') from error
    return place


def pick_dtype(dtype: str, device: torch.device) -> torch.dtype:
    """`auto` takes bfloat16 or float16 on an accelerator and float32 on the CPU.

    On a CPU without bfloat16 arithmetic, bfloat16 is several times slower than float32.
    """
    if dtype == "auto":
        if device.type == "cuda":
            return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
        return torch.float16 if device.type == "mps" else torch.float32
    if dtype not in _DTYPES:
        raise BadSetting(f'The dtype "{dtype}" is unknown; use auto, {", ".join(_DTYPES)}.')
    return _DTYPES[dtype]


def _read(
    folder: Path, device: torch.device, dtype: torch.dtype, quantisation: Quantisation, *, sharded: bool
) -> PreTrainedModel:
    transformers_logging.disable_progress_bar()
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
        return model
    placed: PreTrainedModel = model.to(device)  # type: ignore[arg-type]
    return placed


def embedding_rows(model: PreTrainedModel) -> torch.Tensor:
    """The input embedding's matrix, (vocabulary, hidden)."""
    rows = model.get_input_embeddings().weight
    assert isinstance(rows, torch.Tensor)
    return rows


def _spell_sentinels(model: PreTrainedModel, tokenizer: Tokenizer, fim: FimFormat) -> None:
    """Give sentinel rows that no training has touched the mean embedding of a spelled sentinel's tokens.

    A model finds the suffix sooner from there than from random or plain mean rows. An adapter brings its own rows,
    or was trained with these.
    """
    rows = embedding_rows(model)
    with torch.no_grad():
        for index, spelling in zip(fim.sentinel_ids, _SPELLED, strict=True):
            spelled = torch.tensor(tokenizer.encode(spelling), device=rows.device)
            rows[index] = rows[spelled].mean(dim=0)


def _check_decodable(model: PreTrainedModel, device: torch.device) -> None:
    """bitsandbytes 0.50 decodes NF4 wrongly on the CPU where a row is no multiple of its block of 64."""
    for name, module in model.named_modules():
        if device.type == "cpu" and isinstance(module, Linear4bit) and module.in_features % 64:
            raise BadSetting(
                f"{name} has {module.in_features} inputs, no multiple of 64, which cannot be held in NF4 on a CPU; "
                "use the method lora, or a GPU."
            )
