"""What pygls 2.1 leaves open: requests that are never answered, clients that count from 0, toasts for our faults."""

import logging
from collections.abc import Generator
from typing import Any

from cattrs import Converter
from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidRequest
from pygls.protocol import LanguageServerProtocol, default_converter, lsp_method
from pygls.protocol.json_rpc import JsonRPCNotification, RPCMessage, RPCRequest

_LOG = logging.getLogger(__name__)


class RobustProtocol(LanguageServerProtocol):
    """Answers a request that cannot be read or that comes too late; pygls would leave the client waiting."""

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Turn a message into its type; a request that has none is answered -32602 before the error goes on."""
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            if "id" in data and "method" in data:
                self._send_response(data["id"], error=error.to_response_error())
            raise

    def handle_message(self, message: RPCMessage) -> None:
        """Hand a message to its handler; a request after `shutdown` is answered -32600."""
        if self._shutdown and isinstance(message, RPCRequest):
            error = JsonRpcInvalidRequest("The server is shutting down.")
            self._send_response(message.id, error=error.to_response_error())
        else:
            super().handle_message(message)

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> Generator[Any, Any, None]:
        """Hand changes to our handler alone.

        pygls's own copy of the text splits lines where the protocol does not, goes astray, and then raises
        before our handler has seen the change.
        """
        yield self.fm.features[types.TEXT_DOCUMENT_DID_CHANGE], (params,), None


def lenient_converter() -> Converter:
    """A converter that takes what clients really send.

    vscode-languageserver-types 3.17 counts trigger kinds from 0, and clients of that age send
    `selectedCompletionInfo` with its range as a list. The parameters of notifications that are not in the protocol stay
    plain data: pygls would make objects of them, whose attributes are called otherwise where a key is no name.
    """
    converter: Converter = default_converter()
    kinds = types.InlineCompletionTriggerKind

    def trigger_kind(value: Any, _type: Any) -> types.InlineCompletionTriggerKind:
        return kinds(value) if value in (1, 2) else kinds.Invoked

    def context(value: Any, _type: Any) -> types.InlineCompletionContext:
        given = value if isinstance(value, dict) else {}
        return types.InlineCompletionContext(trigger_kind=trigger_kind(given.get("triggerKind"), None))

    def notification(value: Any, _type: Any) -> JsonRPCNotification:
        return JsonRPCNotification(value.get("method", ""), value["jsonrpc"], value.get("params"))

    converter.register_structure_hook(kinds, trigger_kind)
    converter.register_structure_hook(types.InlineCompletionContext, context)
    converter.register_structure_hook(JsonRPCNotification, notification)
    return converter


def log_error(error: Exception, source: object) -> None:
    """One line in the log; a fault of ours is no toast for the user."""
    _LOG.error("%s: %s", getattr(source, "__name__", source), error)
