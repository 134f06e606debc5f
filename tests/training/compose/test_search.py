"""Looking for weights: the adapter that knows the holes gets the weight, and the losses are those of the middles."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.training.compose.test_composition import parents_of
from torch.nn import functional

from finetab.adapters.attach import attach
from finetab.adapters.parents import Parent
from finetab.core.models import load_base
from finetab.errors import BadFile
from finetab.settings import Settings
from finetab_training.compose.composition import Composition
from finetab_training.compose.search import Tried, search_weights
from finetab_training.data.hole import Hole

HOLES = [Hole(f"{name}.py", "python", f"def {name}(a):\n    return ", "\n", f"a + {number}") for number, name in
         enumerate(("first", "second", "third"))]  # fmt: skip


@pytest.fixture
def parents(tiny: Callable[[str], Path], tmp_path: Path) -> tuple[Parent, ...]:
    return parents_of(tiny("llama"), tmp_path, (0.5, 0.5), {}, {})


def test_the_parents_own_weights_are_tried_first_and_the_best_are_given_first(parents: tuple[Parent, ...]) -> None:
    seen: list[Tried] = []
    found = search_weights(parents, Composition(), HOLES, 9, Settings(), seen.append)
    assert seen[0].weights == (0.5, 0.5)
    assert len(seen) == len(found) <= 10
    assert [each.loss for each in found] == sorted(each.loss for each in found)
    assert found[0].loss < seen[0].loss


def test_adapters_that_were_tried_are_not_kept(
    parents: tuple[Parent, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    left: list[Path] = []
    search_weights(parents, Composition(), HOLES, 3, Settings(), lambda _tried: left.extend(tmp_path.rglob("tried*/*")))
    assert left == []


def test_a_loss_is_that_of_the_middles_after_their_prompts(
    parents: tuple[Parent, ...], tiny: Callable[[str], Path]
) -> None:
    whole = [replace(parents[0], weight=1.0), replace(parents[1], weight=0.0)]
    settings = Settings(quantisation="none")
    alone = search_weights(whole, Composition(), HOLES, 1, settings, lambda _tried: None)
    (found,) = (each for each in alone if each.weights == (1.0, 0.0))
    base = load_base(str(tiny("llama")))
    model = attach(base, parents[0].folder, parents[0].manifest)
    total, count = 0.0, 0
    for hole in HOLES:
        before = [base.fim.prefix_id, base.fim.suffix_id, *base.tokenizer.encode(hole.suffix), base.fim.middle_id]
        prompt = [*before, *base.tokenizer.encode(hole.prefix)]
        middle = [*base.tokenizer.encode(hole.middle), base.fim.end_id]
        logits = model(torch.tensor([[*prompt, *middle[:-1]]]), use_cache=False).logits[0, -len(middle) :]
        total += float(functional.cross_entropy(logits, torch.tensor(middle), reduction="sum"))
        count += len(middle)
    assert found.loss == pytest.approx(total / count, rel=1e-3)


def test_holes_without_middles_are_refused(parents: tuple[Parent, ...]) -> None:
    empty = [replace(hole, middle="") for hole in HOLES]
    with pytest.raises(BadFile, match="None of 3 holes has a middle"):
        search_weights(parents, Composition(), empty, 1, Settings(), lambda _tried: None)
