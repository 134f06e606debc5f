"""The ways of answering that a tune compares, and their answers on disk, one line a hole, so that a kill loses none.

base-prefix        the base, prefix only: how one that knows no FIM is served
base-fim           the base with the suffix: how one that knows FIM is served; another one was not taught the form
base-retrieval     the base as it is served without an adapter, with code from other files
adapter            the candidate, as it would be served
adapter-retrieval  the same with code from other files
in-force           the adapter that the folder has in force now, or that ships for its base
"""

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

from finetab.adapters.library import chosen, read_adapter
from finetab.completion.completer import Completer
from finetab.completion.request import LoadService
from finetab.core.atomic import write_text
from finetab.core.base import read_base
from finetab.core.fim import Form
from finetab.core.pointer import BARE, BASE, WITHOUT_ADAPTER
from finetab.core.progress import silent
from finetab.core.weights import base_folder
from finetab.engine.ways import choose_way
from finetab.settings import Settings
from finetab_training.data.hole import Hole
from finetab_training.evaluate.runner import Result, answer_holes

CANDIDATE = "adapter"
IN_FORCE = "in-force"


@dataclass(frozen=True, slots=True)
class Arm:
    """One way of answering."""

    name: str
    settings: Settings


def arms_of(settings: Settings, adapter: Path, in_force: str, retrieval_tokens: int) -> tuple[Arm, ...]:
    """The arms of a tune; `in_force` is the pointer's adapter.

    The base sees as much of the text as the candidate does, and its weights are held in the same way, so that the
    adapter is all that differs. What is in force is asked as it is served.
    """
    manifest = read_adapter(str(adapter))[1]
    way = choose_way(settings, base_folder(manifest.base_name), adapter)[0]
    budgets = manifest.budgets
    common = replace(
        settings, base=manifest.base_name, adapter=BARE, form="auto", prefix_tokens=budgets.prefix,
        suffix_tokens=budgets.suffix, context_tokens=0, quantisation=way,
    )  # fmt: skip
    tuned = replace(common, adapter=str(adapter), context_tokens=budgets.context)
    known = _untuned_form(manifest.base_name)
    fim: Form = "spm" if known == "prefix" else known
    arms = [Arm("base-prefix", replace(common, form="prefix")), Arm("base-fim", replace(common, form=fim))]
    if retrieval_tokens:
        arms.append(Arm("base-retrieval", replace(common, context_tokens=retrieval_tokens)))
    arms.append(Arm(CANDIDATE, tuned))
    if retrieval_tokens and not budgets.context:
        arms.append(Arm("adapter-retrieval", replace(tuned, context_tokens=retrieval_tokens)))
    if _adapter_in_force(in_force, manifest.base_name):
        base = manifest.base_name if in_force == BASE else read_adapter(in_force)[1].base_name
        arms.append(Arm(IN_FORCE, replace(settings, base=base, adapter=in_force)))
    return tuple(arms)


def served_now(in_force: str, base: str) -> str:
    """The arm that is served as long as nothing is promoted, on a base by its name."""
    if _adapter_in_force(in_force, base):
        return IN_FORCE
    return "base-prefix" if _untuned_form(base) == "prefix" else "base-fim"


def _adapter_in_force(in_force: str, base: str) -> bool:
    """Whether any adapter is in force: a base as it comes may have one."""
    return in_force not in WITHOUT_ADAPTER or chosen(Settings(base=base, adapter=in_force))[1] is not None


@cache  # it reads the tokenizer
def _untuned_form(base: str) -> Form:
    return read_base(base).fim.untuned_form


def answered(
    arm: Arm,
    holes: Sequence[Hole],
    path: Path,
    load: LoadService,
    advance: Callable[[int], None],
) -> list[Result]:
    """The arm's answers to all holes; those that the file has already, of the same arm, are not worked out again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _forget_others(arm, path)
    results = _read(path)[: len(holes)]
    advance(len(results))
    if len(results) == len(holes):
        return results
    service = load(arm.settings, silent)
    assert isinstance(service, Completer)
    with closing(service), path.open("a", encoding="utf-8") as file:
        for hole in holes[len(results) :]:
            (result,) = answer_holes(service, [hole], lambda: None)
            file.write(json.dumps(asdict(result), ensure_ascii=False) + "\n")
            file.flush()
            results.append(result)
            advance(1)
    return results


def _forget_others(arm: Arm, path: Path) -> None:
    """Remove answers of another adapter or other settings: what is in force may change while a tune is stopped."""
    adapter = chosen(arm.settings)[1]
    told = json.dumps([adapter[1].label if adapter else "", asdict(arm.settings)], default=str)
    beside = path.with_suffix(".arm.json")
    if not beside.is_file() or beside.read_text("utf-8") != told:
        path.unlink(missing_ok=True)
        write_text(beside, told)


def _read(path: Path) -> list[Result]:
    """The answers of a file; a last line that was being written at a kill is cut off."""
    results, kept = read_answers(path)
    if path.is_file() and kept < path.stat().st_size:
        with path.open("r+b") as file:
            file.truncate(kept)
    return results


def read_answers(path: Path) -> tuple[list[Result], int]:
    """The answers of a file, up to a line that is not whole, and the bytes that they take; none without a file."""
    results: list[Result] = []
    kept = 0
    if not path.is_file():
        return results, kept
    with path.open("rb") as file:
        for line in file:
            try:
                results.append(Result(**json.loads(line)))
            except (ValueError, TypeError):
                break
            kept += len(line)
    return results, kept
