"""What a run leaves beside the adapter: metrics, TensorBoard's events, where it ran."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tensorboardX.proto.event_pb2 import Event
from tests.conftest import read_json
from tests.training.train.test_run import config_for, metrics_of, trained

from finetab.errors import BadSetting
from finetab_training.config import make_config
from finetab_training.runs import run_of


def scalars(folder: Path) -> dict[str, dict[int, float]]:
    """The curves in a folder of events: by name, the value at each step."""
    found: dict[str, dict[int, float]] = {}
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        while data:
            length = int.from_bytes(data[:8], "little")  # then its checksum, the record, and the record's checksum
            event = Event.FromString(data[12 : 12 + length])
            for value in event.summary.value:
                found.setdefault(value.tag, {})[event.step] = value.simple_value
            data = data[16 + length :]
    return found


def test_a_run_leaves_its_curves_and_where_it_ran(project: Path, tiny: Callable[[str], Path], tmp_path: Path) -> None:
    more = {"method": "lora", "held_out_rows": 2, "warmup_share": 0.5}
    run = run_of(config_for(project, tiny("llama"), tmp_path / "adapter", **more))
    trained(run)
    lines = metrics_of(run.folder)
    curves = scalars(run.events)
    steps = [line for line in lines if "loss" in line]
    assert len(steps) == 6
    assert curves["train/loss"] == pytest.approx({line["step"]: line["loss"] for line in steps})
    assert curves["train/learning_rate"] == pytest.approx({line["step"]: line["learning_rate"] for line in steps})
    looks = [line for line in lines if "held_out_loss" in line]
    assert [line["step"] for line in looks] == [0, 3, 6]
    assert curves["held_out/loss"] == pytest.approx({line["step"]: line["held_out_loss"] for line in looks})
    environment = read_json(run.folder / "environment.json")
    assert environment["processes"] == 1
    assert len(environment["commit"]) == 40
    assert set(environment["libraries"]) >= {"torch", "peft", "finetab"}


def test_a_short_run_loses_no_step_to_its_warm_up(project: Path, tiny: Callable[[str], Path], tmp_path: Path) -> None:
    run = run_of(config_for(project, tiny("llama"), tmp_path / "adapter", method="lora"))
    trained(run)
    rates = [line["learning_rate"] for line in metrics_of(run.folder) if "loss" in line]
    assert rates[0] == pytest.approx(1e-3)
    assert rates == sorted(rates, reverse=True)


@pytest.mark.filterwarnings("ignore:Paged optimizers are not supported on CPU")
def test_state_of_8_bits_trains_too_and_an_unknown_optimiser_is_told(
    project: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    losses = {}
    for optimiser in ("adamw", "paged_adamw_8bit"):
        more = {"optimiser": optimiser, "max_steps": 20, "learning_rate": 5e-3, "method": "lora", "options": {"r": 64}}
        run = run_of(config_for(project, tiny("llama"), tmp_path / optimiser, **more))
        trained(run)
        losses[optimiser] = [line["loss"] for line in metrics_of(run.folder)]
    assert losses["paged_adamw_8bit"][0] == pytest.approx(losses["adamw"][0])
    assert losses["paged_adamw_8bit"] != losses["adamw"]  # rounded state
    assert losses["paged_adamw_8bit"][-1] == pytest.approx(losses["adamw"][-1], rel=0.1)
    with pytest.raises(BadSetting, match='There is no optimiser "adamv"; did you mean "adamw"'):
        make_config({"optimiser": "adamv"})
