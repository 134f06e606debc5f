"""`finetab compare` as a user types it: killed in the middle, it goes on; a package's technique works by its name."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import read_json
from tests.training.compare.conftest import entries  # noqa: F401 - the fixture
from tests.training.methods.test_registry import METADATA, PLUGIN

CLUMSY = """
class Clumsy(BitFit):
    def apply(self, target, options):
        raise RuntimeError("It has no wings.")

CLUMSY = Clumsy()
"""
COMPARE = [sys.executable, "-m", "finetab", "compare", "run.toml"]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The folder of an installed package with two techniques, one of which fails when it is put on a model."""
    info = tmp_path / "site" / "finetab_bitfit-0.1.dist-info"
    info.mkdir(parents=True)
    (info.parent / "finetab_bitfit.py").write_text(PLUGIN + CLUMSY)
    (info / "METADATA").write_text(METADATA)
    names = "[finetab.methods]\nbitfit = finetab_bitfit:BITFIT\nclumsy = finetab_bitfit:CLUMSY\n"
    (info / "entry_points.txt").write_text(names)
    return info.parent


def toml(values: dict[str, Any], name: str = "") -> str:
    """Tables of plain values and of tables."""
    tables = {key: value for key, value in values.items() if isinstance(value, dict)}
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items() if key not in tables]
    head = [f"[{name}]"] if name else []
    parts = [toml(table, f"{name}.{key}".removeprefix(".")) for key, table in tables.items()]
    return "\n".join([*head, *lines, *parts])


def test_a_comparison_that_was_killed_goes_on_to_its_report(
    entries: dict[str, Any],  # noqa: F811
    site: Path,
    tmp_path: Path,
) -> None:
    entries["techniques"] = {"lora": {"options": {"r": 2}}, "bitfit": {}, "clumsy": {}}
    (tmp_path / "run.toml").write_text(toml(entries), "utf-8")
    paths = os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])
    env = os.environ | {"PYTHONPATH": paths}
    techniques = tmp_path / "out" / "techniques"
    with subprocess.Popen(COMPARE, cwd=tmp_path, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 600
        while not (techniques / "bitfit" / "seed-0").exists():  # it is being trained
            assert process.poll() is None, process.communicate()[1].decode()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.kill()
    first = (techniques / "lora" / "seed-0" / "figures.json").stat().st_mtime_ns

    done = subprocess.run(COMPARE, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (techniques / "lora" / "seed-0" / "figures.json").stat().st_mtime_ns == first
    made = read_json(tmp_path / "out" / "report.json")
    assert made["failed"] == {"clumsy": "RuntimeError: It has no wings."}
    for name in ("lora", "bitfit"):
        row = made["techniques"][name]
        assert row["edit_similarity"]["n"] == 2
        assert row["against_base"]["edit_similarity"]["low"] <= row["against_base"]["edit_similarity"]["high"]
        assert len(row["held_out_loss"]["by_seed"]) == 2
        assert min(row[cost]["low"] for cost in ("peak_memory_gb", "tokens_per_second", "swap_seconds")) > 0
    assert made["techniques"]["bitfit"]["parameters"] > 0
    assert made["first"] == "lora"
    report = (tmp_path / "out" / "report.md").read_text("utf-8")
    assert "clumsy: RuntimeError: It has no wings." in report
    assert "![quality-seconds.png](quality-seconds.png)" in report

    (tmp_path / "run.toml").write_text(toml(entries | {"holes": 3}), "utf-8")
    refused = subprocess.run(COMPARE, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "holds a comparison with other values of holes" in refused.stderr
    assert "Traceback" not in refused.stderr
