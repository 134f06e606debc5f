"""Putting an adapter into a base's weights."""

from pathlib import Path
from typing import Any
from warnings import catch_warnings, filterwarnings

from peft import PeftModel
from safetensors import SafetensorError
from safetensors.torch import load_model
from transformers import PreTrainedModel

from finetab.adapters.beside import check
from finetab.adapters.library import WHOLE_WEIGHTS
from finetab.core.manifest import Manifest
from finetab.core.models import BaseModel
from finetab.errors import BadAdapter


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
