"""The server's state: open documents, folders with their models, and what became of the last requests."""

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from finetab import __version__
from finetab.completion.asking import Rhythm
from finetab.completion.request import LoadService
from finetab.completion.scheduler import Scheduler
from finetab.documents import DocumentStore
from finetab.errors import NoSpace
from finetab.journal import note
from finetab.lsp.folders import Folders
from finetab.lsp.notebook import Notebook
from finetab.lsp.robust import RobustProtocol, lenient_converter, log_error
from finetab.lsp.status import METHOD, Status
from finetab.settings import Settings
from finetab.stats.database import database_path
from finetab.stats.recorder import Recorder
from finetab.stats.store import Store

T = TypeVar("T")
_LOG = logging.getLogger(__name__)
_REMEMBERED_REQUESTS = 20
# A superseded request ends within one decoding step, so few ever wait here.
_WORKERS = 4
# The cells of all notebooks, whatever their language; the client sends them with the notebook, not as documents.
_NOTEBOOKS = types.NotebookDocumentSyncOptions([types.NotebookDocumentFilterWithNotebook(notebook="*")])


class FinetabServer(LanguageServer):
    """A pygls server with finetab's state. Handlers stand in the other files of this folder."""

    def __init__(self, load: LoadService) -> None:
        super().__init__(
            "finetab",
            __version__,
            text_document_sync_kind=types.TextDocumentSyncKind.Incremental,
            notebook_document_sync=_NOTEBOOKS,
            protocol_cls=RobustProtocol,
            converter_factory=lenient_converter,
        )
        self.documents = DocumentStore()
        self.notebooks: dict[str, Notebook] = {}
        self.scheduler = Scheduler()
        self._rhythms: dict[str, Rhythm] = {}
        self.folders = Folders(load)
        self.workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="finetab-request")
        self.requests: deque[dict[str, Any]] = deque(maxlen=_REMEMBERED_REQUESTS)
        self.recorder = Recorder(Store(database_path()))
        self.status = Status(lambda status: self.protocol.notify(METHOD, status))
        self.startup_faults: list[str] = []
        self.is_copilot_plugin = False
        self.was_shut_down = False
        self.asked: set[str] = set()
        """The questions that the user has been asked in this session."""
        self._told: set[str] = set()
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def settings(self) -> Settings:
        """Those of the main folder, for what is the same everywhere."""
        return self.folders.main.settings

    def counts(self, uri: str = "") -> bool:
        """Whether statistics are kept: of a document, as its folder says, or with none named of any."""
        if not uri:
            return any(folder.settings.statistics for folder in self.folders)
        document = self.documents.get(uri)
        return self.folders.of(uri if document is None else document.path).settings.statistics

    @property
    def encoding(self) -> types.PositionEncodingKind | str:
        """What the characters of positions count, as agreed with the client."""
        return self.workspace.position_encoding or types.PositionEncodingKind.Utf16

    def rhythm_of(self, uri: str) -> Rhythm:
        """How somebody types in a document or cell; it is forgotten with the document."""
        return self._rhythms.setdefault(uri, Rhythm())

    def forget_rhythm(self, uri: str) -> None:
        """The document has been closed."""
        self._rhythms.pop(uri, None)

    def remember(self, record: dict[str, Any]) -> None:
        """Keep what became of a request, here and in the journal that `finetab why` reads."""
        self.requests.appendleft(record)
        if self.counts(record["uri"]) and not self.was_shut_down:
            self.workers.submit(self._note, record)

    def _note(self, record: dict[str, Any]) -> None:
        try:
            note(record)
        except (OSError, NoSpace) as error:
            if "journal" not in self._told:
                self._told.add("journal")
                _LOG.warning("the journal of requests cannot be written: %s", error)

    def tell(self, message: str, kind: types.MessageType = types.MessageType.Warning) -> None:
        """Show the user a sentence, once in a session."""
        if message not in self._told:
            self._told.add(message)
            _LOG.warning("%s", message)
            self.window_show_message(types.ShowMessageParams(type=kind, message=message))

    def run_beside(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run work in a task of its own, which no client's `$/cancelRequest` reaches."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)  # the loop holds tasks weakly
        task.add_done_callback(self._tasks.discard)
        return task

    def report_server_error(self, error: Exception, source: Any) -> None:
        """See `log_error`."""
        log_error(error, source)
