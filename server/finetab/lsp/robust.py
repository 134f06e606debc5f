"""What pygls 2.1 leaves open: requests that are never answered, clients that count from 0, toasts for our faults."""

import logging
from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import Any

from cattrs import Converter
from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidRequest
from pygls.protocol import LanguageServerProtocol, default_converter, lsp_method
from pygls.protocol.json_rpc import JsonRPCNotification, JsonRPCRequestMessage, RPCMessage, RPCRequest

_LOG = logging.getLogger(__name__)


class RobustProtocol(LanguageServerProtocol):
    """Answers a request that cannot be read or that comes too late; pygls would leave the client waiting."""

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Leave an object as it is: pygls calls this for every one inside a message as well."""
        return data

    def handle_message(self, message: Any) -> None:
        """Give a message its type and hand it on; what asks for an answer and has no such type gets an error.

        A batch is no message of the language server protocol, and is ignored as other values are.
        """
        if not isinstance(message, dict) or "jsonrpc" not in message or not isinstance(message.get("id", 0), int | str):
            _LOG.warning("ignored what is no message")
            return
        is_request = "method" in message and "id" in message
        try:
            typed = super().structure_message(message)
            if is_request and not isinstance(typed, RPCRequest):
                raise JsonRpcInvalidRequest(f"{message['method']} is a notification, and has no id.")
        except JsonRpcException as error:
            if is_request:
                self._send_response(message["id"], error=error.to_response_error())
            raise
        self._handle(typed)

    def _handle(self, message: RPCMessage) -> None:
        """Hand a message to its handler; a request after `shutdown` is answered -32600."""
        if self._shutdown and isinstance(message, RPCRequest):
            error = JsonRpcInvalidRequest("The server is shutting down.")
            self._send_response(message.id, error=error.to_response_error())
        else:
            super().handle_message(message)

    def _execute_handler(
        self, msg_id: str | int, handler: Any, callback: Callable[[Future[Any]], None],
        args: tuple[Any, ...] | None = None, kwargs: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """Forget what has ended: pygls keeps something of each notification for good, that is of each key."""

        def ended(future: Future[Any]) -> None:
            self._request_futures.pop(msg_id, None)
            callback(future)

        super()._execute_handler(msg_id, handler, ended, args, kwargs)

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> Generator[Any, Any, None]:
        """Hand changes to our handler alone.

        pygls's own copy of the text splits lines where the protocol does not, goes astray, and then raises
        before our handler has seen the change.
        """
        yield self.fm.features[types.TEXT_DOCUMENT_DID_CHANGE], (params,), None

    @lsp_method(types.NOTEBOOK_DOCUMENT_DID_CHANGE)
    def lsp_notebook_document__did_change(
        self, params: types.DidChangeNotebookDocumentParams
    ) -> Generator[Any, Any, None]:
        """Hand changes to our handler alone, as with documents."""
        yield self.fm.features[types.NOTEBOOK_DOCUMENT_DID_CHANGE], (params,), None


def lenient_converter() -> Converter:
    """A converter that takes what clients really send.

    vscode-languageserver-types 3.17 counts trigger kinds from 0 (by hand) to 1, the protocol from 1 to 2, and clients
    of that age send `selectedCompletionInfo` with its range as a list. Either gives such a client away; until it sends
    a 2, its 1 is no request by hand. What makes no sense as selected is taken as nothing selected. The parameters of
    messages that are not in the protocol stay plain data, and need not be there: pygls would make objects of them,
    whose attributes are called otherwise where a key is no name.
    """
    converter: Converter = default_converter()
    kinds = types.InlineCompletionTriggerKind
    counts_from_0 = False

    def trigger_kind(value: Any, _type: Any) -> types.InlineCompletionTriggerKind:
        nonlocal counts_from_0
        counts_from_0 = value == 0 or (counts_from_0 and value != 2)
        if counts_from_0 and value in (0, 1):
            return kinds(value + 1)
        return kinds(value) if value in (1, 2) else kinds.Invoked

    def context(value: Any, _type: Any) -> types.InlineCompletionContext:
        given = value if isinstance(value, dict) else {}
        # In this order: what is selected may tell how the kinds are counted.
        chosen = selected(given.get("selectedCompletionInfo"))
        kind = trigger_kind(given.get("triggerKind"), None)
        return types.InlineCompletionContext(trigger_kind=kind, selected_completion_info=chosen)

    def selected(value: Any) -> types.SelectedCompletionInfo | None:
        nonlocal counts_from_0
        try:
            if isinstance(value["range"], list):
                start, end = value["range"]
                counts_from_0 = True
                value = {**value, "range": {"start": start, "end": end}}
            return converter.structure(value, types.SelectedCompletionInfo)
        except Exception:  # noqa: BLE001 - cattrs raises groups of anything; without it the request still makes sense
            return None

    def request(value: Any, _type: Any) -> JsonRPCRequestMessage:
        return JsonRPCRequestMessage(value["id"], value["method"], value["jsonrpc"], value.get("params"))

    converter.register_structure_hook(JsonRPCRequestMessage, request)

    def notification(value: Any, _type: Any) -> JsonRPCNotification:
        return JsonRPCNotification(value.get("method", ""), value["jsonrpc"], value.get("params"))

    converter.register_structure_hook(kinds, trigger_kind)
    converter.register_structure_hook(types.InlineCompletionContext, context)
    converter.register_structure_hook(JsonRPCNotification, notification)
    return converter


def log_error(error: Exception, source: object) -> None:
    """One line in the log; a fault of ours is no toast for the user."""
    _LOG.error("%s: %s", getattr(source, "__name__", source), error)
