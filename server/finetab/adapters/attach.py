"""Putting an adapter into a base's weights, and telling which can stay beside them."""

import json
from pathlib import Path
from typing import Any
from warnings import catch_warnings, filterwarnings

from peft import PeftModel
from safetensors import SafetensorError
from safetensors.torch import load_model
from transformers import PreTrainedModel

from finetab.adapters.library import WHOLE_WEIGHTS
from finetab.core.manifest import Manifest, check_fits
from finetab.core.models import BaseModel
from finetab.errors import BadAdapter


def check(base: BaseModel, manifest: Manifest) -> None:
    """Raise `BadAdapter` where the adapter was not made for this base."""
    check_fits(manifest, base.name, base.fingerprint, base.tokenizer.fingerprint(), base.fim)


def lies_beside(folder: Path) -> bool:
    """Whether an adapter can lie beside a base's weights together with others: those of the LoRA family can.

    What others change has to be written into the weights. Raises `BadAdapter` where its config cannot be read.
    """
    if (folder / WHOLE_WEIGHTS).is_file():
        return False
    path = folder / "adapter_config.json"
    try:
        return bool(json.loads(path.read_text("utf-8"))["peft_type"] == "LORA")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadAdapter(f"{path} cannot be read ({error}); train the adapter again.") from error


def attach(base: BaseModel, folder: Path, manifest: Manifest) -> PreTrainedModel:
    """The base with the adapter on it; the base's own modules are changed and must not be used alone after.

    On full-precision weights the adapter is merged into them, which costs nothing per token; on NF4 weights it
    is applied beside them, since merging would round it away. Raises `BadAdapter` when it does not fit.
    """
    check(base, manifest)
    if (folder / WHOLE_WEIGHTS).is_file():
        return _whole(base, folder / WHOLE_WEIGHTS)
    try:
        with catch_warnings():
            # A tied head shares trained rows, but nothing ever asks it for a sentinel.
            filterwarnings("ignore", "Model has `tie_word_embeddings")
            adapted = PeftModel.from_pretrained(base.model, str(folder), is_trainable=False, torch_device="cpu")
    except (SafetensorError, OSError, ValueError, KeyError, RuntimeError, TypeError) as error:
        raise BadAdapter(f"The adapter in {folder} cannot be loaded ({error}); train it again.") from error
    model: Any = adapted.merge_and_unload() if base.quantisation == "none" else adapted
    model.eval()
    return model  # type: ignore[no-any-return]  # PeftModel passes everything on to the model within


def _whole(base: BaseModel, path: Path) -> PreTrainedModel:
    """The base with all of its weights replaced, as full fine-tuning leaves them."""
    if base.quantisation != "none":
        raise BadAdapter(f"{path} holds whole weights, which cannot be put onto a base in 4 bits; serve it with none.")
    try:
        load_model(base.model, str(path), device=str(base.device))
    except (SafetensorError, OSError, RuntimeError) as error:
        raise BadAdapter(f"{path} cannot be loaded ({error}); train it again.") from error
    return base.model
