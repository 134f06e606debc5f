"""The model in force: loaded in a thread, swapped when settings change, the old one answering until then."""

import asyncio
import logging
import threading

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
        self._newest = 0

    async def load(self, settings: Settings, progress: Progress) -> str:
        """Load what the settings ask for and put it in force; a sentence for the user where that failed, else "".

        A load that a newer one has overtaken puts nothing in force.
        """
        self._newest += 1
        number = self._newest
        if self.service is None:
            self.why_not = "the model is loading"
        fault, service = "", None
        try:
            service = await _in_daemon_thread(self._load, settings, progress)
        except FinetabError as error:
            fault = str(error)
        except Exception:  # noqa: BLE001 - the edge: the server lives on without a model
            _LOG.exception("the model could not be loaded")
            fault = _FAILED
        if number != self._newest:
            self._close(service)
            return ""
        if service is None:
            self.why_not = fault
        else:
            self._close(self.service)
            self.service = service
        return fault

    def close(self) -> None:
        """Close the service, and make every load that is still under way come to nothing."""
        self._newest += 1
        self._close(self.service)
        self.service = None
        self.why_not = "the server is shutting down"

    def _close(self, service: Service | None) -> None:
        if service is not None:
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
