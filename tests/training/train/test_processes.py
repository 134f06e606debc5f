"""Several real processes on one run: the same curve and adapter as one, and weights gathered from shards."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tests.conftest import read_json
from tests.training.train.test_run import metrics_of

SMALL = {
    "method": "lora", "prefix_tokens": 64, "suffix_tokens": 32, "max_middle_tokens": 32, "row_tokens": 256,
    "rows_per_step": 4, "max_steps": 4, "save_steps": 2, "held_out_rows": 2, "left_to_right_share": 0.0,
}  # fmt: skip


def train(project: Path, model: Path, out: Path, num_processes: int, **changes: object) -> "subprocess.Popen[str]":
    """`finetab train` in so many processes side by side."""
    entries = {"data": str(project), "base": str(model), "out": str(out), **SMALL, **changes}
    out.with_suffix(".toml").write_text("".join(f"{key} = {value!r}\n" for key, value in entries.items()), "utf-8")
    launch = ["torch.distributed.run", "--nproc-per-node", str(num_processes), "--standalone", "-m"]
    command = [sys.executable, "-m", *(launch if num_processes > 1 else []), "finetab", "train"]
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen([*command, "--config", str(out.with_suffix(".toml"))], text=True, env=env,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip


def test_two_processes_train_what_one_does(project: Path, tiny: Callable[[str], Path], tmp_path: Path) -> None:
    model = tiny("gpt_neox")
    runs = {count: train(project, model, tmp_path / f"by-{count}", count) for count in (1, 2)}
    printed = {count: run.communicate(timeout=240)[0] for count, run in runs.items()}
    assert [run.returncode for run in runs.values()] == [0, 0], printed
    assert printed[2].count("parameters to train") == 1, "only the first process speaks"
    for count in (1, 2):
        assert read_json(tmp_path / f"by-{count}.run" / "environment.json")["processes"] == count
    one, two = (metrics_of(tmp_path / f"by-{count}.run") for count in (1, 2))
    assert len(one) == len(two) > 4
    for left, right in zip(one, two, strict=True):
        for name in ("loss", "held_out_loss", "learning_rate"):
            assert left.get(name, 0.0) == pytest.approx(right.get(name, 0.0), rel=1e-5)
    weights = [load_file(tmp_path / f"by-{count}" / "adapter_model.safetensors") for count in (1, 2)]
    assert weights[0].keys() == weights[1].keys()
    for name, weight in weights[0].items():
        # Sums in another order are a hair apart, and a gradient that is may be rounded to the next of 8 bits.
        torch.testing.assert_close(weights[1][name], weight, rtol=1e-2, atol=1e-4)


def test_a_step_that_cannot_be_shared_evenly_is_one_sentence(
    project: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    run = train(project, tiny("gpt_neox"), tmp_path / "a", 2, rows_per_step=3)
    printed = run.communicate(timeout=120)[0]
    assert run.returncode != 0
    assert "rows_per_step is 3, which 2 processes cannot share evenly; make it a multiple of 2." in printed
    assert not (tmp_path / "a").exists()


_SHARDED = """
import sys
import torch
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from finetab.core.models import load_base
from finetab_training.methods.base import Target
from finetab_training.methods.registry import method_by_name
from finetab_training.train.processes import gather_trained, join_processes, leave_processes
from finetab_training.config import make_config


def main():
    processes = join_processes(make_config({"rows_per_step": 2}))
    torch.manual_seed(3)
    base = load_base(sys.argv[1])
    method = method_by_name("lora")
    tuned = method.apply(Target(base.model, rows=base.fim.sentinel_ids), method.options({}))
    trained = {name: weight for name, weight in tuned.model.named_parameters() if weight.requires_grad}
    expected = {name: weight.detach().clone() for name, weight in trained.items()}
    del trained
    mesh = init_device_mesh("cpu", (processes.num_processes,))
    for layer in base.model.get_decoder().layers:
        fully_shard(layer, mesh=mesh)
    fully_shard(tuned.model, mesh=mesh)
    assert any(type(weight.data).__name__ == "DTensor" for weight in tuned.model.parameters())
    gather_trained(tuned.model)
    found = {name: weight for name, weight in tuned.model.named_parameters() if weight.requires_grad}
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], weight) for name, weight in expected.items())
    leave_processes(processes)
    print("gathered", len(found), flush=True)


main()  # what the mesh holds of the connections is gone before the interpreter ends: it aborts otherwise, at times
"""


def test_sharded_weights_are_gathered_whole_before_they_are_saved(tiny: Callable[[str], Path], tmp_path: Path) -> None:
    (tmp_path / "sharded.py").write_text(_SHARDED, "utf-8")
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone",
               str(tmp_path / "sharded.py"), str(tiny("llama"))]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[:4000]  # torchrun's own account comes last
    assert done.stdout.count("gathered") == 2
