"""A real server process whose model is a script, chosen by the base's name in the settings. Run by the tests.

`echo` answers with the whole text around the cursor, `beside` with the names of the other open files, `slow` takes
its time and looks at its ticket, `late` loads slowly, `missing` cannot be loaded, nor can an adapter of that name,
`broken` loads and raises, `bug` raises while loading, `deaf` never looks at its ticket, `loud` prints and reads as
libraries do, `lines` answers with two lines of code, and with one more when asked for candidates. `steady` is a real
pipeline whose model has one line in mind, and says it letter by letter.
"""

import json
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

import tokenizers

from finetab.completion.completer import Completer, Voice
from finetab.completion.request import Answer, CompletionRequest, Service
from finetab.core.fim import FimFormat
from finetab.core.manifest import Budgets
from finetab.core.progress import Progress
from finetab.core.tokenizer import Tokenizer
from finetab.engine.scripted import ScriptedEngine
from finetab.errors import MissingWeights, UnknownName
from finetab.lsp.server import serve_stdio
from finetab.settings import Settings

STEADY_LINE = "width = self.measure(width)"
_STEP_SECONDS = 0.05


class ScriptedService:
    """Answers without a model."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def base(self) -> str:
        return self._settings.base

    @property
    def adapter(self) -> str:
        return self._settings.adapter

    @property
    def label(self) -> str:
        return self._settings.base

    def complete(self, request: CompletionRequest) -> Answer:
        if self._settings.base == "broken":
            raise RuntimeError("the model has a fault")
        if self._settings.base == "slow":
            for step in range(100):
                if request.ticket.is_ended():
                    print(f"stopped early at step {step}", file=sys.stderr, flush=True)
                    return Answer("", request.ticket.why)
                time.sleep(0.01)
        if self._settings.base == "deaf":
            time.sleep(0.4)
        heavy = [name for name in ("torch", "transformers", "peft") if name in sys.modules]
        if self._settings.base == "lines":
            others = ("pass",)[: request.num_candidates - 1]
            end = "\r\n" if "\r\n" in request.document.text else "\n"
            return Answer(f"return größe + 𝒳{end}    print(done)", "answered", others, base=self.base)
        if self._settings.base == "beside":
            return Answer(" ".join(["open:", *(Path(other.path).name for other in request.neighbours)]), "answered")
        text = json.dumps([request.prefix, request.suffix, self._settings.adapter, heavy])
        return Answer(text, "answered", base=self.base, adapter=self.adapter)

    def recall(self, request: CompletionRequest) -> Answer | None:
        return None

    def take_over(self, request: CompletionRequest) -> Future[None] | None:
        return None

    def look_ahead(self, request: CompletionRequest, answer: Answer) -> None:
        print(f"looking ahead of {answer.text!r}", file=sys.stderr, flush=True)

    def close(self) -> None:
        print(f"closed {self._settings.base}", file=sys.stderr, flush=True)


def steady() -> Completer:
    """A model that goes on with its line, and with an "x" where it is another one."""
    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    plain = tokenizers.Tokenizer(tokenizers.models.BPE({letter: index for index, letter in enumerate(alphabet)}, []))
    plain.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    plain.decoder = tokenizers.decoders.ByteLevel()
    tokenizer = Tokenizer(plain)

    def script(prompt: Sequence[int]) -> list[int]:
        line = tokenizer.decode(prompt).rpartition("\n")[2]
        print(f"asked at {line!r}", file=sys.stderr, flush=True)
        return tokenizer.encode(STEADY_LINE[len(line) :] + "\n" if STEADY_LINE.startswith(line) else "x\n")

    fim = FimFormat("scripted", 300, 301, 302, 303, None, native=())
    voice = Voice("steady", "base", tokenizer, fim, "prefix", Budgets(200, 100), 64)
    return Completer(ScriptedEngine(script, _STEP_SECONDS), voice)


def load(settings: Settings, progress: Progress) -> Service:
    print(f"loading {settings.base}", file=sys.stderr, flush=True)
    progress("half way", 0.5)
    if settings.base == "loud":
        print("stray from Python", flush=True)
        os.write(1, b"stray from C\n")
        print(f"read {sys.stdin.read()!r}", file=sys.stderr, flush=True)
    if settings.base == "late":
        time.sleep(1.0)
    if settings.base == "stuck":
        time.sleep(60.0)
    if settings.base == "missing":
        raise MissingWeights("The weights of missing are not here; run: finetab models fetch missing")
    if settings.adapter == "missing":
        raise UnknownName('There is no adapter "missing"')
    if settings.base == "bug":
        raise RuntimeError("unexpected")
    return steady() if settings.base == "steady" else ScriptedService(settings)


if __name__ == "__main__":
    serve_stdio(load)
