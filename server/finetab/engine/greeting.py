"""What an engine in another process says of itself, and whether it is the one that is meant."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from finetab.core.base import Base
from finetab.engine.connection import Connection
from finetab.engine.wire import COMPLETIONS, MODELS, OWNER
from finetab.errors import BadSetting, EngineAway, Refused, near_match


@dataclass(frozen=True, slots=True)
class Manners:
    """How a server is to be asked."""

    is_ours: bool
    """Whether it is a finetab engine, which says tails anew and knows its adapters itself."""
    takes_ids: bool
    """Whether a prompt may be ids; else it is text."""
    base_model: str
    """What it calls the base."""
    models: tuple[str, ...]
    """All that it lists."""

    def model_for(self, adapter: str, label: str) -> str:
        """What to call an adapter, or with "" the base. Raises `BadSetting` where it is not served."""
        if not adapter:
            return self.base_model
        if self.is_ours or adapter in self.models:
            return adapter
        raise BadSetting(f'The engine at {label} serves no model "{adapter}"{near_match(adapter, self.models)}')


def greet(connection: Connection, base: Base) -> Manners:
    """Ask a server what it serves. Raises `BadSetting` where it is another base, `EngineAway` where it is not there."""
    label = connection.address.label
    listed = connection.get(MODELS)
    models = listed.get("data") if isinstance(listed, dict) else None
    if not isinstance(models, list) or not models or not all(isinstance(one, dict) and "id" in one for one in models):
        raise EngineAway(f"The engine at {label} lists no models at {MODELS}.")
    served = _base_among(models, base, label)
    _check_same(served, base, label)
    is_ours = served.get("owned_by") == OWNER
    takes_ids = is_ours or _takes_ids(connection, served["id"], base)
    return Manners(is_ours, takes_ids, served["id"], tuple(one["id"] for one in models))


def _base_among(models: list[dict[str, Any]], base: Base, label: str) -> Mapping[str, Any]:
    """The one with the base's name or, where it is called otherwise, the only one that is no adapter."""
    for one in models:
        if one["id"] == base.name:
            return one
    bases = [one for one in models if not one.get("parent")]
    if len(bases) != 1:
        names = ", ".join(str(one["id"]) for one in models)
        raise BadSetting(f'The engine at {label} serves no model "{base.name}", but {names}.')
    return bases[0]


def _check_same(served: Mapping[str, Any], base: Base, label: str) -> None:
    """What a server tells of its weights must be so of ours: finetab tells a fingerprint, llama.cpp a vocabulary."""
    fingerprint = served.get("fingerprint", base.fingerprint)
    num_ids = (served.get("meta") or {}).get("n_vocab", base.num_logits)
    if fingerprint != base.fingerprint or num_ids != base.num_logits:
        raise BadSetting(
            f'The engine at {label} serves "{served["id"]}", which has other weights than {base.name} here; '
            "set base to what it serves."
        )


def _takes_ids(connection: Connection, model: str, base: Base) -> bool:
    """Try it: a server that wants text refuses ids."""
    probe = {"model": model, "prompt": base.tokenizer.encode("a = 1\n"), "max_tokens": 1, "temperature": 0.0}
    try:
        connection.post(COMPLETIONS, probe)
    except Refused:
        return False
    return True
