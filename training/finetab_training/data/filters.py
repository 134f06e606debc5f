"""Whether a raw file becomes training text: one table of small steps, each with a name for the report.

Each step sees what is known of the file so far and says whether the file passes. The first that says no gives
the reason. Steps are pure and need no other file, so they run in as many processes as there are cores.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from finetab.core.credentials import without_credentials
from finetab.core.generated import is_data, is_generated, is_vendored
from finetab.core.languages import Language, language_of
from finetab.core.syntax import SyntaxTree, parse, walk
from finetab_training.data.licences import PERMISSIVE, is_allowed, licence_in
from finetab_training.data.source_file import SourceFile
from finetab_training.data.sources import RawFile

_MAX_ERROR_SHARE = 0.05  # of a file's bytes inside nodes that do not parse


@dataclass(frozen=True, slots=True)
class Policy:
    """What a build lets pass."""

    licences: tuple[str, ...] = PERMISSIVE
    """Of third-party files; the user's own are exempt."""
    max_bytes: int = 1_000_000


@dataclass(frozen=True)
class Candidate:
    """A file on its way through the steps."""

    raw: RawFile
    policy: Policy
    credentials: tuple[str, ...] = ()
    """Kinds of the secrets that were cut out of it."""

    @cached_property
    def language(self) -> Language | None:
        """By the path's suffix."""
        return language_of(self.raw.path)

    @cached_property
    def text(self) -> str | None:
        """The content as text, None where it is not UTF-8."""
        try:
            return self.raw.data.decode("utf-8")
        except UnicodeDecodeError:
            return None

    @cached_property
    def tree(self) -> SyntaxTree:
        """The syntax tree of the text; only for files that have both."""
        assert self.text is not None
        assert self.language is not None
        return parse(self.text, self.language)

    @property
    def licence(self) -> str:
        """The file's own header, else what its source states."""
        return licence_in(self.text or "") or self.raw.licence


@dataclass(frozen=True, slots=True)
class Examined:
    """What became of a raw file: the source file, or the reason why there is none."""

    source: str
    path: str
    file: SourceFile | None
    reason: str = ""
    credentials: tuple[str, ...] = ()


def is_named_like_code(path: str) -> bool:
    """Whether a file may pass, as far as its path tells."""
    return not (is_vendored(path) or language_of(path) is None or is_generated(path, ""))


def examine(raw: RawFile, policy: Policy) -> Examined:
    """Put a raw file through all steps."""
    candidate = Candidate(raw, policy)
    for reason, passes in STEPS:
        if not passes(candidate):
            return Examined(raw.source, raw.path, None, reason)
    cleaned = _without_credentials(candidate)
    if cleaned is None:
        return Examined(raw.source, raw.path, None, "a secret that cannot be cut out")
    if not _is_healthy(cleaned):
        return Examined(raw.source, raw.path, None, "does not parse")
    assert cleaned.language is not None
    file = SourceFile(raw.path, cleaned.language, cleaned.text or "", raw.source, cleaned.licence)
    return Examined(raw.source, raw.path, file, credentials=cleaned.credentials)


def _without_credentials(candidate: Candidate) -> Candidate | None:
    cleaned, kinds = without_credentials(candidate.tree)
    if cleaned is None:
        return None
    if not kinds:
        return candidate
    return Candidate(replace(candidate.raw, data=cleaned.encode()), candidate.policy, kinds)


def _is_written_by_hand(candidate: Candidate) -> bool:
    return not (candidate.raw.is_generated or is_generated(candidate.raw.path, candidate.text or ""))


def _is_healthy(candidate: Candidate) -> bool:
    tree = candidate.tree
    if not tree.root.has_error:
        return True
    broken = sum(node.end_byte - node.start_byte for node in walk(tree.root) if node.is_error)
    return broken <= _MAX_ERROR_SHARE * len(tree.data)


STEPS: tuple[tuple[str, Callable[[Candidate], bool]], ...] = (
    ("hidden, vendored or built", lambda file: not is_vendored(file.raw.path)),
    ("unreadable", lambda file: not file.raw.is_unreadable),
    ("in no known language", lambda file: file.language is not None),
    ("too large", lambda file: len(file.raw.data) <= file.policy.max_bytes),
    ("binary", lambda file: b"\0" not in file.raw.data),
    ("not UTF-8", lambda file: file.text is not None),
    ("empty", lambda file: bool((file.text or "").strip())),
    ("licence", lambda file: file.raw.is_own or is_allowed(file.licence, file.policy.licences)),
    ("generated", _is_written_by_hand),
    ("minified or data", lambda file: not is_data(file.text or "")),
    ("does not parse", _is_healthy),
)
