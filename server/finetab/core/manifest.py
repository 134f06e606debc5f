"""The manifest beside an adapter's weights: what it was made from, how it must be prompted, what it scored.

An adapter folder is plain PEFT files and one `manifest.json`, so other tools load it and finetab can refuse
it in one sentence when it does not fit.
"""

import json
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from finetab.core.atomic import write_text
from finetab.core.fim import FORMS, FimFormat, Form
from finetab.errors import BadAdapter

FILE_NAME = "manifest.json"
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Budgets:
    """How many tokens of each part a prompt may have, the same in training, evaluation and serving."""

    prefix: int = 512
    suffix: int = 128
    context: int = 0
    """Of code from other files; 0 takes none."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything a server must know before it loads an adapter, and everything a person may ask later."""

    name: str
    version: str
    """The first 12 hex digits of the SHA-256 of the adapter's weights."""
    created: str
    """UTC, ISO 8601."""
    base_name: str
    base_fingerprint: str
    tokenizer_fingerprint: str
    method: str
    options: dict[str, Any]
    quantisation: str
    """What the base's weights were in while training: `none` or `nf4`."""
    compute_dtype: str
    fim_family: str
    sentinel_ids: tuple[int, int, int]
    end_id: int
    form: Form
    """The order of parts that most of its training rows had."""
    serve_form: Form
    """The form to serve it in: `form` until an evaluation has found another one better."""
    teaches_empty: bool
    """Whether its rows had empty middles, so that the end token may come first."""
    budgets: Budgets
    data: dict[str, Any]
    seed: int
    libraries: dict[str, str]
    evaluation: dict[str, Any] | None = None
    notice: str = ""
    """Terms of the base that go with every derived adapter."""
    schema: int = field(default=SCHEMA)

    @property
    def label(self) -> str:
        """Name and version, by which an answer says who gave it."""
        return f"{self.name}@{self.version}"


def write(folder: Path, manifest: Manifest) -> None:
    """Write or replace the manifest of an adapter folder, whole or not at all."""
    write_text(folder / FILE_NAME, json.dumps(asdict(manifest), indent=2, ensure_ascii=False) + "\n")


def read(folder: Path) -> Manifest:
    """Read the manifest of an adapter folder. Raises `BadAdapter`, saying what is wrong with which folder."""
    path = folder / FILE_NAME
    if not path.is_file():
        raise BadAdapter(f"{folder} is no adapter: it has no {FILE_NAME}. Train one with: finetab train --out {folder}")
    try:
        raw = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadAdapter(f"{path} cannot be read ({error}); train the adapter again.") from error
    return _from_dict(raw, path)


def _from_dict(raw: Any, path: Path) -> Manifest:
    known = {item.name for item in fields(Manifest)}
    if not isinstance(raw, dict) or raw.get("schema") != SCHEMA:
        schema = raw.get("schema") if isinstance(raw, dict) else None
        raise BadAdapter(f"{path} has schema {schema}, this finetab reads {SCHEMA}; train the adapter again.")
    missing = known - raw.keys()
    if missing or raw.keys() - known:
        odd = ", ".join(sorted(missing or raw.keys() - known))
        raise BadAdapter(f"{path} has {'no' if missing else 'unknown'} {odd}; train the adapter again.")
    if raw["form"] not in FORMS or raw["serve_form"] not in FORMS:
        raise BadAdapter(f"{path} asks for the form {raw['serve_form']!r}; known: {', '.join(FORMS)}.")
    try:
        budgets = Budgets(**raw["budgets"])
        sentinels = (int(raw["sentinel_ids"][0]), int(raw["sentinel_ids"][1]), int(raw["sentinel_ids"][2]))
        return Manifest(**{**raw, "budgets": budgets, "sentinel_ids": sentinels})
    except (TypeError, ValueError, IndexError) as error:
        raise BadAdapter(f"{path} is damaged ({error}); train the adapter again.") from error


def check_base(manifest: Manifest, base_name: str, base_fingerprint: str) -> None:
    """Raise `BadAdapter`, in one sentence, when the adapter was made for other weights."""
    if manifest.base_fingerprint != base_fingerprint:
        raise BadAdapter(
            f'The adapter "{manifest.name}" was trained on {manifest.base_name} '
            f"({manifest.base_fingerprint[:12]}), not on {base_name} ({base_fingerprint[:12]}); "
            f"serve it with base {manifest.base_name} or train it again on {base_name}."
        )


def check_fits(manifest: Manifest, base_name: str, base_fingerprint: str, tokenizer: str, fim: FimFormat) -> None:
    """`check_base`, and the same for other tokens or sentinels."""
    check_base(manifest, base_name, base_fingerprint)
    if manifest.tokenizer_fingerprint != tokenizer:
        raise BadAdapter(
            f'The adapter "{manifest.name}" was trained with another tokenizer of {base_name}; train it again.'
        )
    if (manifest.sentinel_ids, manifest.end_id) != (fim.sentinel_ids, fim.end_id):
        raise BadAdapter(
            f'The adapter "{manifest.name}" was trained with sentinels {manifest.sentinel_ids} and end '
            f"{manifest.end_id}, but the {fim.family} row now says {fim.sentinel_ids} and {fim.end_id}; train it again."
        )


def with_evaluation(manifest: Manifest, report: dict[str, Any], serve_form: Form) -> Manifest:
    """The manifest with an evaluation's report and the form that measured best; what a tune has measured stays."""
    return replace(manifest, evaluation={**(manifest.evaluation or {}), **report}, serve_form=serve_form)
