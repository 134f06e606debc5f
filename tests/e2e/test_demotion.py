"""A promoted adapter that does worse at the desk than the base did, over the wire."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.e2e.scripted_client import SCRIPT
from tests.e2e.test_folders import start, until
from tests.server.stats.test_database import OFFER

from finetab.core.pointer import Pointer, read_pointer, write_pointer
from finetab.lsp.client import ServerProcess
from finetab.stats.database import database_path
from finetab.stats.events import Outcome
from finetab.stats.mark import mark_of
from finetab.stats.store import Store


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """200 suggestions each: half of the base's were taken, a tenth of the adapter's."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    store, here = Store(database_path()), replace(OFFER, folder=mark_of(tmp_path / "project"))
    for adapter, every in (("mine@0123", 10), ("base", 2)):
        for number in range(200):
            offer_id = f"{adapter}-{number}"
            store.put(replace(here, id=offer_id, adapter=adapter), Outcome(offer_id, "shown"))
            if number % every == 0:
                store.put(Outcome(offer_id, "accepted", 20.0))
    store.flush(20.0)
    store.close()
    store.join()


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize(("demotion", "is_rolled_back"), [("auto", True), ("ask", True), ("never", False)])
def test_the_rollback_is_offered_done_or_neither(demotion: str, is_rolled_back: bool, tmp_path: Path) -> None:
    root = tmp_path / "project"
    write_pointer(root, Pointer("mine", ("base",)))
    with ServerProcess(SCRIPT, choice="Roll Back") as server:
        start(server, [root], base="echo", demotion=demotion)
        if is_rolled_back:
            until(lambda: read_pointer(root) == Pointer("base", ()))
        else:
            server.open((root / "a.py").as_uri(), "x")
            until(lambda: server.complete((root / "a.py").as_uri(), 0, 0) is not None)
        asked = [message for message in server.received if message.get("method") == "window/showMessageRequest"]
        assert len(asked) == (demotion == "ask")
        assert server.stop() == 0
    assert (read_pointer(root).adapter == "base") == is_rolled_back
