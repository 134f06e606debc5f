"""What pygls leaves open: nothing is kept of a notification that has been handled."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.server.lsp.test_loading import Loader

from finetab.lsp.server import build_server

URI = "file:///a.txt"


class Nowhere:
    """Takes what the server writes."""

    def write(self, data: bytes) -> None:
        """See the class."""

    def close(self) -> None:
        """See the class."""


def test_nothing_is_kept_of_notifications(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))

    async def kept() -> int:
        server = build_server(Loader())
        protocol = server.protocol
        protocol.set_writer(Nowhere())

        def send(method: str, params: dict[str, Any], **more: Any) -> None:
            message: Any = {"jsonrpc": "2.0", "method": method, "params": params, **more}
            protocol.handle_message(message)

        send("initialize", {"processId": None, "rootUri": None, "capabilities": {}}, id=1)
        item = {"uri": URI, "languageId": "plaintext", "version": 1, "text": "x"}
        send("textDocument/didOpen", {"textDocument": item})
        for version in range(2, 12):
            place = {"uri": URI, "version": version}
            send("textDocument/didChange", {"textDocument": place, "contentChanges": [{"text": "y" * version}]})
        document = server.documents.get(URI)
        assert document is not None
        assert document.text == "y" * 11
        return len(protocol._request_futures)

    assert asyncio.run(kept()) == 0
