"""Whether a compressed base pays as the draft of its original: the same answers, token by token and with the draft.

    finetab export base --merged taught-base
    finetab compress --base taught-base --ratio 0.5 --data package:rich --out small --distil 200
    python benchmarks/draft_model.py --base taught-base --draft small [--ahead 1,2,4] [--holes 30]

The draft says some tokens ahead, the original checks them in one step and says the next one itself (Leviathan et al.
2023, arXiv 2211.17192, for the likeliest tokens): answers are the original's. Both are in full precision, since the
8-bit way does not know factored layers. Holes are the general ones. Ways take turns, hole by hole, after all have read
the prompt; what the draft takes to read it is shown apart, since it has to. A ratio is the median over holes.
"""

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from statistics import median

import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table

from finetab.completion.context import Windows
from finetab.core.manifest import Budgets
from finetab.core.models import load_base
from finetab.core.prefix import common_prefix_length
from finetab.engine.network import NO_ADAPTER
from finetab.engine.transformers_network import TransformersNetwork
from finetab_training.evaluate.general import drawn_general_holes
from finetab_training.evaluate.metrics import estimate

_ALONE = 0


class Speaker:
    """A model that says what is likeliest, and remembers what it has read."""

    def __init__(self, folder: str) -> None:
        self.base = load_base(folder, device="cpu", dtype="float32")
        self._network = TransformersNetwork(self.base.model)
        self._never = torch.tensor(self.base.never_sampled)
        self._cache, self._held = self._network.new_cache(), list[int]()

    def forget(self) -> None:
        """Begin with nothing read."""
        self._cache, self._held = self._network.new_cache(), []

    def likeliest(self, ids: Sequence[int], count: int) -> list[int]:
        """What comes after each of the last `count` ids."""
        kept = min(common_prefix_length(self._held, ids), len(ids) - count)
        self._cache.keep(kept)
        logits_TV = self._network.evaluate(ids[kept:], kept, self._cache, count, NO_ADAPTER)
        self._held = list(ids)
        logits_TV[:, self._never] = -inf
        found: list[int] = logits_TV.argmax(-1).tolist()
        return found

    def ahead(self, ids: Sequence[int], count: int) -> list[int]:
        """What it would say next, token by token."""
        said: list[int] = []
        for _ in range(count):
            said += self.likeliest([*ids, *said], 1)
        return said


def answer(original: Speaker, draft: Speaker, prompt: Sequence[int], ahead: int, most: int) -> tuple[list[int], int]:
    """What the original says, and in how many of its steps."""
    said: list[int] = []
    steps = 0
    while True:
        guesses = draft.ahead([*prompt, *said], min(ahead, most - len(said) - 1))
        steps += 1
        right = original.likeliest([*prompt, *said, *guesses], 1 + len(guesses))
        for token, guess in zip(right, [*guesses, None], strict=True):
            said.append(token)
            if token == original.base.fim.end_id or len(said) == most:
                return said, steps
            if token != guess:
                break


@dataclass(slots=True)
class Seen:
    """What answering in one way took, hole by hole."""

    milliseconds: list[float] = field(default_factory=list)
    """A token."""
    tokens: list[float] = field(default_factory=list)
    """A step of the original."""
    files: list[str] = field(default_factory=list)


@torch.inference_mode()
def main() -> None:
    """Ask in each way at each hole, and print."""
    given = _arguments()
    original, draft = Speaker(given.base), Speaker(given.draft)
    windows = Windows(original.base.tokenizer, Budgets())
    ways = {ahead: Seen() for ahead in (_ALONE, *given.ahead)}
    reading: dict[str, list[float]] = {"original": [], "draft": []}
    differing = 0
    for hole in track(drawn_general_holes()[: given.holes], description="holes", transient=True):
        prompt = original.base.fim.prompt(windows.parts(hole.document(), len(hole.prefix)), "spm")
        for name, each in (("original", original), ("draft", draft)):
            each.forget()
            started = time.perf_counter()
            each.likeliest(prompt, 1)
            reading[name].append(_since(started))
        answers = []
        for ahead, seen in ways.items():
            started = time.perf_counter()
            said, steps = answer(original, draft, prompt, ahead, given.new_tokens)
            seen.milliseconds.append(_since(started) / len(said))
            seen.tokens.append(len(said) / steps)
            seen.files.append(hole.path)
            answers.append(said)
        differing += any(said != answers[0] for said in answers)
    console = Console()
    console.print(_table(ways))
    reads = ", ".join(f"{name} {median(taken):.0f} ms" for name, taken in reading.items())
    console.print(f"{given.holes} holes, {differing} with other answers; to read a prompt: {reads}", highlight=False)


def _table(ways: Mapping[int, Seen]) -> Table:
    table = Table("ahead", "ms a token", "over alone", "tokens a step [95%]", box=None)
    alone = ways[_ALONE].milliseconds
    for ahead, seen in ways.items():
        ratio = median(one / other for one, other in zip(seen.milliseconds, alone, strict=True))
        steps = estimate(seen.tokens, seen.files)
        told = f"{steps.mean:.2f} [{steps.low:.2f}, {steps.high:.2f}]"
        table.add_row(str(ahead or "alone"), f"{median(seen.milliseconds):.1f}", f"{ratio:.2f}", told)
    return table


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", required=True)
    parser.add_argument("--draft", required=True)
    parser.add_argument("--ahead", type=lambda text: [int(part) for part in text.split(",")], default=[1, 2, 4])
    parser.add_argument("--holes", type=int, default=30)
    parser.add_argument("--new-tokens", type=int, default=16)
    return parser.parse_args()


if __name__ == "__main__":
    main()
