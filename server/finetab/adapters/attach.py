"""Putting an adapter onto a base in memory."""

from pathlib import Path
from typing import Any

from peft import PeftModel
from safetensors import SafetensorError
from transformers import PreTrainedModel

from finetab.core.manifest import Manifest, check_fits
from finetab.core.models import BaseModel
from finetab.errors import BadAdapter


def attach(base: BaseModel, folder: Path, manifest: Manifest) -> PreTrainedModel:
    """The base with the adapter on it; the base's own modules are changed and must not be used alone after.

    On full-precision weights the adapter is merged into them, which costs nothing per token; on NF4 weights it
    is applied beside them, since merging would round it away. Raises `BadAdapter` when it does not fit.
    """
    check_fits(manifest, base.name, base.fingerprint, base.tokenizer.fingerprint(), base.fim)
    try:
        adapted = PeftModel.from_pretrained(base.model, str(folder), is_trainable=False, torch_device="cpu")
    except (SafetensorError, OSError, ValueError, KeyError, RuntimeError, TypeError) as error:
        raise BadAdapter(f"The adapter in {folder} cannot be loaded ({error}); train it again.") from error
    model: Any = adapted.merge_and_unload() if base.quantisation == "none" else adapted
    model.eval()
    return model  # type: ignore[no-any-return]  # PeftModel passes everything on to the model within
