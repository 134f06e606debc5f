"""Put a trained adapter where finetab ships one for its base: named `base`, in half precision, within 16 MB.

    python recipes/ship_adapter.py ADAPTER [--rank 24]

With a rank, its additions become the nearest ones of that rank (SVD of what they do). Measure what is shipped, not what
it was made from: `finetab evaluate --adapter base ...` does.
"""

import argparse
import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from rich.console import Console
from safetensors.torch import load_file, save_file

from finetab.adapters.config import CONFIG
from finetab.adapters.library import WEIGHTS, read_adapter
from finetab.adapters.parents import Parent
from finetab.adapters.shipped import FOLDER
from finetab.core import manifest
from finetab.core.atomic import new_folder
from finetab.core.manifest import Manifest
from finetab.core.pointer import BASE
from finetab.core.quiet import quiet_libraries
from finetab_training.compose.composition import Composition, compose
from finetab_training.data.trained import copy_trained

_MOST_BYTES = 16_000_000


def main() -> None:
    """Make the folder and say how large it is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("adapter")
    parser.add_argument("--rank", type=int, default=0)
    given = parser.parse_args()
    quiet_libraries()
    source, described = read_adapter(given.adapter)
    out = FOLDER / described.base_name
    with TemporaryDirectory() as scratch, new_folder(out) as building:
        weights = source
        if given.rank:
            weights = Path(scratch) / "smaller"
            halves = [Parent(source, described, 0.5)] * 2  # PEFT copies a single one, whatever the rank
            options = compose(halves, Composition("svd", given.rank), weights).options
            described = replace(described, options=options)
        _write(weights, source, described, building)
        size = sum(path.stat().st_size for path in building.iterdir())
        if size > _MOST_BYTES:
            raise SystemExit(f"{size:,} bytes are more than the {_MOST_BYTES:,} that ship; take a lower --rank.")
    Console().print(f"{out}: {size:,} bytes", highlight=False)


def _write(weights: Path, source: Path, described: Manifest, folder: Path) -> None:
    """The adapter's files; what the manifest says of this machine, and of adapters that are only here, stays behind."""
    state = {name: value.to(torch.float16) for name, value in load_file(weights / WEIGHTS).items()}
    save_file(state, folder / WEIGHTS, metadata={"format": "pt"})
    config = json.loads((weights / CONFIG).read_text("utf-8")) | {"base_model_name_or_path": described.base_name}
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n", "utf-8")
    copy_trained(source, folder)
    if described.notice:
        (folder / "NOTICE").write_text(described.notice + "\n", "utf-8")
    version = sha256((folder / WEIGHTS).read_bytes()).hexdigest()[:12]
    data = {key: value for key, value in described.data.items() if key not in ("data", "start")}
    manifest.write(folder, replace(described, name=BASE, version=version, data=data))


if __name__ == "__main__":
    main()
