"""Which adapters can stay beside a base's weights. Quick to import: nothing of PEFT's is needed to tell."""

from pathlib import Path

from finetab.adapters.config import read_config
from finetab.adapters.library import WHOLE_WEIGHTS
from finetab.core.base import Base
from finetab.core.manifest import Manifest, check_fits

_MORE = (
    "alora_invocation_tokens", "alpha_pattern", "arrow_config", "fan_in_fan_out", "layer_replication", "lora_bias",
    "modules_to_save", "target_parameters", "use_bdlora", "use_dora", "use_qalora",
)  # fmt: skip


def check(base: Base, manifest: Manifest) -> None:
    """Raise `BadAdapter` where the adapter was not made for this base."""
    check_fits(manifest, base.name, base.fingerprint, base.tokenizer.fingerprint, base.fim)


def lies_beside(folder: Path) -> bool:
    """Whether an adapter can lie beside a base's weights together with others: those of the LoRA family can.

    What others change has to be written into the weights. Raises `BadAdapter` where its config cannot be read.
    """
    return not (folder / WHOLE_WEIGHTS).is_file() and bool(read_config(folder)["peft_type"] == "LORA")


def is_plain(folder: Path) -> bool:
    """Whether an adapter lies beside the weights and is no more than two factors a layer, their scale, and embeddings.

    Raises `BadAdapter` where its config cannot be read.
    """
    if not lies_beside(folder):
        return False
    config = read_config(folder)
    return config.get("bias", "none") == "none" and not any(config.get(name) for name in _MORE)
