"""The config of a comparison: defaults, every fault at once, and what each training is told."""

import math
from pathlib import Path
from typing import Any

import pytest

from finetab.errors import BadSetting
from finetab_training.compare.config import make_comparison
from finetab_training.config import read_config
from finetab_training.methods.registry import METHODS


def test_techniques_take_their_names_method_and_the_common_rate(entries: dict[str, Any]) -> None:
    made = make_comparison({name: entries[name] for name in ("out", "train", "techniques")})
    lora, vectors = made.techniques
    assert (lora.name, lora.method, lora.learning_rate, lora.options) == ("lora", "lora", 1.5e-4, {"r": 2})
    assert (vectors.name, vectors.method, vectors.learning_rate, vectors.options) == ("vectors", "ia3", 0.01, {})
    assert (made.seeds, made.rates, made.holes) == ((0, 1, 2), (0.3, 1.0, 3.0), 300)


def test_the_recipe_compares_all_techniques() -> None:
    made = make_comparison(read_config(Path(__file__).parents[3] / "recipes" / "compare-techniques.toml"))
    assert {technique.method for technique in made.techniques} == set(METHODS)


def test_every_fault_is_told_at_once(entries: dict[str, Any]) -> None:
    entries["techniques"] |= {
        "qlor": {}, "rslora": {"options": {"rank": 4}}, "dora": {"rate": 1.0, "learning_rate": 0}, "../x": {}, "eva": 1,
        "tokens": {"options": 3},
    }  # fmt: skip
    entries |= {"seed": [1], "seeds": [1, 1], "rates": [0, 1], "holes": 0, "out": 3}
    entries["train"] |= {"method": "lora", "learning_rat": 1.0, "row_tokens": 10}
    with pytest.raises(BadSetting) as caught:
        make_comparison(entries)
    for words in (
        'Unknown entry "seed" in the comparison; did you mean "seeds"?',
        "seeds must be a list of different whole numbers from 0 to 4294967295, not [1, 1]",
        "rates must be a list of different numbers above 0, such as [0.3, 1, 3], not [0, 1]",
        "holes must be a whole number from 1, not 0",
        "out must name the folder for the comparison, not 3",
        "method cannot be set in [train]: each technique says its own",
        'Unknown entry "learning_rat" in the run config; did you mean "learning_rate"?',
        "row_tokens is 10",
        'In [techniques.qlor]: There is no method "qlor"; did you mean "qlora"?',
        'In [techniques.rslora]: The method rslora has no option "rank"',
        'In [techniques.dora]: Unknown entry "rate"',
        "In [techniques.dora]: learning_rate must be a number above 0, not 0",
        "A technique's name is a word, not '../x'",
        "[techniques.eva] must be a table, not 1",
        "In [techniques.tokens]: method must be a name, and options a table",
    ):
        assert words in str(caught.value), words


@pytest.mark.parametrize(
    ("change", "words"),
    [({"train": 1}, "[train] must be a table"), ({"techniques": {}}, "a table for each technique"),
     ({"seeds": [-1]}, "seeds must be a list of different whole numbers from 0 to 4294967295, not [-1]"),
     ({"seeds": [2**32]}, "not [4294967296]"), ({"rates": [math.nan, 1]}, "numbers above 0, such as [0.3, 1, 3], not"),
     ({"rates": [1, math.inf]}, "not [1, inf]"),
     ({"techniques": {"lora": {"learning_rate": math.nan}}}, "learning_rate must be a number above 0, not nan"),
     ({"train": {}}, "[train] needs data"), ({"train": {"data": "x", "held_out_rows": 0}}, "must be at least 1")],
)  # fmt: skip
def test_what_is_missing_is_told(change: dict[str, Any], words: str, entries: dict[str, Any]) -> None:
    with pytest.raises(BadSetting) as caught:
        make_comparison(entries | change)
    assert words in str(caught.value)


def test_a_rate_multiplies_both_learning_rates_and_a_try_has_the_steps_of_the_search(entries: dict[str, Any]) -> None:
    made = make_comparison(entries | {"search_steps": 7})
    vectors = made.techniques[1]
    trial = made.run_config(vectors, Path("data"), Path("there"), rate=3.0, seed=None)
    assert (trial.learning_rate, trial.sentinel_learning_rate) == pytest.approx((0.03, 9e-3))
    assert (trial.max_steps, trial.seed, trial.method, trial.start) == (7, 0, "ia3", "base")
    real = made.run_config(vectors, Path("data"), Path("there"), rate=1.0, seed=5)
    assert (real.max_steps, real.seed, real.out) == (2, 5, str(Path("there") / "adapter"))
