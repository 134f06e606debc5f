"""One adapter made of several: their additions put together, by PEFT where it is no mere sum; sentinel rows averaged.

    cat       the weighted sum itself; ranks add up
    svd       the nearest to that sum of the rank that is asked for
    linear    factors averaged one by one: cheap, and not the sum of what they do
    ties      large changes only, by the sign that prevails (Yadav et al. 2023, arXiv 2306.01708)
    dare_...  changes left out at random and the rest made larger (Yu et al. 2023, arXiv 2311.03099)
    magnitude_prune   large changes only

Sums count what the parents started from once (`start.py`). The base is only needed for its shape, so it is made
without weights, and a 7B one takes no memory.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model_state_dict, set_peft_model_state_dict
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import PreTrainedModel, set_seed

from finetab.adapters.blended import descended, shares
from finetab.adapters.config import ROWS
from finetab.adapters.library import WEIGHTS
from finetab.adapters.parents import Parent
from finetab.adapters.start import held_starts, with_start_once
from finetab.adapters.sum import Array, mean_rows, write_sum
from finetab.core import manifest
from finetab.core.atomic import new_folder
from finetab.core.manifest import Manifest
from finetab.errors import BadFile, BadInput, near_match
from finetab_training.config import MAX_SEED
from finetab_training.data.trained import read_all_trained, write_trained
from finetab_training.methods.saving import padded
from finetab_training.train.random_base import base_shape, empty_model

SAME_RANK = ("linear", "ties", "dare_linear", "dare_ties", "magnitude_prune")
_SUMS = ("cat", "svd")
METHODS = (*_SUMS, *SAME_RANK, *(f"{name}_svd" for name in SAME_RANK[1:]))
_PRUNED = ("ties", "dare", "magnitude_prune")
_COMPOSED = "composed"


@dataclass(frozen=True, slots=True)
class Composition:
    """How adapters become one."""

    method: str = "cat"
    rank: int = 0
    """Of the methods that end in `svd`; 0 takes the largest of the parents'."""
    density: float = 0.5
    """The share of changes that ties, dare and magnitude_prune leave."""
    seed: int = 0
    """Of what dare leaves out."""

    def check(self, parents: Sequence[Parent]) -> None:
        """Raise `BadInput` for what PEFT would refuse late, or not at all."""
        if self.method not in METHODS:
            raise BadInput(f'There is no way "{self.method}" to compose{near_match(self.method, METHODS)}')
        ranks = [parent.rank for parent in parents]
        if self.method in SAME_RANK and len(set(ranks)) > 1:
            raise BadInput(f"{self.method} needs adapters of one rank, not {ranks}; use cat or svd.")
        if self.rank and not self.method.endswith("svd"):
            raise BadInput(f"A rank can be chosen where the method ends in svd, not with {self.method}.")
        if not 0 < self.density <= 1:
            raise BadInput(f"density must be above 0 and at most 1, not {self.density}.")
        if not 0 <= self.seed <= MAX_SEED:
            raise BadInput(f"seed must be from 0 to {MAX_SEED}, not {self.seed}.")


def check_free(out: Path) -> None:
    """Raise `BadFile` where something stands in the place of an adapter-to-be."""
    if out.exists():
        raise BadFile(f"{out} exists already; choose another --out.")


def compose(
    parents: Sequence[Parent], composition: Composition, out: Path, search: Mapping[str, Any] | None = None
) -> Manifest:
    """Write the composed adapter to a folder that does not exist yet, and give its manifest.

    `search` is told there: what the weights were looked for with.
    """
    composition.check(parents)
    check_free(out)
    if composition.method in _SUMS:
        parents = with_start_once(parents)
    with new_folder(out) as building:
        rank = (
            write_sum(parents, building)
            if composition.method == "cat"
            else _write_by_peft(parents, composition, building)
        )
        write_trained(building, read_all_trained(parent.folder for parent in parents))
        told = _told(parents, composition) | ({"search": dict(search)} if search else {})
        made = replace(
            descended(parents, name=out.name, rank=rank, data={"composed": told}),
            version=sha256((building / WEIGHTS).read_bytes()).hexdigest()[:12],
            seed=composition.seed,
        )
        manifest.write(building, made)
    return made


def _write_by_peft(parents: Sequence[Parent], composition: Composition, folder: Path) -> int:
    """PEFT's two files; the rank that came out."""
    model: Any = None
    rows: dict[str, list[tuple[float, Array]]] = {}
    indices: Any = None
    for number, parent in enumerate(parents):
        config = LoraConfig.from_pretrained(str(parent.folder))
        given, config.trainable_token_indices = config.trainable_token_indices, None
        state = load_file(parent.folder / WEIGHTS)
        own = {key: state.pop(key).float().numpy() for key in list(state) if key.endswith(ROWS)}
        if parent.weight:
            indices = given or indices
            for key, value in own.items():
                rows.setdefault(key, []).append((abs(parent.weight), value))
        name = f"parent{number}"  # a bare number would be taken for a layer's
        if model is None:
            model = PeftModel(_skeleton(parent.manifest.base_name), config, name)
        else:
            model.add_adapter(name, config)
        set_peft_model_state_dict(model, state, name)
    set_seed(composition.seed)
    model.base_model.add_weighted_adapter(
        [f"parent{number}" for number in range(len(parents))],
        [parent.weight for parent in parents],
        _COMPOSED,
        combination_type=composition.method,
        svd_rank=composition.rank or None,
        svd_full_matrices=False,
        density=composition.density if composition.method.startswith(_PRUNED) else None,
    )
    made: LoraConfig = model.peft_config[_COMPOSED]
    # PEFT has put each adapter's scale into its factors, so that of the whole is one, whatever the first one's was.
    plain = replace(made, lora_alpha=made.r, use_rslora=False, trainable_token_indices=indices, inference_mode=True)
    plain.save_pretrained(str(folder))
    state = get_peft_model_state_dict(model, adapter_name=_COMPOSED, save_embedding_layers=False)
    for one, other in [(key, key.replace("lora_A", "lora_B")) for key in state if "lora_A" in key]:
        state[one], state[other] = padded(state[one], state[other], made.r)  # a narrow layer has fewer directions
    state |= {key: torch.from_numpy(mean_rows(weighted)) for key, weighted in rows.items()}
    save_file({key: value.contiguous() for key, value in state.items()}, folder / WEIGHTS, metadata={"format": "pt"})
    return int(made.r)


def _skeleton(base: str) -> PreTrainedModel:
    """The base's modules; each weight is one zero that says it is as large as it should be."""
    model = empty_model(base_shape(base), torch.float32)
    for module in list(model.modules()):
        for name, weight in list(module.named_parameters(recurse=False)):
            setattr(module, name, nn.Parameter(torch.zeros(1).expand(weight.shape), requires_grad=False))
    return model


def _told(parents: Sequence[Parent], composition: Composition) -> dict[str, Any]:
    """What the manifest says of the making."""
    starts = held_starts(parents)
    return {
        "method": composition.method,
        "density": composition.density,
        "parents": shares(parents),
        "starts": starts if composition.method in _SUMS else dict.fromkeys(starts),
    }
