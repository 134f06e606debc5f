"""What an adapter says by heart: its own training text, continued from the text's own beginnings.

Tuning on a repository is meant to teach its names and habits. A long run that comes back letter by letter, or anything
that looks like a secret, is told in the report (after Carlini et al. 2021, arXiv 2012.07805).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from finetab.completion.request import CompletionRequest, Service
from finetab.core.credentials import holds_long_credentials
from finetab.documents import open_document
from finetab_training.data.source_file import SourceFile

_VERBATIM_CHARACTERS = 60
_LEAST_PREFIX = 200  # characters that stand before a place


@dataclass(frozen=True, slots=True)
class Memorised:
    """How much was tried, and what came of it."""

    num_tried: int
    num_verbatim: int
    """Answers of at least 60 characters that stand letter by letter in the file."""
    num_secrets: int
    examples: tuple[str, ...]
    """Some of the verbatim ones; secrets are not shown."""


def memorised(
    service: Service, files: Sequence[SourceFile], limit: int, seed: int, advance: Callable[[], None]
) -> Memorised:
    """Ask for the continuation of training files from their own prefixes, with nothing after the cursor."""
    verbatim: list[str] = []
    num_tried = num_secrets = 0
    for file, offset in _places(files, limit, seed):
        document = open_document(file.path, file.text[:offset], language_id=file.language.name)
        said = service.complete(CompletionRequest(document, offset)).text
        num_tried += 1
        num_secrets += holds_long_credentials(said, "." + file.path.rpartition(".")[2])
        if len(said) >= _VERBATIM_CHARACTERS and file.text.startswith(said, offset):
            verbatim.append(said)
        advance()
    return Memorised(num_tried, len(verbatim), num_secrets, tuple(verbatim[:3]))


def _places(files: Sequence[SourceFile], limit: int, seed: int) -> Iterator[tuple[SourceFile, int]]:
    """Starts of lines in the files, drawn."""
    generator = Random(f"{seed}/memorised")
    long = [index for index in range(len(files)) if len(files[index].text) > 2 * _LEAST_PREFIX]
    for _ in range(limit if long else 0):
        file = files[generator.choice(long)]
        offset = file.text.rfind("\n", 0, generator.randrange(_LEAST_PREFIX, len(file.text))) + 1
        yield file, max(offset, 1)
