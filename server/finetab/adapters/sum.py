"""A weighted sum of what adapters change, as one adapter: their factors side by side, so that ranks add up.

In numpy, since an editor's server that leaves the model to another process has no torch.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, deserialize
from safetensors.numpy import save_file

from finetab.adapters.config import CONFIG, ROWS, START, scale
from finetab.adapters.library import WEIGHTS
from finetab.adapters.parents import Parent
from finetab.errors import BadAdapter

Array: TypeAlias = NDArray[np.float32]
_KINDS = {"F32": np.float32, "F16": np.float16, "F64": np.float64}
_A, _B = ".lora_A.weight", ".lora_B.weight"


def write_sum(parents: Sequence[Parent], folder: Path) -> int:
    """Write the sum's two files, as PEFT has them, and give its rank. Raises `BadAdapter` for what cannot be read.

    Trained embeddings, which are no changes but what stands there instead, are averaged. A parent of weight 0 adds
    nothing.
    """
    parents = [parent for parent in parents if parent.weight]
    states = [_read(parent) for parent in parents]
    rank = sum(parent.rank for parent in parents)
    held = list(zip(parents, states, strict=True))
    weighted = [(parent.weight * scale(parent.config, parent.rank), state) for parent, state in held]
    summed: dict[str, Array] = {}
    for key in sorted({key for state in states for key in state}):
        name = key.removesuffix(_A)
        if key.endswith(ROWS):
            summed[key] = mean_rows([(abs(parent.weight), state[key]) for parent, state in held if key in state])
        elif key.endswith(_A):
            summed |= _side_by_side(name, weighted, rank)
        elif not key.endswith(_B):
            raise BadAdapter(f"{key} of {parents[0].folder} or those beside it cannot be summed; train them again.")
    save_file(summed, folder / WEIGHTS, metadata={"format": "pt"})
    layers = sorted(key.removesuffix(_A).removeprefix(START) for key in summed if key.endswith(_A))
    (folder / CONFIG).write_text(json.dumps(_config(parents, rank, layers), indent=2) + "\n", "utf-8")
    return rank


def mean_rows(weighted: Sequence[tuple[float, Array]]) -> Array:
    """The mean by weight, whatever the weights add up to."""
    total = sum(weight for weight, _ in weighted)
    mean: Array = np.sum([weight / total * rows for weight, rows in weighted], axis=0, dtype=np.float32)
    return mean


def _read(parent: Parent) -> dict[str, Array]:
    try:
        tensors = deserialize((parent.folder / WEIGHTS).read_bytes())  # type: ignore[no-untyped-call]
        return {key: _array(told) for key, told in tensors}
    except (SafetensorError, OSError, KeyError) as error:
        raise BadAdapter(f"The adapter in {parent.folder} cannot be loaded ({error}); train it again.") from error


def _array(told: Mapping[str, Any]) -> Array:
    """Any kind of float32; numpy does not know bfloat16, which is float32 cut off."""
    if told["dtype"] == "BF16":
        wide = np.frombuffer(told["data"], np.uint16).astype(np.uint32) << 16
        return wide.view(np.float32).reshape(told["shape"])
    return np.frombuffer(told["data"], _KINDS[told["dtype"]]).astype(np.float32).reshape(told["shape"])


def _side_by_side(name: str, weighted: Sequence[tuple[float, Mapping[str, Array]]], rank: int) -> dict[str, Array]:
    """One layer's factors, A (R, in) and B (out, R); filled up with zeros where not all parents change the layer."""
    pairs = [
        (state[name + _A], state[name + _B] * np.float32(weight)) for weight, state in weighted if name + _A in state
    ]
    a_RK = np.concatenate([a for a, _ in pairs])
    b_NR = np.concatenate([b for _, b in pairs], axis=1)
    missing = rank - len(a_RK)
    return {name + _A: np.pad(a_RK, ((0, missing), (0, 0))), name + _B: np.pad(b_NR, ((0, 0), (0, missing)))}


def _config(parents: Sequence[Parent], rank: int, layers: Sequence[str]) -> dict[str, Any]:
    """The first one's, with what is different; scales are in the factors."""
    configs = [parent.config for parent in parents]
    rows = next((rows for config in configs if (rows := config.get("trainable_token_indices"))), None)
    return configs[0] | {
        "r": rank, "lora_alpha": rank, "use_rslora": False, "inference_mode": True, "trainable_token_indices": rows,
        "target_modules": layers, "exclude_modules": None, "layers_to_transform": None, "layers_pattern": None,
    }  # fmt: skip
