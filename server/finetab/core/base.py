"""What is known of a base without its weights: where it stands, how it reads text, what marks it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetab.core.bases import known_base, real_name
from finetab.core.fim import FimFormat, never_sampled, read_format
from finetab.core.home import from_home
from finetab.core.likely import likely_ids
from finetab.core.tokenizer import Tokenizer
from finetab.core.vocabulary import Ids
from finetab.core.weights import base_folder, fingerprint

_SPELLED = ("<PRE>", "<SUF>", "<MID>")  # in the order of FimFormat.sentinel_ids


@dataclass(frozen=True, slots=True)
class Base:
    """A base with its tokenizer and FIM format."""

    name: str
    folder: Path
    fingerprint: str
    tokenizer: Tokenizer
    fim: FimFormat
    context_length: int
    """The longest sequence it was made for, in tokens."""
    num_logits: int
    """How many ids it gives logits for; those that stand for no text included."""

    @property
    def never_sampled(self) -> list[int]:
        """Ids that must not come out of it."""
        return never_sampled(self.fim, self.tokenizer, self.num_logits)

    @property
    def spelled(self) -> Mapping[int, Sequence[int]]:
        """Sentinels that no training has touched, and the tokens that spell each.

        Their embeddings begin as the mean of those tokens': a model finds the suffix sooner from there than from
        random or plain mean rows.
        """
        if self.fim.native:
            return {}
        return {index: self.tokenizer.encode(text) for index, text in zip(self.fim.sentinel_ids, _SPELLED, strict=True)}

    @property
    def likely(self) -> Ids | None:
        """The ids that code is mostly written with; None where nobody has counted, or where there are few anyway."""
        return likely_ids(read_config(self.folder)["model_type"], self.num_logits)

    @property
    def terms(self) -> str:
        """What must be said with every adapter of this base; empty for most."""
        base = known_base(self.name)
        return base.terms if base else ""


def read_config(folder: Path) -> dict[str, Any]:
    """The config.json of a model's folder."""
    config: dict[str, Any] = json.loads((folder / "config.json").read_text("utf-8"))
    return config


def read_base(name: str) -> Base:
    """What is known of a base by its name, folder or hub id.

    Raises `MissingWeights`, `UnknownName`, `BadInput`, `BadFile` or `BadAdapter`, each with what to do.
    """
    folder = base_folder(name)
    path = Path(from_home(name))
    label = str(path.resolve()) if path.exists() else real_name(name)
    tokenizer, fim = read_format(folder, label)
    config = read_config(folder)
    context = int(config.get("max_position_embeddings", 0))
    return Base(label, folder, fingerprint(folder), tokenizer, fim, context, int(config["vocab_size"]))
