"""A workspace of several folders over the wire, and adapters promoted under a running server."""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.e2e.scripted_client import SCRIPT, messages
from tests.server.adapters.real_adapter import make_adapter

from finetab.core.pointer import Pointer, read_pointer, write_pointer
from finetab.lsp.client import ServerProcess
from finetab.stats.database import database_path, read_rows
from finetab.stats.mark import mark_of

FINETAB = [*SCRIPT[:1], "-m", "finetab", "serve"]
PATIENCE_SECONDS = 60


def start(server: ServerProcess, roots: list[Path], capabilities: Any = None, **options: Any) -> None:
    folders = [{"uri": root.as_uri(), "name": root.name} for root in roots]
    server.call(
        "initialize",
        {"processId": None, "rootUri": None, "capabilities": capabilities or {}, "workspaceFolders": folders,
         "initializationOptions": options},
    )  # fmt: skip
    server.notify("initialized", {})


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def adapter_at(server: ServerProcess, path: Path) -> str | None:
    """Who answers in a file, None while nobody does."""
    text = server.complete(path.as_uri(), 0, 0)
    return None if text is None else str(json.loads(text)[2])


def test_each_folder_is_answered_with_its_own_adapter_and_folders_come_and_go(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for root in (one, two):
        root.mkdir()
        (root / "finetab.toml").write_text(f'adapter = "for-{root.name}"\n')
    with ServerProcess(SCRIPT) as server:
        start(server, [one], base="echo")
        for path in (one / "a.py", two / "a.py", tmp_path / "outside.py"):
            server.open(path.as_uri(), "x")
        until(lambda: adapter_at(server, one / "a.py") == "for-one")
        assert adapter_at(server, two / "a.py") == "for-one"
        change = {"added": [{"uri": two.as_uri(), "name": "two"}], "removed": []}
        server.notify("workspace/didChangeWorkspaceFolders", {"event": change})
        until(lambda: adapter_at(server, two / "a.py") == "for-two")
        assert adapter_at(server, one / "a.py") == "for-one"
        assert adapter_at(server, tmp_path / "outside.py") == "for-one"
        change = {"added": [], "removed": [{"uri": one.as_uri(), "name": "one"}]}
        server.notify("workspace/didChangeWorkspaceFolders", {"event": change})
        until(lambda: adapter_at(server, one / "a.py") == "for-two")
        assert server.stop() == 0


def test_a_client_is_asked_for_the_settings_of_each_folder(tmp_path: Path) -> None:
    roots = [tmp_path / "one", tmp_path / "two"]
    with ServerProcess(SCRIPT, settings={"adapter": "pulled"}) as server:
        start(server, roots, {"workspace": {"configuration": True, "workspaceFolders": True}}, base="echo")
        asked = server.wait_for(lambda message: message.get("method") == "workspace/configuration")
        assert [item.get("scopeUri") for item in asked["params"]["items"]] == [root.as_uri() for root in roots]
        server.open((roots[1] / "a.py").as_uri(), "x")
        until(lambda: adapter_at(server, roots[1] / "a.py") == "pulled")


def test_what_is_promoted_is_in_force_within_a_second_and_a_changed_file_as_well(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    with ServerProcess(SCRIPT) as server:
        start(server, [tmp_path], base="echo")
        server.open(path.as_uri(), "x")
        until(lambda: adapter_at(server, path) == "base")
        write_pointer(tmp_path, read_pointer(tmp_path).moved_to("promoted"))
        until(lambda: adapter_at(server, path) == "promoted")
        (tmp_path / "finetab.toml").write_text('adapter = "named"\n')
        until(lambda: adapter_at(server, path) == "named")
        (tmp_path / "finetab.toml").unlink()
        until(lambda: adapter_at(server, path) == "promoted")
        write_pointer(tmp_path, Pointer("promoted", ("base", "removed")))
        undo = {"command": "finetab.rollback", "arguments": [{"uri": tmp_path.as_uri()}]}
        assert server.call("workspace/executeCommand", undo) == {"adapter": "base", "was": "promoted"}
        until(lambda: adapter_at(server, path) == "base")
        assert server.call("workspace/executeCommand", undo) is None
        assert messages(server) == ["No longer there, and passed over: removed."]


def test_swaps_under_load_drop_no_request_and_no_answer_comes_from_a_wrong_adapter(
    tmp_path: Path, tiny: Callable[[str], Path]
) -> None:
    """Every answer names its adapter; the text must be what that adapter answers when nothing is swapped.

    In full precision: in 8 bits an adapter that is alone lies in the weights, and is rounded with them.
    """
    base, path, prompt = tiny("llama"), tmp_path / "a.py", "total = 3 + "
    names = ["base", *(make_adapter(base, tmp_path / ".finetab" / "adapters" / name, seed).name
                       for seed, name in enumerate(("one", "two"), 1))]  # fmt: skip
    with ServerProcess(FINETAB) as server:
        start(server, [tmp_path], base=str(base), maxNewTokens=8, form="prefix", lookAhead=False,
              quantisation="none")  # fmt: skip
        server.open(path.as_uri(), prompt)

        def answer() -> tuple[str, str]:
            result = server.answer(server.complete_request(path.as_uri(), 0, len(prompt)))["result"]
            said = server.why()[0]
            return said.get("adapter", said["why"]).split("@")[0], result["items"][0]["insertText"] if result else ""

        expected = {}
        for name in names:
            write_pointer(tmp_path, Pointer(name))
            until(lambda name=name: answer()[0] == name)  # type: ignore[misc]
            expected[name] = answer()[1]
        assert len(set(expected.values())) == len(names)
        seen: list[str] = []
        ended = threading.Event()

        def swap() -> None:
            for step in range(20):
                name = names[step % len(names)]
                write_pointer(tmp_path, Pointer(name))
                time.sleep(0.6)  # longer than the server takes to look
                while step < len(names) and name not in seen:
                    time.sleep(0.1)  # on a busy machine
            ended.set()

        threading.Thread(target=swap, daemon=True).start()
        while not ended.is_set():
            name, text = answer()
            assert expected[name] == text
            seen.append(name)
        assert set(seen) == set(names)
        assert messages(server) == []
        assert server.stop() == 0


def test_two_compared_at_the_desk_take_turns_line_by_line_and_each_line_keeps_its_own(tmp_path: Path) -> None:
    path, num_lines = tmp_path / "a.py", 24
    write_pointer(tmp_path, Pointer("mine", against="base", since=1.0))
    with ServerProcess(SCRIPT) as server:
        start(server, [tmp_path], base="echo", status=True)
        server.open(path.as_uri(), "x\n" * num_lines)

        def adapters() -> list[str]:
            texts = [server.complete(path.as_uri(), line, 0) for line in range(num_lines)]
            return [json.loads(text)[2] if text else "" for text in texts]

        until(lambda: set(adapters()) == {"mine", "base"})
        seen = adapters()
        assert adapters() == seen
        assert 4 <= seen.count("mine") <= num_lines - 4
        told = [message["params"] for message in server.received if message.get("method") == "didChangeStatus"]
        assert [status["adapter"] for status in told if status["kind"] == "Normal"][-1] == "mine"
        write_pointer(tmp_path, Pointer("mine"))
        until(lambda: set(adapters()) == {"mine"})
        assert server.stop() == 0


def test_the_status_is_of_what_is_in_force_though_its_rival_cannot_be_loaded(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    write_pointer(tmp_path, Pointer("mine", against="missing", since=1.0))
    with ServerProcess(SCRIPT) as server:
        start(server, [tmp_path], base="echo", status=True)
        server.open(path.as_uri(), "x")
        until(lambda: adapter_at(server, path) == "mine")
        until(lambda: messages(server) == ['There is no adapter "missing"'])
        server.why()  # what came before it has been told
        told = [message["params"] for message in server.received if message.get("method") == "didChangeStatus"]
        assert (told[-1]["kind"], told[-1].get("adapter")) == ("Normal", "mine")
        assert server.stop() == 0


def test_a_folder_that_keeps_no_statistics_is_not_counted(tmp_path: Path, home: Path) -> None:
    roots = [tmp_path / "one", tmp_path / "two"]
    roots[1].mkdir()
    (roots[1] / "finetab.toml").write_text("statistics = false\n")
    with ServerProcess(SCRIPT) as server:
        start(server, roots, base="echo")
        for root in roots:
            path = root / "a.py"
            server.open(path.as_uri(), "x")
            until(lambda path=path: adapter_at(server, path) is not None)  # type: ignore[misc]
        server.call("workspace/executeCommand", {"command": "finetab.stats", "arguments": []})
        assert {offer.folder for offer, _ in read_rows(database_path())} == {mark_of(roots[0])}


def test_a_row_of_the_statistics_says_by_a_mark_which_folder_was_answered(tmp_path: Path, home: Path) -> None:
    roots = [tmp_path / "one", tmp_path / "two"]
    with ServerProcess(SCRIPT) as server:
        start(server, roots, base="echo")
        for root in roots:
            path = root / "a.py"
            server.open(path.as_uri(), "x")
            until(lambda path=path: adapter_at(server, path) is not None)  # type: ignore[misc]
        server.call("workspace/executeCommand", {"command": "finetab.stats", "arguments": []})
        rows = read_rows(database_path())
        assert {offer.folder for offer, _ in rows} == {mark_of(root) for root in roots}
        assert str(home) not in str(rows)
