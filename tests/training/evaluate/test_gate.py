"""The gate: what is certain passes, what might be chance does not, and each rule can say no."""

from random import Random
from typing import Any

import pytest

from finetab_training.evaluate.gate import Decision, decide
from finetab_training.evaluate.runner import Result

HOLES = 200


def results(mean: float, *, spread: float = 0.2, seed: int = 0, count: int = HOLES, files: int = 40) -> list[Result]:
    """Answers whose similarity lies around a mean; the same seed has its ups and downs at the same holes."""
    generator = Random(seed)
    return [
        Result(path=f"{index % files}.py", kind="line", middle="x", output="y", exact=False,
               similarity=mean + generator.uniform(-spread, spread), why="answered",
               latency_ms=9.0, prompt_tokens=9, reused_tokens=0, generated_tokens=3,
               mean_logprob=-0.5)
        for index in range(count)
    ]  # fmt: skip


def milliseconds(usual: float) -> list[float]:
    """Times of 60 holes around one."""
    generator = Random(9)
    return [usual * generator.uniform(0.8, 1.2) for _ in range(60)]


def decided(
    num_secrets: int = 0, in_force: str = "base-prefix", latency: float = 100.0, num_holes: int = HOLES, **changed: Any
) -> Decision:
    """A decision on a candidate that is better in all, but for what is changed."""
    own = {"base-prefix": results(0.5), "base-fim": results(0.45), "adapter": results(0.6)}
    general = {"base-prefix": results(0.5), "adapter": results(0.5)}
    own |= {name: value for name, value in changed.items() if name in ("adapter", "rival")}
    if "rival" in own:
        own["in-force"] = own.pop("rival")
        general["in-force"] = general["base-prefix"]
    general |= {"adapter": changed["elsewhere"]} if "elsewhere" in changed else {}
    own |= {"base-fim": changed["fim"]} if "fim" in changed else {}
    own = {name: found[:num_holes] for name, found in own.items()}
    times = {"adapter": milliseconds(latency)} | dict.fromkeys(("base-fim", "in-force"), milliseconds(100.0))
    return decide(own, general, times, "adapter", in_force, num_secrets)


def failing(decision: Decision) -> list[str]:
    return [rule.name for rule in decision.rules if not rule.holds]


def test_a_certain_gain_passes_and_every_number_is_kept() -> None:
    decision = decided()
    assert decision.passes
    gain = decision.to_dict()["rules"][0]
    assert gain["difference"]["mean"] == pytest.approx(0.1)
    assert gain["difference"]["n"] == HOLES
    assert "+10.0 [+10.0, +10.0], better, N 200" in gain["says"]


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"adapter": results(0.51, seed=7)}, "gain over base-prefix"),  # a little better, by chance for all we know
        ({"fim": results(0.7)}, "gain over base-fim"),
        ({"rival": results(0.65), "in_force": "in-force"}, "gain over in-force"),
        ({"elsewhere": results(0.45)}, "no loss elsewhere"),
        ({"latency": 130.0}, "no slower"),
        ({"num_holes": 29}, "enough to judge by"),
        ({"adapter": results(0.6, files=4)}, "enough to judge by"),
        ({"num_secrets": 1}, "no secrets"),
    ],
)
def test_each_rule_can_say_no(changed: dict[str, Any], rule: str) -> None:
    decision = decided(**changed)
    assert failing(decision) == [rule]
    assert not decision.passes


def test_a_loss_elsewhere_that_may_be_chance_and_a_little_more_latency_are_let_pass() -> None:
    assert decided(elsewhere=results(0.495, seed=3)).passes
    assert decided(latency=104.0).passes
