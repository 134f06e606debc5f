"""`finetab export`: an adapter merged into its base, as a model folder that any tool loads, or as a GGUF file.

The merge is onto the full-precision weights, whatever the adapter was trained on: onto 4-bit ones it would be rounded
away. What was written is loaded again, and its logits are compared with those of base and adapter before it counts.
"""

import json
import shutil
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from finetab.adapters.attach import attach
from finetab.adapters.library import read_named
from finetab.core.atomic import new_folder
from finetab.core.fim import TAUGHT, read_format
from finetab.core.models import load_base
from finetab.core.tokenizer import FILE_NAME as TOKENIZER
from finetab.core.tokenizer import Tokenizer
from finetab.core.weights import base_folder
from finetab.errors import BadFile, FinetabError
from finetab_training.gguf_file import check_family, write_gguf

_PROBE = "def area(width, height):\n    return width * height\n"
_TOLERANCE = 1e-4  # of logits, relative to their spread; the same weights give the same to the last bits
_HALF_TOLERANCE = 0.05  # the same for weights that were rounded to half precision


def export_merged(adapter: str, folder: Path, gguf: Path | None = None) -> Path:
    """Write base and adapter as one model, and as a GGUF file where one is named.

    Raises `BadFile` where something else stands in the folder, or for a family that has no GGUF form here.
    """
    if folder.exists() and (folder.is_file() or any(folder.iterdir())):
        raise BadFile(f"{folder} is not empty; name a new folder for the merged model.")
    where, manifest = read_named(adapter)
    if gguf is not None:
        _check_free(gguf)
        config = json.loads((base_folder(manifest.base_name) / "config.json").read_text("utf-8"))
        check_family(config, manifest.fim_family)
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
    if gguf is not None:
        export_gguf(folder, gguf)
    return folder


def _check_free(file: Path) -> None:
    if file.exists():
        raise BadFile(f"{file} exists; name a new file.")


def export_gguf(folder: Path, file: Path) -> Path:
    """Write a merged model's folder as a GGUF file, and check what was written.

    Raises `BadFile` where a file stands already, or for a family that has no such form here.
    """
    _check_free(file)
    tokenizer, fim = read_format(folder, folder.name)
    written = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    probe = torch.tensor([[fim.end_id, *tokenizer.encode(_PROBE)]])
    expected = _logits(written, probe)
    file.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{file.name}.", dir=file.parent) as building:
        write_gguf(folder, Path(building) / file.name, fim)
        _check_gguf(Path(building), file.name, tokenizer, probe, expected)
        (Path(building) / file.name).replace(file)
    return file


def _check_gguf(folder: Path, name: str, tokenizer: Tokenizer, probe: torch.Tensor, expected: torch.Tensor) -> None:
    with redirect_stderr(StringIO()):  # a bar of its own, which cannot be switched off
        read = AutoModelForCausalLM.from_pretrained(str(folder), gguf_file=name, dtype=torch.float32).eval()
    ids = AutoTokenizer.from_pretrained(str(folder), gguf_file=name)(_PROBE, add_special_tokens=False)["input_ids"]
    off = float((_logits(read, probe) - expected).abs().max() / expected.std())
    if off > _HALF_TOLERANCE or ids != tokenizer.encode(_PROBE):
        raise FinetabError(f"{name}, read again, answers unlike the merged model; this is a fault of finetab.")


def _check(folder: Path, probe: torch.Tensor, expected: torch.Tensor) -> None:
    written = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    found = _logits(written, probe)
    if (found - expected).abs().max() > _TOLERANCE * expected.std():
        raise FinetabError(f"The merged model in {folder} answers unlike base and adapter; this is a fault of finetab.")


def _logits(model: PreTrainedModel, probe: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        logits: torch.Tensor = model(input_ids=probe, use_cache=False).logits
    return logits
