"""The model in force: loaded in a thread, swapped when settings change, the old one answering until then."""

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from finetab.completion.request import LoadService, Service
from finetab.core.progress import Progress
from finetab.errors import FinetabError
from finetab.settings import Settings

_LOG = logging.getLogger(__name__)
_FAILED = "The model could not be loaded because of a fault in finetab; the log has the details."


class ServiceHolder:
    """Holds the service, or says why there is none. Used on the event loop; only loading leaves it."""

    def __init__(self, load: LoadService) -> None:
        self.service: Service | None = None
        self.why_not = "the model has not been loaded yet"
        self._load = load
        self._turn = asyncio.Lock()
        self._wanted: Settings | None = None
        self._in_force: Settings | None = None
        self._is_closed = False
        self._leases: Counter[Service] = Counter()
        self._retired: set[Service] = set()

    @contextmanager
    def lease(self, service: Service | None = None) -> Iterator[Service | None]:
        """The service in force, which is not closed before this ends: who was asked answers, whatever is swapped in.

        Work that may outlive its request takes a lease of its own on the `service` that the request has.
        """
        service = service or self.service
        if service is None:
            yield None
            return
        self._leases[service] += 1
        try:
            yield service
        finally:
            self._leases[service] -= 1
            if not self._leases[service]:
                del self._leases[service]  # else it would be held for ever
                if service in self._retired:
                    self._close(service)

    def want(self, settings: Settings) -> bool:
        """Say what is to be in force from now on; whether that is news, so that `load` has to follow."""
        if self._is_closed or settings == self._wanted:
            return False
        self._wanted = settings
        return True

    def settle_for(self, asked: Settings, plain: Settings) -> bool:
        """Want less than what was asked for, which cannot be had; whether nothing else has been asked for since."""
        if self._wanted != asked:
            return False
        self._wanted = plain
        return True

    def give_up(self, settings: Settings) -> None:
        """Want what is in force again, where these settings could not be had: asked for once more, they are news."""
        if self._wanted == settings:
            self._wanted = self._in_force

    async def load(self, settings: Settings, progress: Progress) -> str:
        """Load what the settings ask for and put it in force; a sentence for the user where that failed, else "".

        One load runs at a time: the memory may not hold two more models. What is no longer wanted when its turn
        comes is not loaded, and what is no longer wanted when it has been loaded is closed.
        """
        async with self._turn:
            if settings != self._wanted or settings == self._in_force:
                return ""
            if self.service is None:
                self.why_not = "the model is loading"
            service, fault = await self._loaded(settings, progress)
            if settings != self._wanted:
                self._close(service)
                return ""
            if service is None:
                self.why_not = fault
            else:
                self._retire(self.service)
                self.service, self._in_force = service, settings
            return fault

    async def _loaded(self, settings: Settings, progress: Progress) -> tuple[Service | None, str]:
        """The service, or None and why there is none."""
        try:
            return await _in_daemon_thread(self._load, settings, progress), ""
        except FinetabError as error:
            return None, str(error)
        except Exception:  # noqa: BLE001 - the edge: the server lives on without a model
            _LOG.exception("the model could not be loaded")
            return None, _FAILED

    def empty(self) -> None:
        """Have nothing in force, and want nothing."""
        self._wanted = self._in_force = None
        self._retire(self.service)
        self.service = None

    def close(self) -> None:
        """Close the service, and make every load that is still under way come to nothing."""
        self._is_closed = True
        self._wanted = None
        self._close(self.service)
        self.service = None
        self.why_not = "the server is shutting down"

    def _retire(self, service: Service | None) -> None:
        """Close a service when nobody uses it any more."""
        if service is not None and self._leases[service]:
            self._retired.add(service)
        else:
            self._close(service)

    def _close(self, service: Service | None) -> None:
        if service is not None:
            self._retired.discard(service)
            # Closing waits for a decoding step.
            threading.Thread(target=service.close, daemon=True).start()


async def _in_daemon_thread(load: LoadService, settings: Settings, progress: Progress) -> Service:
    """Run a load in a thread that does not keep the process alive when the editor goes away meanwhile."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Service] = loop.create_future()

    def settle(service: Service | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        elif service is not None:
            done.set_result(service)

    def work() -> None:
        try:
            service = load(settings, progress)
        except BaseException as error:  # noqa: BLE001 - handed to the one who waits
            loop.call_soon_threadsafe(settle, None, error)
        else:
            loop.call_soon_threadsafe(settle, service, None)

    threading.Thread(target=work, name="finetab-load", daemon=True).start()
    return await done
