"""A client of our own server, at the level of the wire: for the demonstration, the benchmarks and the tests.

It speaks plain JSON-RPC over a process's pipes, so that nothing is tidied away between a test and the server.
"""

import json
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from finetab.errors import FinetabError

Message: TypeAlias = dict[str, Any]


class ServerProcess:
    """A server in a process of its own. `received` holds everything it has sent, in order.

    `stray` holds lines that are no part of the protocol. `settings` is what the server gets when it asks for
    them, `choice` the button that is pressed when it asks; with `answers` false it gets no answer to anything.
    """

    def __init__(
        self,
        command: Sequence[str],
        settings: Any = None,
        env: Mapping[str, str] | None = None,
        answers: bool = True,
        choice: str = "",
    ) -> None:
        self.received: list[Message] = []
        self.stray: list[bytes] = []
        self.settings = settings
        self._answers = answers
        self._choice = choice
        self._answered: dict[int, tuple[float, Message]] = {}
        self._arrived = threading.Condition()
        self._last_id = 0
        self._closed = False
        self.process = subprocess.Popen(
            list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env
        )
        self.errors: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._read_errors, daemon=True).start()

    def send(self, message: Message) -> None:
        """Send one message as it is."""
        self.send_bytes(json.dumps({"jsonrpc": "2.0", **message}).encode())

    def send_bytes(self, body: bytes) -> None:
        """Send any bytes as the body of a message."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def notify(self, method: str, params: Any) -> None:
        """Send a notification."""
        self.send({"method": method, "params": params})

    def request(self, method: str, params: Any) -> int:
        """Send a request and give its id; `answer` waits for what comes back."""
        self._last_id += 1
        self.send({"id": self._last_id, "method": method, "params": params})
        return self._last_id

    def answer(self, request_id: int, seconds: float = 30.0) -> Message:
        """The whole answer to a request, with its `result` or `error`."""
        return self.wait_for(lambda message: message.get("id") == request_id and "method" not in message, seconds)

    def answered(self, request_id: int) -> Message | None:
        """The whole answer to a request if it has come, without waiting."""
        found = self._answered.get(request_id)
        return found[1] if found else None

    def answered_at(self, request_id: int) -> float | None:
        """When the answer came, on the clock of `time.perf_counter`."""
        found = self._answered.get(request_id)
        return found[0] if found else None

    def call(self, method: str, params: Any, seconds: float = 30.0) -> Any:
        """The result of a request; `FinetabError` when the server answers with an error."""
        message = self.answer(self.request(method, params), seconds)
        if "error" in message:
            raise FinetabError(f"{method} was answered with {message['error']}")
        return message["result"]

    def wait_for(self, wanted: Any, seconds: float = 30.0) -> Message:
        """The first message, past or to come, for which `wanted(message)` holds."""
        deadline = time.monotonic() + seconds
        with self._arrived:
            while True:
                for message in self.received:
                    if wanted(message):
                        return message
                left = deadline - time.monotonic()
                if left <= 0 or (self._closed and not self._arrived.wait(0.2)):
                    tail = "".join(self.errors[-20:])
                    raise FinetabError(f"The server sent no such message within {seconds:.0f} s. Its log:\n{tail}")
                self._arrived.wait(left)

    def start(self, root_uri: str | None = None, options: Any = None, capabilities: Any = None) -> Message:
        """Initialise the server and give its answer; `options` are our settings."""
        params = {
            "processId": None,
            "rootUri": root_uri,
            "capabilities": capabilities or {},
            "initializationOptions": options or {},
        }
        result: Message = self.call("initialize", params)
        self.notify("initialized", {})
        return result

    def open(self, uri: str, text: str, language_id: str = "python", version: int = 1) -> None:
        """Open a document."""
        item = {"uri": uri, "languageId": language_id, "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def complete_request(self, uri: str, line: int, character: int, *, by_hand: bool = True) -> int:
        """Ask for a completion, as a person who presses the key for it or as an editor while one types; the id."""
        params = {
            "textDocument": {"uri": uri},
            "position": {"line": line, "character": character},
            "context": {"triggerKind": 1 if by_hand else 2},
        }
        return self.request("textDocument/inlineCompletion", params)

    def complete(
        self, uri: str, line: int, character: int, seconds: float = 60.0, *, by_hand: bool = True
    ) -> str | None:
        """The text offered at a position, None for none."""
        result = self.answer(self.complete_request(uri, line, character, by_hand=by_hand), seconds)["result"]
        return str(result["items"][0]["insertText"]) if result else None

    def why(self) -> list[dict[str, Any]]:
        """What the server says of its last requests, newest first."""
        found: list[dict[str, Any]] = self.call("workspace/executeCommand", {"command": "finetab.why", "arguments": []})
        return found

    def stop(self, seconds: float = 15.0) -> int:
        """Say goodbye as an editor does; the exit code."""
        if self.process.poll() is None:
            self.answer(self.request("shutdown", None), seconds)
            self.notify("exit", None)
        return self.process.wait(seconds)

    def __enter__(self) -> "ServerProcess":
        return self

    def __exit__(self, *_error: object) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue

    def _read(self) -> None:
        out = self.process.stdout
        assert out is not None
        while (length := self._length(out)) is not None:
            message = json.loads(out.read(length))
            with self._arrived:
                self.received.append(message)
                if "id" in message and "method" not in message:
                    self._answered[message["id"]] = (time.perf_counter(), message)
                self._arrived.notify_all()
            if self._answers and "method" in message and "id" in message:
                self._answer_server(message)
        with self._arrived:
            self._closed = True
            self._arrived.notify_all()

    def _length(self, out: Any) -> int | None:
        length = None
        try:
            while line := out.readline():
                if line in (b"\r\n", b"\n"):
                    return length
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
                elif not line.lower().startswith(b"content-type:"):
                    self.stray.append(line)
        except ValueError:  # the pipe was closed under us
            return None
        return None

    def _answer_server(self, message: Message) -> None:
        items = message["params"].get("items") if message["method"] == "workspace/configuration" else None
        result: Any = None if items is None else [self.settings for _ in items]
        if message["method"] == "window/showMessageRequest" and self._choice:
            result = {"title": self._choice}
        self.send({"id": message["id"], "result": result})

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        try:
            for line in self.process.stderr:
                self.errors.append(line.decode("utf-8", "replace"))
        except ValueError:  # the pipe was closed under us
            return
