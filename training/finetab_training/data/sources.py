"""Where source files come from: folders, git commits, installed packages, hub datasets. Read one at a time.

    FOLDER              its files, no links; in a git repository the tracked and not ignored ones
    FOLDER@COMMIT       the tracked files as they were at a commit or tag
    package:NAME        an installed Python package, by the name it is imported by
    FILE.whl            a Python package as it is downloaded; nothing of it is installed or run
    hub:ID              a dataset of source files, such as hub:bigcode/the-stack-smol, streamed; or a folder of one

Files of folders are the user's own; those of packages and hub datasets are third-party, and their licence counts.
"""

import importlib.util
import os
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from importlib.metadata import PathDistribution, packages_distributions
from itertools import chain, count
from pathlib import Path
from stat import S_ISREG
from typing import Any

from finetab.core.git import generated_files
from finetab.errors import BadFile, BadInput, UnknownName
from finetab_training.data import git
from finetab_training.data.licences import licence_of_distribution, licence_of_folder, licence_of_package

_KINDS = "a folder, FOLDER@COMMIT, package:NAME, FILE.whl or hub:ID"
# The columns of bigcode/starcoderdata and bigcode/the-stack, whichever is there.
_COLUMNS = {
    "text": ("content", "text", "code"),
    "path": ("max_stars_repo_path", "path", "file_path"),
    "licence": ("max_stars_repo_licenses", "licenses", "license"),
}


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file as its source gives it, before any filter."""

    source: str
    path: str
    """Within the source, with forward slashes."""
    data: bytes
    licence: str
    """An SPDX expression, "" where none is stated."""
    is_own: bool
    is_generated: bool = False
    """Whether the repository's `.gitattributes` call it generated or vendored."""
    is_unreadable: bool = False
    """A file, or a folder of them, that stands there and cannot be read."""


@dataclass(frozen=True, slots=True)
class Source:
    """One place that files come from, not yet read."""

    name: str
    files: Iterable[RawFile]
    """Iterated once; nothing is read before."""
    folder: Path | None = None
    """Where it stands on this disk."""
    commit: str = ""
    """The commit that is read; "" for files as they stand on the disk."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What the report says of it."""


def open_source(spec: str, columns: dict[str, str] | None = None) -> Source:
    """A source by its spec, as the module's docstring lists them. Raises `BadInput` when there is none.

    `columns` names a hub dataset's own columns for `text`, `path` and `licence`.
    """
    kind, colon, name = spec.partition(":")
    if colon and kind == "package":
        return _package(name)
    if colon and kind == "hub":
        return _hub(name, columns or {})
    if Path(spec).is_dir():
        return _folder(Path(spec))
    if spec.endswith(".whl") and Path(spec).is_file():
        return _wheel(Path(spec))
    folder, at, commit = spec.rpartition("@")
    if at and Path(folder).is_dir():
        return at_commit(Path(folder), commit)
    if Path(spec).exists():
        raise BadFile(f"{spec} is a file; a source is {_KINDS}.")
    raise BadFile(f"There is no folder {spec}; a source is {_KINDS}.")


def told_apart(sources: Iterable[Source]) -> list[Source]:
    """The same sources under names that are all different: of two `src` the second is `src-2`."""
    found: dict[str, Source] = {}
    for source in sources:
        numbered = (f"{source.name}-{number}" for number in count(2))
        name = next(name for name in chain([source.name], numbered) if name not in found)
        found[name] = source if name == source.name else _renamed(source, name)
    return list(found.values())


def _renamed(source: Source, name: str) -> Source:
    return replace(source, name=name, files=(replace(raw, source=name) for raw in source.files))


def _folder(folder: Path) -> Source:
    licence = licence_of_folder(folder)
    return Source(folder.resolve().name, _files_of(folder, licence, is_own=True), folder, facts={"licence": licence})


def _files_of(folder: Path, licence: str, *, is_own: bool) -> Iterator[RawFile]:
    names = git.listed_files(folder)
    found, closed = _walked(folder) if names is None else ([folder / name for name in names], [])
    generated = generated_files(folder, names) if names else frozenset()
    # A link may lead out of the folder, to what its owner never meant to train on; an installer may link a package's.
    files = (path for path in found if _may_be_file(path, follows=not is_own))
    for path in sorted([*files, *closed]):
        name = path.relative_to(folder).as_posix()
        data = _data(path)
        yield RawFile(
            folder.resolve().name, name, data or b"", licence, is_own, name in generated, is_unreadable=data is None
        )


