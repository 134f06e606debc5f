"""A desk on a small random model, its application on a real socket, and a body to ask it with."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
from tests.server.engine.http_server import running

from finetab.core.base import Base
from finetab.engine.int8.network import Int8Network
from finetab.engine.shared_network import SharedNetwork
from finetab.engine.torch_engine import TorchEngine
from finetab.serving.app import app_of
from finetab.serving.clients import Clients, KeepingEngine
from finetab.serving.desk import Desk
from finetab.serving.metrics import Metrics
from finetab.serving.rate import Rate
from finetab.serving.served import Served

TEXT = "def area(width, height):\n    return wid"


@contextmanager
def desk_of(
    base: Base, new_engine: Callable[[], KeepingEngine] | None = None, *, any_folder: bool = True, **more: Any
) -> Iterator[Desk]:
    network = Int8Network(base.folder, base.spelled)
    shared = SharedNetwork(network)
    clients = Clients(new_engine or (lambda: TorchEngine(shared, base.fim.end_id, base.never_sampled)), 8, 1 << 30)
    metrics = Metrics(lambda: len(clients))
    served = Served(base, shared, any_folder=any_folder)
    desk = Desk(served, clients, metrics, more.pop("rate", Rate(1e6, 10**6)), **more)
    try:
        yield desk
    finally:
        desk.close()
        shared.close()


@contextmanager
def served(desk: Desk) -> Iterator[httpx2.Client]:
    with running(app_of(desk)) as url, httpx2.Client(base_url=url, timeout=20.0) as client:
        yield client


def body(**more: Any) -> dict[str, Any]:
    return {"prompt": TEXT, "max_tokens": 6, "temperature": 0, **more}
