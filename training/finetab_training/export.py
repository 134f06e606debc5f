"""`finetab export`: an adapter merged into its base, as a model folder that any tool loads.

The merge is onto the full-precision weights, whatever the adapter was trained on: onto 4-bit ones it would be rounded
away. What was written is loaded again, and its logits are compared with those of base and adapter before it counts.
"""

import json
import shutil
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, PreTrainedModel

from finetab.adapters.attach import attach
from finetab.adapters.library import read_adapter
from finetab.core.atomic import new_folder
from finetab.core.fim import TAUGHT
from finetab.core.models import load_base
from finetab.core.tokenizer import FILE_NAME as TOKENIZER
from finetab.errors import BadFile, FinetabError

_PROBE = "def area(width, height):\n    return width * height\n"
_TOLERANCE = 1e-4  # of logits, relative to their spread; the same weights give the same to the last bits


def export_merged(adapter: str, folder: Path) -> Path:
    """Write base and adapter as one model. Raises `BadFile` where something else stands in the folder."""
    if folder.exists() and (folder.is_file() or any(folder.iterdir())):
        raise BadFile(f"{folder} is not empty; name a new folder for the merged model.")
    where, manifest = read_adapter(adapter)
    base = load_base(manifest.base_name, device="cpu", dtype="float32")
    probe = torch.tensor([[*base.fim.sentinel_ids, *base.tokenizer.encode(_PROBE)]])
    model = attach(base, where, manifest)
    expected = _logits(model, probe)
    with new_folder(folder) as building:
        model.save_pretrained(str(building))
        shutil.copyfile(base.folder / TOKENIZER, building / TOKENIZER)
        config = json.loads((building / "config.json").read_text("utf-8"))
        # From now on the model knows fill-in-the-middle by itself: its sentinel rows must be left as they are.
        config[TAUGHT] = {"family": manifest.fim_family, "forms": [manifest.form], "name": manifest.base_name}
        (building / "config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")
        if manifest.notice:
            (building / "NOTICE").write_text(manifest.notice + "\n", "utf-8")
        _check(building, probe, expected)
    return folder


def _check(folder: Path, probe: torch.Tensor, expected: torch.Tensor) -> None:
    written = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    found = _logits(written, probe)
    if (found - expected).abs().max() > _TOLERANCE * expected.std():
        raise FinetabError(f"The merged model in {folder} answers unlike base and adapter; this is a fault of finetab.")


def _logits(model: PreTrainedModel, probe: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        logits: torch.Tensor = model(input_ids=probe, use_cache=False).logits
    return logits
