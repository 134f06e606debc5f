"""An adapter folder of PEFT's, read for the 8-bit path: low-rank factors beside the weights, and trained embeddings."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from finetab.adapters.beside import is_plain
from finetab.adapters.config import CONFIG, ROWS, START, scale
from finetab.adapters.library import WEIGHTS
from finetab.engine.int8.linear import Addition, Linear
from finetab.errors import BadAdapter


def read_additions(
    folder: Path, linears: Iterable[Linear]
) -> tuple[list[tuple[Linear, Addition]], dict[int, torch.Tensor]]:
    """What an adapter adds to which linear layers, and its embeddings by their ids.

    Raises `BadAdapter` where a file cannot be read, a tensor belongs to nothing, or the config asks for more than that.
    """
    if not is_plain(folder):
        raise BadAdapter(
            f"The adapter in {folder} is more than plain LoRA, and 8-bit weights take nothing else beside them; "
            "set quantisation to none."
        )
    try:
        config = json.loads((folder / CONFIG).read_text("utf-8"))
        state = {key.removeprefix(START): value.float() for key, value in load_file(folder / WEIGHTS).items()}
        rows = _rows(config, state)
        added = [(linear, _addition(linear, config, state)) for linear in linears]
        if state:
            raise ValueError(f"{next(iter(state))} does not fit")
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise BadAdapter(f"The adapter in {folder} cannot be loaded ({error}); train it again.") from error
    return [(linear, addition) for linear, addition in added if addition is not None], rows


def _rows(config: Mapping[str, Any], state: dict[str, torch.Tensor]) -> dict[int, torch.Tensor]:
    named = config.get("trainable_token_indices") or []
    indices = next(iter(named.values())) if isinstance(named, dict) else named
    brought = [state.pop(key) for key in list(state) if key.endswith(ROWS)]
    if len(brought) != bool(indices):
        raise ValueError(f"{ROWS} does not fit")
    return dict(zip(indices, brought[0], strict=True)) if brought else {}


def _addition(linear: Linear, config: Mapping[str, Any], state: dict[str, torch.Tensor]) -> Addition | None:
    """The factors of all stacked projections as one pair: A's side by side, B's along the diagonal."""
    a_parts, b_parts = [], []
    for module, size in zip(linear.modules, linear.sizes, strict=True):
        a_RK = state.pop(f"{module}.lora_A.weight", torch.empty(0, 0))
        b_NR = state.pop(f"{module}.lora_B.weight", torch.empty(size, 0))
        rank = len(a_RK)
        if b_NR.shape != (size, rank):
            raise ValueError(f"{module} does not fit")
        if rank:
            a_parts.append(a_RK)
            b_NR = b_NR * scale(config, rank)
        b_parts.append(b_NR)
    if not a_parts:
        return None
    a_KR = torch.cat(a_parts).T.contiguous()
    b_RN = linear.ordered(torch.block_diag(*b_parts)).T.contiguous()
    if len(a_KR) != linear.num_inputs:
        raise ValueError(f"{linear.modules[0]} does not fit")
    return Addition(a_KR, b_RN)
