"""What a completer has of an engine that it shares with others: its place there, and how it asks. Needs no torch."""

from collections.abc import Callable
from dataclasses import dataclass

from finetab.completion.completer import Voice
from finetab.core.base import Base
from finetab.core.fim import FORMS, Form
from finetab.core.manifest import Budgets, Manifest
from finetab.engine.base import Engine, Generation, GenerationRequest
from finetab.errors import BadSetting
from finetab.settings import Settings


@dataclass(frozen=True, slots=True)
class Seat:
    """One completer's place at an engine that several share."""

    engine: Engine
    adapter: str
    leave: Callable[[], None]

    def generate(self, request: GenerationRequest) -> Generation:
        """See `Engine.generate`."""
        return self.engine.generate(request.by(self.adapter))

    def close(self) -> None:
        """See `Engine.close`; the weights are freed with the last one to leave."""
        self.leave()


def voice_of(settings: Settings, base: Base, manifest: Manifest | None) -> Voice:
    """How a base, or an adapter of that manifest, is asked. Raises `BadSetting` for budgets that it cannot read."""
    return Voice(
        base=base.name,
        adapter=manifest.label if manifest else settings.adapter,  # `base` or `none`
        tokenizer=base.tokenizer,
        fim=base.fim,
        form=_form(settings, base, manifest),
        budgets=_budgets(settings, base, manifest),
        max_new_tokens=settings.max_new_tokens,
        may_be_empty=manifest is not None and manifest.teaches_empty,
    )


def _form(settings: Settings, base: Base, manifest: Manifest | None) -> Form:
    for form in FORMS:
        if settings.form == form:
            return form
    return base.fim.untuned_form if manifest is None else manifest.serve_form


def _budgets(settings: Settings, base: Base, manifest: Manifest | None) -> Budgets:
    trained = manifest.budgets if manifest is not None else Budgets()
    budgets = Budgets(
        prefix=settings.prefix_tokens or trained.prefix,
        suffix=settings.suffix_tokens or trained.suffix,
        context=settings.context_tokens or trained.context,
    )
    # Sentinels and the begin token are four more.
    needed = budgets.context + budgets.prefix + budgets.suffix + settings.max_new_tokens + 4
    if needed > base.context_length:
        raise BadSetting(
            f"context_tokens {budgets.context} + prefix_tokens {budgets.prefix} + suffix_tokens {budgets.suffix} + "
            f"max_new_tokens {settings.max_new_tokens} are more than the {base.context_length} tokens that "
            f"{base.name} reads; "
            "lower one of them."
        )
    return budgets
