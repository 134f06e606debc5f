"""From settings to a service: load the base, put the adapter on, start the engine. Slow; imports torch."""

from finetab.adapters.attach import attach
from finetab.adapters.library import chosen
from finetab.completion.completer import Completer, Voice
from finetab.core.fim import FORMS, Form
from finetab.core.manifest import Budgets, Manifest
from finetab.core.models import BaseModel, Quantisation, load_base
from finetab.core.progress import Progress
from finetab.engine.torch_engine import TorchEngine
from finetab.errors import BadSetting
from finetab.settings import Settings


def load_completer(settings: Settings, progress: Progress) -> Completer:
    """A `LoadService`. Raises `FinetabError` with what to do when a part is missing or does not fit."""
    _, adapter = chosen(settings)
    progress("loading the model", 0.1)
    base = load_base(
        settings.base, device=settings.device, dtype=settings.dtype, quantisation=_quantisation(settings.quantisation)
    )
    model, manifest = base.model, None
    if adapter is not None:
        progress("loading the adapter", 0.7)
        folder, manifest = adapter
        model = attach(base, folder, manifest)
    voice = _voice(settings, base, manifest)
    engine = TorchEngine(model, voice.fim.end_id, base.never_sampled)
    _ = base.tokenizer.vocabulary  # two seconds that the first request should not wait
    progress("ready", 1.0)
    return Completer(engine, voice)


def _voice(settings: Settings, base: BaseModel, manifest: Manifest | None) -> Voice:
    return Voice(
        base=base.name,
        adapter="base" if manifest is None else f"{manifest.name}@{manifest.version}",
        tokenizer=base.tokenizer,
        fim=base.fim,
        form=_form(settings, base, manifest),
        budgets=_budgets(settings, base, manifest),
        max_new_tokens=settings.max_new_tokens,
        may_be_empty=manifest is not None and manifest.teaches_empty,
    )


def _form(settings: Settings, base: BaseModel, manifest: Manifest | None) -> Form:
    for form in FORMS:
        if settings.form == form:
            return form
    return base.fim.untuned_form if manifest is None else manifest.serve_form


def _budgets(settings: Settings, base: BaseModel, manifest: Manifest | None) -> Budgets:
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


def _quantisation(name: str) -> Quantisation:
    return "nf4" if name == "nf4" else "none"
