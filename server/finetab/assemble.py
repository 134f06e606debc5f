"""From settings to a service: load the base, put the adapter on, start the engine. Slow; imports torch."""

import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from finetab.adapters.beside import check, lies_beside
from finetab.adapters.library import chosen
from finetab.completion.completer import Completer
from finetab.core.base import Base
from finetab.core.manifest import Manifest
from finetab.core.memory import give_back
from finetab.core.progress import Progress
from finetab.engine.network import NO_ADAPTER
from finetab.engine.torch_engine import TorchEngine
from finetab.engine.ways import Way, choose_way, open_network
from finetab.seats import Seat, voice_of
from finetab.settings import Settings

_Adapter: TypeAlias = tuple[Path, Manifest]


@dataclass(frozen=True, slots=True)
class _Key:
    """What completers must have in common to share weights."""

    folder: Path
    device: str
    dtype: str
    way: Way
    alone: str
    """The adapter that the weights themselves hold, where it cannot lie beside them."""


@dataclass(frozen=True, slots=True)
class _Shared:
    """Weights in memory, and how many completers use them with which adapter beside them."""

    base: Base
    engine: TorchEngine
    users: Counter[str] = field(default_factory=Counter)


class Loader:
    """A `LoadService`. Completers on one base share its weights, each with its own adapter beside them.

    So a swap of adapters is a matter of a few megabytes, and folders with adapters of their own need no base each.
    Safe to call from any thread; one load runs at a time.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shared: dict[_Key, _Shared] = {}

    def __call__(self, settings: Settings, progress: Progress) -> Completer:
        """Raises `FinetabError` with what to do when a part is missing or does not fit."""
        folder, adapter = chosen(settings)
        beside = adapter is None or lies_beside(adapter[0])
        alone = "" if adapter is None or beside else adapter[1].label
        way, _ = choose_way(settings, folder, adapter[0] if adapter else None)
        key = _Key(folder, settings.device, settings.dtype, way, alone)
        with self._lock:
            progress("loading the model", 0.1)
            shared = self._shared.get(key) or _loaded(settings, key, adapter)
            self._shared[key] = shared
            try:
                return self._seated(settings, key, adapter, progress)
            finally:
                self._free_if_unused(key)

    @property
    def num_bases(self) -> int:
        """How many bases are in memory."""
        return len(self._shared)

    def _seated(self, settings: Settings, key: _Key, adapter: _Adapter | None, progress: Progress) -> Completer:
        shared = self._shared[key]
        voice = voice_of(settings, shared.base, adapter[1] if adapter else None)
        name = NO_ADAPTER
        if adapter is not None and not key.alone:
            progress("loading the adapter", 0.7)
            name = adapter[1].label
            check(shared.base, adapter[1])
            if not shared.users[name]:
                shared.engine.attach(name, adapter[0])
        shared.users[name] += 1
        _ = shared.base.tokenizer.vocabulary  # a second that the first request should not wait
        give_back()
        progress("ready", 1.0)
        return Completer(Seat(shared.engine, name, lambda: self._leave(key, name)), voice)

    def _leave(self, key: _Key, name: str) -> None:
        with self._lock:
            shared = self._shared[key]
            shared.users[name] -= 1
            if name != NO_ADAPTER and not shared.users[name]:
                shared.engine.detach(name)
            self._free_if_unused(key)

    def _free_if_unused(self, key: _Key) -> None:
        if not self._shared[key].users.total():
            self._shared.pop(key).engine.close()


def load_completer(settings: Settings, progress: Progress) -> Completer:
    """One completer on weights of its own."""
    return Loader()(settings, progress)


def _loaded(settings: Settings, key: _Key, adapter: _Adapter | None) -> _Shared:
    alone = adapter if key.alone else None
    base, network = open_network(settings, key.folder, key.way, alone, is_cut=True, is_bare=adapter is None)
    return _Shared(base, TorchEngine(network, base.fim.end_id, base.never_sampled))
