"""What an engine serves: a base, and the adapters that clients ask for, put beside its weights when first needed."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from finetab.adapters.beside import check, lies_beside
from finetab.adapters.library import list_adapters, read_adapter
from finetab.adapters.listing import library_folder, manifests_in
from finetab.adapters.shipped import shipped_adapter
from finetab.core.base import Base
from finetab.core.manifest import Manifest
from finetab.core.pointer import BASE
from finetab.engine.network import NO_ADAPTER, Network
from finetab.engine.wire import OWNER
from finetab.errors import BadAdapter, UnknownName, near_match

_MOST_ADAPTERS = 16


class Served:
    """A base and its adapters. With `any_folder` a client may name an adapter's folder: it is the same user.

    Safe to call from any thread.
    """

    def __init__(self, base: Base, network: Network, *, any_folder: bool) -> None:
        self.base = base
        self._network = network
        self.any_folder = any_folder
        self._lock = threading.Lock()
        self._num_running: OrderedDict[str, int] = OrderedDict()  # answers, by the adapters that are attached

    @contextmanager
    def adapter_of(self, model: str) -> Iterator[str]:
        """What the network calls a model's adapter, which stays attached meanwhile.

        Raises `UnknownName` or `BadAdapter` where there is none that fits.
        """
        if model in ("", self.base.name):
            yield NO_ADAPTER
            return
        folder, manifest = self._find(model)
        with self._lock:
            self._attach(folder, manifest)
            self._num_running[manifest.label] += 1
        try:
            yield manifest.label
        finally:
            with self._lock:
                self._num_running[manifest.label] -= 1

    def models(self) -> list[dict[str, Any]]:
        """What `/v1/models` lists."""
        base = {
            "id": self.base.name,
            "object": "model",
            "owned_by": OWNER,
            "fingerprint": self.base.fingerprint,
            "max_model_len": self.base.context_length,
        }
        fitting = [one.name for one in manifests_in(library_folder()) if one.base_fingerprint == self.base.fingerprint]
        return [base, *({**base, "id": name, "parent": self.base.name} for name in fitting)]

    def _find(self, model: str) -> tuple[Path, Manifest]:
        if self.any_folder:
            return read_adapter(model)
        shipped = shipped_adapter(self.base.name)
        if model == BASE and shipped is not None:
            return read_adapter(str(shipped))
        if model not in list_adapters():
            raise UnknownName(f'No model "{model}" is served{near_match(model, [self.base.name, *list_adapters()])}')
        return read_adapter(str(library_folder() / model))

    def _attach(self, folder: Path, manifest: Manifest) -> None:
        """Put an adapter beside the weights where it is not there yet; of too many, those that rest longest go."""
        name = manifest.label
        if name not in self._num_running:
            if not lies_beside(folder):
                raise BadAdapter(f"{name} changes the weights, so it cannot be served with others.")
            check(self.base, manifest)
            self._network.attach(name, folder)
            self._num_running[name] = 0
        self._num_running.move_to_end(name)
        resting = [other for other, count in self._num_running.items() if not count and other != name]
        for other in resting[: max(0, len(self._num_running) - _MOST_ADAPTERS)]:
            self._network.detach(other)
            del self._num_running[other]