def _walked(folder: Path) -> tuple[list[Path], list[Path]]:
    """What stands below a folder and in it, and the folders that cannot be looked into."""
    errors: list[OSError] = []
    walked = os.walk(folder, onerror=errors.append)
    found = [Path(parent, name) for parent, _, names in walked for name in names]
    return found, [Path(error.filename) for error in errors]


def _may_be_file(path: Path, *, follows: bool) -> bool:
    try:
        return S_ISREG(path.stat(follow_symlinks=follows).st_mode)
    except PermissionError:
        return True  # reading it says so
    except OSError:
        return False


def _data(path: Path) -> bytes | None:
    """The first bytes of a file, as many as are ever needed; None where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(git.MOST_BYTES)
    except OSError:
        return None


def at_commit(folder: Path, commit: str) -> Source:
    """The tracked files of a repository at a commit, tag or other revision. Raises `BadInput` for an unknown one."""
    found = git.resolve(folder, commit)
    licence = licence_of_folder(folder)

    def files() -> Iterator[RawFile]:
        names = git.files_at(folder, found)
        generated = generated_files(folder, names)
        for name, data in git.contents(folder, found, sorted(names)):
            yield RawFile(folder.resolve().name, name, data, licence, is_own=True, is_generated=name in generated)

    return Source(folder.resolve().name, files(), folder, found, {"commit": found, "licence": licence})


def package_folder(name: str) -> Path:
    """The folder of an installed package. Raises `UnknownName`."""
    spec = importlib.util.find_spec(name) if name.isidentifier() else None
    if spec is None or not spec.submodule_search_locations:
        raise UnknownName(f'There is no installed package "{name}" to tune on; install it or name another one.')
    return Path(next(iter(spec.submodule_search_locations)))


def _package(name: str) -> Source:
    folder = package_folder(name)
    # A package is often imported by another name than it is installed by: yaml comes from PyYAML.
    distribution = next(iter(packages_distributions().get(name, [])), "")
    licence = licence_of_package(distribution) if distribution else ""
    facts = {"distribution": distribution, "licence": licence}
    return Source(f"package:{name}", _files_of(folder, licence, is_own=False), folder, facts=facts)


def _wheel(path: Path) -> Source:
    """A wheel is a zip file; its name begins with the distribution's name and version."""
    name = "-".join(path.name.split("-")[:2])
    try:
        with zipfile.ZipFile(path) as archive:
            names = [each.filename for each in archive.infolist() if not each.is_dir()]
    except (OSError, zipfile.BadZipFile) as error:
        raise BadFile(f"{path} cannot be read as a wheel: {error}.") from error
    licence = licence_of_distribution(PathDistribution(zipfile.Path(path, f"{name}.dist-info/")))

    def files() -> Iterator[RawFile]:
        with zipfile.ZipFile(path) as archive:
            for inner in sorted(names):
                with archive.open(inner) as file:
                    yield RawFile(name, inner, file.read(git.MOST_BYTES), licence, is_own=False)

    return Source(name, files(), facts={"licence": licence})


def _hub(name: str, columns: dict[str, str]) -> Source:
    return Source(f"hub:{name}", _hub_files(name, columns))


def _hub_files(name: str, columns: dict[str, str]) -> Iterator[RawFile]:
    from datasets import load_dataset  # noqa: PLC0415 - takes seconds, and only this kind of source needs it

    try:
        rows = load_dataset(name, split="train", streaming=True)
    except Exception as error:
        raise BadInput(
            f"The dataset {name} cannot be opened ({error}); is it there, and is there a network?"
        ) from error
    for number, row in enumerate(rows):
        text = _column(row, "text", columns, name)
        path = _column(row, "path", columns, name)
        licence = _column(row, "licence", columns, name, default="")
        # Several licences found in one repository all bind.
        stated = " AND ".join(f"({each})" for each in licence) if isinstance(licence, list) else str(licence or "")
        yield RawFile(f"hub:{name}", str(path or number), str(text).encode("utf-8", "replace"), stated, is_own=False)


def _column(row: dict[str, Any], what: str, columns: dict[str, str], name: str, default: Any = None) -> Any:
    candidates = (columns[what],) if what in columns else _COLUMNS[what]
    found = next((column for column in candidates if column in row), None)
    if found is None and default is None:
        raise BadInput(
            f"The dataset {name} has no column for {what} ({', '.join(candidates)}); it has {', '.join(row)}. "
            f"Name it with --column {what}=NAME."
        )
    return default if found is None else row[found]
