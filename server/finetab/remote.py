"""From settings to a service whose engine is another process: only the tokenizer is loaded here, and no torch."""

from functools import partial
from pathlib import Path

from finetab.adapters.beside import check, lies_beside
from finetab.adapters.library import chosen
from finetab.completion.completer import Completer
from finetab.core.base import Base, read_base
from finetab.core.logins import normalised, token_for
from finetab.core.manifest import Manifest
from finetab.core.progress import Progress
from finetab.engine.base import GenerationRequest
from finetab.engine.connection import Address, Connection
from finetab.engine.http_engine import HttpEngine
from finetab.errors import BadSetting, EngineAway
from finetab.seats import Seat, voice_of
from finetab.settings import SHARED, Settings
from finetab.sharing import SharedEngine


def load_remote(settings: Settings, progress: Progress) -> Completer:
    """A `LoadService`. An engine that is away for now is no reason not to begin: it is asked again at each key.

    Raises `FinetabError` where it serves another base, and for what is missing here.
    """
    progress("reading the tokenizer", 0.1)
    _, adapter = chosen(settings)
    base = read_base(settings.base)
    if adapter is not None:
        check(base, adapter[1])
    voice = voice_of(settings, base, adapter[1] if adapter else None)
    _ = base.tokenizer.vocabulary  # a second that the first request should not wait
    model = _model(settings, adapter)
    is_shared = settings.engine == SHARED
    engine = _shared(settings, base, model, progress) if is_shared else _elsewhere(settings, base, progress)
    return Completer(Seat(engine, model, engine.close), voice)


def _shared(settings: Settings, base: Base, model: str, progress: Progress) -> HttpEngine:
    """The engine that all editors of this user share, up and running, with the adapter beside its weights."""
    shared = SharedEngine(settings, base)
    engine = HttpEngine(Connection(shared.address), base, shared.start)
    try:
        shared.start()
        shared.wait(engine, progress)
        # It takes up the adapter now, or refuses it: at a keystroke it would be late for either.
        engine.generate(GenerationRequest(base.fim.sentinel_ids[:1], 1, adapter=model))
    except BaseException:
        engine.close()
        raise
    return engine


def _elsewhere(settings: Settings, base: Base, progress: Progress) -> HttpEngine:
    """An engine that somebody else runs, whether it is there or not."""
    address = Address(normalised(settings.engine), partial(token_for, settings.engine))
    engine = HttpEngine(Connection(address), base)
    progress("asking the engine", 0.7)
    try:
        engine.check()
    except EngineAway:
        progress("the engine is away", 1.0)
    except BaseException:
        engine.close()
        raise
    return engine


def _model(settings: Settings, adapter: tuple[Path, Manifest] | None) -> str:
    """What the engine is to call an adapter: one on this machine finds the folder, others know a name.

    Raises `BadSetting` where the adapter cannot be served with others.
    """
    if adapter is None:
        return ""
    folder, manifest = adapter
    if settings.engine != SHARED:
        return manifest.name
    if not lies_beside(folder):
        raise BadSetting(f"{manifest.label} changes the weights, so no engine can share it; set engine to own.")
    return str(folder.resolve())
