"""What composing is worth: two adapters, their mean and their sum, on the code of each and on that of neither.

    finetab train --data package:peft --out for-peft
    finetab train --data package:networkx --out for-networkx
    python benchmarks/composition.py for-peft for-networkx [--holes 100]

Holes are cut from the files that each adapter's training kept back; the general ones stand for all other code. All go
through the pipeline that serves. A middle's cost is the negative logprob (natural logarithm) of its tokens and of its
end, each given those before it: it tells adapters apart where few answers differ. Differences are to what both started
from, hole by hole, with 95% bootstrap intervals.
"""

import argparse
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import track
from rich.table import Table

from finetab.adapters.library import chosen, read_adapter
from finetab.adapters.parents import read_parents
from finetab.assemble import Loader
from finetab.core.base import Base
from finetab.core.pointer import BASE
from finetab.core.progress import silent
from finetab.engine.network import Network
from finetab.engine.ways import choose_way, open_network
from finetab.settings import Settings
from finetab_training.compose.composition import Composition, compose
from finetab_training.compose.search import cost_of, make_samples
from finetab_training.data.corpus import Recipe, read_corpus
from finetab_training.data.hole import Hole
from finetab_training.data.trained import read_trained
from finetab_training.evaluate.general import drawn_general_holes
from finetab_training.evaluate.holes import cut_holes
from finetab_training.evaluate.metrics import Estimate, estimate, paired_difference
from finetab_training.evaluate.runner import answer_holes
from finetab_training.runs import open_run

_ASKED = "asked"
Holes = Mapping[str, Sequence[Hole]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of an adapter on some holes, one number each; costs are of those that have a middle. With the files of each."""

    files: list[str]
    exact: list[float]
    similarity: list[float]
    cost_files: list[str]
    costs: list[float]


def main() -> None:
    """Compose, measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("first")
    parser.add_argument("second")
    parser.add_argument("--holes", type=int, default=100)
    parser.add_argument("--rank", type=int, default=24, help="of the smaller sum")
    given = parser.parse_args()
    names = [given.first, given.second]
    holes = _holes(names, given.holes)
    with TemporaryDirectory() as scratch:
        adapters = {"what ships": BASE} | {name: name for name in names}
        for label, shares, composition in (
            ("mean", (0.5, 0.5), Composition()),
            ("sum", (1.0, 1.0), Composition()),
            (f"sum, rank {given.rank}", (1.0, 1.0), Composition("svd", given.rank)),
        ):
            made = Path(scratch) / label.replace(" ", "-")
            compose(read_parents(names, shares), composition, made)
            adapters[label] = str(made)
        load, (base, network) = Loader(), _opened()
        found = {label: _outcomes(load, base, network, adapter, holes) for label, adapter in adapters.items()}
    console = Console(width=140)
    for data, each in holes.items():
        console.print(f"\n{data}, {len(each)} holes", highlight=False)
        console.print(_table({label: outcomes[data] for label, outcomes in found.items()}))


def _holes(names: Sequence[str], most: int) -> dict[str, list[Hole]]:
    """By data, holes that neither adapter has been trained on."""
    folders = [read_adapter(name)[0] for name in names]
    one, other = (read_trained(folder) for folder in folders)
    made = {}
    for name in names:
        config = open_run(Path(f"{name}.run")).config
        recipe = Recipe((config.data,), cut=config.cut, held_out_share=config.held_out_share, seed=config.seed)
        made[config.data] = list(cut_holes(read_corpus(recipe).test, most, 0, one.joined(other)).holes)
    return made | {"general holes": drawn_general_holes()[:most]}


def _opened() -> tuple[Base, Network]:
    settings = Settings()
    folder, _ = chosen(settings)
    return open_network(settings, folder, choose_way(settings, folder, None)[0], None)


def _outcomes(load: Loader, base: Base, network: Network, adapter: str, holes: Holes) -> dict[str, Outcome]:
    settings = Settings(adapter=adapter)
    _, named = chosen(settings)
    assert named is not None
    folder, manifest = named
    network.attach(_ASKED, folder)
    found = {}
    with closing(load(settings, silent)) as completer:
        for data, each in holes.items():
            doing = f"{manifest.name} on {data}"
            results = answer_holes(completer, track(each, doing, transient=True), lambda: None)
            samples = make_samples(base, each, manifest.budgets, manifest.form)
            found[data] = Outcome(
                [result.path for result in results],
                [100.0 * result.exact for result in results],
                [100.0 * result.similarity for result in results],
                [hole.path for hole in each if hole.middle],
                [cost_of(network, _ASKED, sample) / len(sample.middle) for sample in samples],
            )
    network.detach(_ASKED)
    return found


def _table(outcomes: Mapping[str, Outcome]) -> Table:
    table = Table("", "exact %", "similarity %", "gain", "cost", "saved", box=None)
    first = next(iter(outcomes.values()))
    for label, found in outcomes.items():
        gain = paired_difference(found.similarity, first.similarity, found.files)
        saved = paired_difference(first.costs, found.costs, found.cost_files)
        table.add_row(
            label,
            *(f"{estimate(values).mean:.1f}" for values in (found.exact, found.similarity)),
            _told(gain, 1),
            f"{estimate(found.costs).mean:.3f}",
            _told(saved, 3),
        )
    return table


def _told(found: Estimate, digits: int) -> str:
    return f"{found.mean:+.{digits}f} [{found.low:+.{digits}f}, {found.high:+.{digits}f}]"


if __name__ == "__main__":
    main()
