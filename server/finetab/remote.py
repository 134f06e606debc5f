"""From settings to a service whose engine is another process: only the tokenizer is loaded here, and no torch."""

from pathlib import Path

from finetab.adapters.beside import check
from finetab.adapters.library import chosen
from finetab.completion.completer import Completer
from finetab.core.base import read_base
from finetab.core.logins import normalised, token_for
from finetab.core.manifest import Manifest
from finetab.core.progress import Progress
from finetab.engine.connection import Address, Connection
from finetab.engine.http_engine import HttpEngine
from finetab.errors import EngineAway
from finetab.seats import Seat, voice_of
from finetab.settings import Settings


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
    _ = base.tokenizer.vocabulary  # two seconds that the first request should not wait
    address = Address(normalised(settings.engine), token_for(settings.engine))
    engine = HttpEngine(Connection(address), base)
    progress("asking the engine", 0.7)
    try:
        engine.check()
    except EngineAway:
        progress("the engine is away", 1.0)
    except BaseException:
        engine.close()
        raise
    return Completer(Seat(engine, _model(adapter), engine.close), voice)


def _model(adapter: tuple[Path, Manifest] | None) -> str:
    """What the engine is to call an adapter."""
    return "" if adapter is None else adapter[1].name
