"""What 8-bit weights cost in quality: the same holes answered with them and with the weights as they are.

    python benchmarks/int8_quality.py [--data package:rich] [--holes 100] [--json]

Holes of files kept back go through the pipeline that serves, once a way. Prints, for each, exact matches and
similarity, how often both ways say the same, and the mean log-probability a token that each gives the true middle after
the same prompt; differences are paired by hole, with 95% bootstrap intervals.
"""

import argparse
import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any, TypeAlias

import torch
from rich.console import Console
from rich.table import Table

from finetab.adapters.library import chosen
from finetab.assemble import load_completer
from finetab.completion.completer import Completer
from finetab.core.fim import FORMS
from finetab.core.progress import silent
from finetab.documents import open_document
from finetab.engine.network import NO_ADAPTER, Network
from finetab.engine.ways import choose_way, open_network
from finetab.settings import Settings
from finetab_training.data.corpus import Recipe, read_corpus
from finetab_training.data.hole import Hole
from finetab_training.data.trained import Trained
from finetab_training.evaluate.holes import cut_holes
from finetab_training.evaluate.metrics import estimate, paired_difference
from finetab_training.evaluate.runner import answer_holes

_WAYS = ("int8", "none")
_SETTINGS = Settings(device="cpu", prefix_tokens=256, suffix_tokens=96, max_new_tokens=32)
_MAX_MIDDLE = 48  # tokens
Answers: TypeAlias = dict[str, list[Any]]
"""A value a hole, by what is looked at."""


def main() -> None:
    """Answer the holes in both ways, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="package:rich")
    parser.add_argument("--base", default="default")
    parser.add_argument("--form", default="prefix", choices=FORMS)
    parser.add_argument("--holes", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    holes = cut_holes(read_corpus(Recipe((given.data,))).test, given.holes, 0, Trained()).holes
    found: dict[str, Answers] = {}
    for way in _WAYS:
        found[way] = answers(replace(_SETTINGS, base=given.base, form=given.form, quantisation=way), holes)
    ours, theirs = (found[way] for way in _WAYS)
    files = [hole.path for hole in holes]
    rows = {
        name: {
            **{way: estimate(of_way[name], files).to_dict() for way, of_way in found.items()},
            "difference": paired_difference(ours[name], theirs[name], files).to_dict(),
        }
        for name in ("exact", "similarity", "logprob of the middle")
    }
    alike = sum(ours["text"][index] == text for index, text in enumerate(theirs["text"]))
    if given.json:
        print(json.dumps({"data": given.data, "base": given.base, "form": given.form, "rows": rows, "alike": alike}))
        return
    table = Table("", *_WAYS, "difference", box=None)
    for name, row in rows.items():
        table.add_row(name, *(f"{one['mean']:.3f} [{one['low']:.3f}, {one['high']:.3f}]" for one in row.values()))
    console = Console()
    console.print(table)
    words = f"{given.data}, {given.base}, {given.form}, {len(holes)} holes, {alike} answered alike"
    console.print(words, highlight=False)


def answers(settings: Settings, holes: Sequence[Hole]) -> Answers:
    """What the pipeline answers with the weights held in one way, and what the model makes of the true middles."""
    with closing(load_completer(settings, silent)) as completer:
        results = answer_holes(completer, holes, lambda: None)
        prompts = [_prompt(completer, hole) for hole in holes]
        middles = [completer.voice.tokenizer.encode(hole.middle)[:_MAX_MIDDLE] for hole in holes]
    folder, _ = chosen(settings)
    way, _ = choose_way(settings, folder, None)
    _, network = open_network(settings, folder, way, None)
    return {
        "text": [result.output for result in results],
        "exact": [float(result.exact) for result in results],
        "similarity": [result.similarity for result in results],
        "logprob of the middle": [
            _mean_logprob(network, prompt, middle) for prompt, middle in zip(prompts, middles, strict=True)
        ],
    }


def _prompt(completer: Completer, hole: Hole) -> list[int]:
    document = open_document(hole.path, hole.prefix + hole.suffix, language_id=hole.language)
    return completer.voice.fim.prompt(completer.windows.parts(document, len(hole.prefix)), completer.voice.form)


@torch.inference_mode()
def _mean_logprob(network: Network, prompt: Sequence[int], middle: Sequence[int]) -> float:
    """Of the middle's tokens after the prompt; natural logarithm."""
    logits_TV = network.evaluate([*prompt, *middle[:-1]], 0, network.new_cache(), len(middle), NO_ADAPTER)
    logprobs_TV = torch.log_softmax(logits_TV.float(), dim=-1)
    return float(logprobs_TV[torch.arange(len(middle)), torch.tensor(middle)].mean())


if __name__ == "__main__":
    main()
