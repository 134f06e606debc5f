"""What an engine chooses where some ids are likelier, or less likely, than the model thinks."""

from collections.abc import Sequence

import numpy as np
import pytest
from tests.conftest import FAMILIES, random_model
from tests.server.engine.test_torch_engine import ask, engine_of, ids

from finetab.engine import sampling
from finetab.engine.base import GenerationRequest, Lean, Leaning


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_favoured_comes_where_the_model_finds_it_nearly_as_likely(
    family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, prompt = engine_of(random_model(family)), ids(8, 30)
    plain = ask(engine, prompt).ids
    other = next(index for index in range(1, 200) if index != plain[2])

    def lean(said: Sequence[int]) -> Lean:
        return Lean(favoured=np.array([other])) if len(said) == 2 else Lean()

    monkeypatch.setattr(sampling, "LEAN", 0.0)
    assert engine.generate(GenerationRequest(prompt, 12, leaning=Leaning(lean))).ids == plain
    monkeypatch.setattr(sampling, "LEAN", 100.0)
    answer = engine.generate(GenerationRequest(prompt, 12, leaning=Leaning(lean)))
    assert answer.ids[:3] == (*plain[:2], other)
    went_on = ask(engine_of(random_model(family), reuse=False), [*prompt, *answer.ids[:3]]).ids
    assert answer.ids[3:8] == went_on[:5]


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_shunned_gives_way_to_the_next_likely(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, prompt = engine_of(random_model(family)), ids(8, 30)
    plain = ask(engine, prompt).ids

    def lean(said: Sequence[int]) -> Lean:
        return Lean(shunned=np.array([plain[2]])) if len(said) == 2 else Lean()

    monkeypatch.setattr(sampling, "LEAN", 100.0)
    answer = engine.generate(GenerationRequest(prompt, 3, leaning=Leaning(lean)))
    assert answer.ids[:2] == plain[:2]
    assert answer.ids[2:] != plain[2:3]
