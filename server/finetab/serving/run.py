"""Running an engine: load the base, open the socket, serve until told to end or idle for long enough."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Mapping

import uvicorn
from starlette.applications import Starlette

from finetab.core.memory import give_back
from finetab.core.weights import base_folder
from finetab.engine.budget import team_kv_budget
from finetab.engine.shared_network import SharedNetwork
from finetab.engine.torch_engine import TorchEngine
from finetab.engine.ways import choose_way, open_network
from finetab.serving.app import app_of
from finetab.serving.clients import Clients
from finetab.serving.desk import Desk
from finetab.serving.metrics import Metrics
from finetab.serving.place import Place
from finetab.serving.rate import Rate
from finetab.serving.served import Served
from finetab.settings import Settings

_MOST_CLIENTS = 32  # with cached prompts
_MOST_CONNECTIONS = 512
_DRAIN_SECONDS = 20
_LOOK_SECONDS = 0.5
_LOG = logging.getLogger(__name__)


def run_engine(
    settings: Settings, place: Place, hashes: Mapping[str, str], *, per_second: float, idle_seconds: float
) -> None:
    """Serve until SIGTERM or SIGINT, or until nobody has asked for `idle_seconds` (0 for never).

    What is being answered then is answered to its end.
    """
    folder = base_folder(settings.base)
    base, network = open_network(settings, folder, choose_way(settings, folder, None)[0], None)
    shared = SharedNetwork(network)
    most_bytes = team_kv_budget(network.device)

    def new_engine() -> TorchEngine:
        return TorchEngine(shared, base.fim.end_id, base.never_sampled, most_bytes // _MOST_CLIENTS)

    clients = Clients(new_engine, _MOST_CLIENTS, most_bytes)
    served = Served(base, shared, any_folder=bool(place.socket))
    desk = Desk(served, clients, Metrics(lambda: len(clients)), Rate(per_second, max(1, round(2 * per_second))), hashes)
    _ = base.tokenizer.vocabulary  # a second that the first request should not wait
    give_back()
    _serve(desk, place, idle_seconds)
    desk.close()
    shared.close()


def _serve(desk: Desk, place: Place, idle_seconds: float) -> None:
    app = app_of(desk)
    where = {"uds": place.socket} if place.socket else {"host": place.host, "port": place.port}
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            **where,
            ssl_certfile=place.certificate or None,
            ssl_keyfile=place.key or None,
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_graceful_shutdown=_DRAIN_SECONDS,
            access_log=False,
            log_level="info",
        )
    )

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        watch = asyncio.create_task(_look_after(desk, server, idle_seconds))
        yield
        watch.cancel()

    app.router.lifespan_context = lifespan
    server.run()


async def _look_after(desk: Desk, server: uvicorn.Server, idle_seconds: float) -> None:
    """Give back what clients hold that have left, and end when nobody asks any more."""
    while True:
        await asyncio.to_thread(desk.clients.let_go)
        await asyncio.sleep(_LOOK_SECONDS)
        rested = time.monotonic() - desk.last_used
        if idle_seconds and not desk.num_running and rested > idle_seconds:
            _LOG.info("nobody has asked for %.0f s: ending", rested)
            server.should_exit = True
