"""A real server process whose model is a script, chosen by the base's name in the settings. Run by the tests.

`echo` answers with the whole text around the cursor, `beside` with the names of the other open files, `slow` takes
its time and looks at its ticket, `late` loads slowly, `missing` cannot be loaded, `broken` loads and raises, `bug`
raises while loading, `deaf` never looks at its ticket, `loud` prints and reads as libraries do, `lines` answers with
two lines of code, and with one more when asked for candidates.
"""

import json
import os
import sys
import time
from pathlib import Path

from finetab.completion.request import Answer, CompletionRequest
from finetab.core.progress import Progress
from finetab.errors import MissingWeights
from finetab.lsp.server import serve_stdio
from finetab.settings import Settings


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
            return Answer("return größe + 𝒳\n    print(done)", "answered", others, base=self.base)
        if self._settings.base == "beside":
            return Answer(" ".join(["open:", *(Path(other.path).name for other in request.neighbours)]), "answered")
        text = json.dumps([request.prefix, request.suffix, self._settings.adapter, heavy])
        return Answer(text, "answered", base=self.base, adapter=self.adapter)

    def recall(self, request: CompletionRequest) -> Answer | None:
        return None

    def look_ahead(self, request: CompletionRequest, answer: Answer) -> None:
        print(f"looking ahead of {answer.text!r}", file=sys.stderr, flush=True)

    def close(self) -> None:
        print(f"closed {self._settings.base}", file=sys.stderr, flush=True)


def load(settings: Settings, progress: Progress) -> ScriptedService:
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
    if settings.base == "bug":
        raise RuntimeError("unexpected")
    return ScriptedService(settings)


if __name__ == "__main__":
    sys.exit(serve_stdio(load))
