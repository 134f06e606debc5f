"""The files around a cursor: those that its file imports are read, and those that must stay out of prompts are named.

All of it may wait for the disk and for git, so it is no work for an event loop.
"""

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePath

from finetab.completion.request import CompletionRequest
from finetab.core.generated import is_data, is_generated, is_vendored
from finetab.core.git import generated_files, ignored_files, repository_of
from finetab.core.imports import imported_files
from finetab.core.languages import language_of
from finetab.documents import Document, open_document, read_text
from finetab.errors import BadFile

_MAX_BYTES = 200_000  # of a file that is not open
_REMEMBERED = 128  # files
_PATIENCE_SECONDS = 2.0  # with git
_SILENT_SECONDS = 60.0  # until it is asked again


class WorkspaceFiles:
    """Reads files, and remembers them until they change. Used by one thread at a time."""

    def __init__(self) -> None:
        self._known: dict[str, Document] = {}
        """The files that were read last, by path, the oldest first."""
        self._judged: dict[str, tuple[int, str]] = {}
        """By path, the hash of the text that was looked at and what is wrong with it, "" for nothing."""
        self._silent_until: dict[Path, float] = {}
        """By repository, in seconds of the monotonic clock."""

    def around(self, request: CompletionRequest) -> list[Document]:
        """The open files, the edited ones that the disk has as they were closed, and the imported ones."""
        closed = [document for document in request.closed if self._is_as_on_disk(document)]
        known = [*request.neighbours, *closed]
        files, seen = known, {_real(PurePath(document.path)) for document in (*known, request.document)}
        for file in self._imported(request):
            place = _real(PurePath(file.path))
            if place not in seen:  # by another name, through a link, it is the same file
                seen.add(place)
                files.append(file)
        return files

    def _is_as_on_disk(self, document: Document) -> bool:
        read = self._read(document.path)
        return read is not None and read.text == document.text

    def _imported(self, request: CompletionRequest) -> Iterator[Document]:
        """The files of the workspace's folders that a request's document imports."""
        tree, folders = request.document.tree, [PurePath(folder).as_posix() for folder in request.folders]
        if tree is None or not folders:
            return

        def exists(place: str) -> bool:
            return any(place.startswith(f"{folder}/") for folder in folders) and os.path.isfile(place)

        homes = [os.path.realpath(folder) for folder in folders]
        for place in imported_files(tree, request.document.path, exists):
            # A link must not lead out of the workspace.
            if any(os.path.realpath(place).startswith(home + os.sep) for home in homes):
                read = self._read(place)
                if read is not None:
                    yield read

    def _read(self, path: str) -> Document | None:
        """A file as it is on the disk; None for what is no source file, or too large for one."""
        try:
            facts = os.stat(path)
            known = self._known.get(path)
            if known is None or known.version != facts.st_mtime_ns:
                if facts.st_size > _MAX_BYTES or language_of(path) is None:
                    return None
                known = open_document(path, read_text(Path(path)), facts.st_mtime_ns)
        except (OSError, ValueError, BadFile):  # a URI, or a path that the system does not take, is no file
            return None
        self._known.pop(path, None)
        self._known[path] = known
        if len(self._known) > _REMEMBERED:
            self._known.pop(next(iter(self._known)))
        return known

    def why_not(self, documents: Sequence[Document], folders: Sequence[str]) -> dict[str, str]:
        """Those of the files, by path, that must stay out of prompts, with the reason."""
        reasons = dict(self._left_out_by_place(documents, folders))
        for document in documents:
            reason = self._judgement(document)
            if reason:
                reasons.setdefault(document.path, reason)
        return reasons

    def _left_out_by_place(self, documents: Iterable[Document], folders: Sequence[str]) -> Iterator[tuple[str, str]]:
        """What git ignores or calls generated, and of the workspace's own files those in folders for other things.

        Where git does not answer, what nobody has opened stays out: it may be ignored.
        """
        by_repository: dict[Path, dict[str, Document]] = {}
        for document in documents:
            path = PurePath(document.path)
            folder = max((folder for folder in folders if path.is_relative_to(folder)), key=len, default=None)
            if folder is not None and is_vendored(path.relative_to(folder).as_posix()):
                yield document.path, "hidden, vendored or built"
            elif path.is_absolute() and (real := _real(path)) and (repository := repository_of(real)):
                by_repository.setdefault(repository, {})[real.relative_to(repository).as_posix()] = document
        for repository, names in by_repository.items():
            ignored = self._ignored(repository, names)
            if ignored is None:
                closed = (each.path for each in names.values() if self._known.get(each.path) is each)
                yield from ((path, "git did not answer") for path in closed)
                continue
            generated = generated_files(repository, names, _PATIENCE_SECONDS)
            for reason, found in (("generated", generated), ("ignored by git", ignored)):
                yield from ((names[name].path, reason) for name in found if name in names)

    def _ignored(self, repository: Path, names: Iterable[str]) -> frozenset[str] | None:
        """What git says; where it has just not answered it is not asked again for a while."""
        if time.monotonic() < self._silent_until.get(repository, 0.0):
            return None
        found = ignored_files(repository, names, _PATIENCE_SECONDS)
        if found is None:
            self._silent_until[repository] = time.monotonic() + _SILENT_SECONDS
        return found

    def _judgement(self, document: Document) -> str:
        judged, reason = self._judged.get(document.path, (None, ""))
        if judged != hash(document.text):
            is_written = is_generated(document.path, document.text)
            reason = "generated" if is_written else "minified or data" if is_data(document.text) else ""
            self._judged[document.path] = hash(document.text), reason
        return reason


def _real(path: PurePath) -> Path | None:
    """Where a path leads, None where the system does not take it for one."""
    try:
        return Path(os.path.realpath(path))
    except (OSError, ValueError):
        return None
