"""The command line as a user types it: answers, and one clear sentence with exit code 2 for every mistake."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.server.adapters.test_library import put
from tests.training.train.test_run import config_for

import finetab as finetab_package
from finetab.adapters.library import WEIGHTS
from finetab_training.config import RunConfig

FINETAB = [sys.executable, "-m", "finetab"]


def finetab(*arguments: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*FINETAB, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120, env={**os.environ, **env},
        check=False,
    )  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "a.py").write_text("def f(a):\n    return a + 1\n")
    (folder / "binary.py").write_bytes(b"\x7fELF\0")
    (folder / "settings.toml").write_text("")
    (folder / "half").mkdir()
    (folder / "empty").mkdir()
    return folder


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["complete", "a.py"], '"a.py" names no place; write FILE:LINE:COLUMN'),
        (["complete", "none.py:1:1"], "There is no file none.py"),
        (["complete", "binary.py:1:1"], "is a binary file"),
        (["complete", "empty:1:1"], "cannot be read"),
        (["complete", "a.py:9:1"], "a.py has 3 lines, so there is no line 9"),
        (["complete", "a.py:1:99"], "has columns 1 to 10, so there is no column 99"),
        (["complete", "a.py:1:1", "--adapter", "nobody"], 'There is no adapter "nobody"; known: base'),
        (["complete", "a.py:1:1", "--adapter", "half"], "half is no adapter: it has no manifest.json"),
        (["complete", "a.py:1:1", "--base", "gemma3-27m"], 'did you mean "gemma3-270m"'),
        (["complete", "a.py:1:1", "--form", "spn"], "must be one of: auto, spm, psm, prefix"),
        (["train", "--data", "empty"], "needs --data FOLDER and --out ADAPTER"),
        (["train", "--data", "empty", "--out", "o"], "holds no source file"),
        (["train", "--data", "nowhere", "--out", "o"], "There is no folder nowhere"),
        (["train", "--data", ".", "--out", "o", "--method", "qlor"], 'did you mean "qlora"'),
        (["train", "--data", ".", "--out", "o", "--set", "learning_rat=1"], 'did you mean "learning_rate"'),
        (["train", "--data", ".", "--out", "o", "--config", "none.toml"], "cannot be read as a run config"),
        (["train", "--data", ".", "--out", "empty/../half/../a.py"], "is no adapter; choose another"),
        (["train", "--resume", "empty"], "is no run folder"),
        (["evaluate"], "needs one of --data FOLDER, --holes FILE.jsonl and --benchmark NAME"),
        (["evaluate", "--benchmark", "safim-api", "--data", "."], "needs one of --data"),
        (["evaluate", "--benchmark", "safim-apis"], 'no benchmark "safim-apis"; did you mean "safim-api"?'),
        (["evaluate", "--holes", "a.py"], "a.py, line 1: not a JSON object"),
        (["evaluate", "--data", ".", "--adapter", "nobody"], 'There is no adapter "nobody"'),
        (["models", "fetch", "gemma3-27m"], 'did you mean "gemma3-270m"'),
        (["data", "build", "nowhere", "--out", "o"], "There is no folder nowhere"),
        (["data", "build", "empty", "--out", "o"], "no source file that can be used"),
        (["data", "build", ".", "--out", "o", "--cut", "v9"], "is in no git repository"),
        (["data", "build", ".", "--out", "o", "--column", "x=y"], "--column takes text=NAME"),
        (["data", "show", "empty"], "is no dataset"),
        (["demo", "--package", "no_such_package"], 'There is no installed package "no_such_package"'),
        (["demo", "--package", "no.such.package"], 'There is no installed package "no.such.package"'),
        (["train", "--data", ".", "--out", "."], "does not name a folder of its own"),
        (["train", "--data", ".", "--out", "o", "--random-weights"], "--random-weights goes with --dry-run"),
        (["train", "--dry-run", "--base", "gemma3-27m"], 'did you mean "gemma3-270m"'),
        (["train", "--dry-run", "--set", "method=qlor"], 'did you mean "qlora"'),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(arguments: list[str], words: str, workspace: Path) -> None:
    before = sorted(workspace.rglob("*"))
    done = finetab(*arguments, cwd=workspace)
    assert done.returncode == 2
    assert words in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("finetab: ")
    assert done.stdout == ""
    assert sorted(workspace.rglob("*")) == before


def test_an_unknown_setting_in_the_workspace_is_told(workspace: Path) -> None:
    (workspace / "finetab.toml").write_text('adaptor = "x"\n')
    done = finetab("complete", "a.py:1:1", cwd=workspace)
    assert done.returncode == 2
    assert 'Unknown setting "adaptor"; did you mean "adapter"?' in done.stderr


def test_missing_weights_name_the_command_that_fetches_them(workspace: Path, tmp_path: Path) -> None:
    done = finetab("complete", "a.py:1:1", cwd=workspace, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert done.returncode == 2
    assert "run: finetab models fetch gemma3-270m" in done.stderr
    doctor = finetab("doctor", cwd=workspace, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert doctor.returncode == 1
    assert "run: finetab models fetch gemma3-270m" in " ".join(doctor.stdout.split())


def test_help_and_the_list_of_models_need_no_torch(workspace: Path) -> None:
    script = "import sys, finetab.cli as c\ntry:\n c.main()\nexcept SystemExit: pass\nprint('torch' in sys.modules)"
    for arguments in (["--help"], ["models"], ["train", "--help"]):
        done = subprocess.run(
            [sys.executable, "-c", script, *arguments], cwd=workspace, capture_output=True, text=True, check=True
        )
        assert done.stdout.splitlines()[-1] == "False"


def test_where_there_is_no_suggestion_stderr_says_why(workspace: Path, tiny: Callable[[str], Path]) -> None:
    (workspace / "finetab.toml").write_text("max_new_tokens = 1\n")
    (workspace / "blank.py").write_text("x = 1\n")
    done = finetab("complete", "blank.py:1:6", "--base", str(tiny("llama")), cwd=workspace)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("No suggestion here: ")


def test_the_version_is_told(workspace: Path) -> None:
    assert finetab("--version", cwd=workspace).stdout == f"finetab {finetab_package.__version__}\n"


def test_a_place_is_completed_and_the_cost_is_told_as_json(workspace: Path, tiny: Callable[[str], Path]) -> None:
    base = str(tiny("llama"))
    (workspace / "words.txt").write_text("some words and\n")  # where a language is known, random words are held back
    done = finetab("complete", "words.txt:1:15", "--base", base, "--json", cwd=workspace)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert {
        "text",
        "finish_reason",
        "latency_ms",
        "prompt_tokens",
        "reused_tokens",
        "generated_tokens",
        "adapter",
    } <= set(answer)
    assert answer["adapter"] == "base"
    assert answer["prompt_tokens"] > 10
    assert answer["text"]
    plain = finetab("complete", "words.txt:1:15", "--base", base, cwd=workspace)
    assert plain.stdout == answer["text"] + "\n"


def train_command(config: RunConfig) -> list[str]:
    entries = config.to_dict() | {"options": "{r = 4}"}
    options = [
        f"--set={key}={str(value).lower() if isinstance(value, bool) else value}"
        for key, value in entries.items()
        if key not in ("data", "out", "base")
    ]
    return [*FINETAB, "train", "--data", config.data, "--out", config.out, "--base", config.base, *options]


def stop_at(config: RunConfig, step: int, number: signal.Signals, cwd: Path) -> tuple[int, str]:
    """Train in a process of its own, send it a signal after a step, and give its exit code and words."""
    with subprocess.Popen(
        train_command(config), cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        metrics = Path(f"{config.out}.run") / "metrics.jsonl"
        deadline = time.monotonic() + 60
        while not (metrics.is_file() and len(metrics.read_text().splitlines()) >= step):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    return process.returncode, errors


def test_training_stopped_by_ctrl_c_says_how_to_go_on_and_does(
    project: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    config = config_for(project, tiny("llama"), tmp_path / "adapter", max_steps=80)
    exit_code, errors = stop_at(config, 3, signal.SIGINT, tmp_path)
    assert exit_code == 130
    assert f"go on with: finetab train --resume {tmp_path / 'adapter.run'}" in errors
    assert "Traceback" not in errors
    assert not (tmp_path / "adapter").exists()
    done = finetab("train", "--resume", str(tmp_path / "adapter.run"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "adapter" / "manifest.json").is_file()
    evaluated = finetab(
        "evaluate", "--adapter", config.out, "--data", config.data, "--limit", "3", "--json", cwd=tmp_path
    )  # the adapter brings its base
    assert evaluated.returncode == 0, evaluated.stderr
    report = json.loads(evaluated.stdout)
    assert {"exact_match", "edit_similarity", "n", "holes", "latency_ms", "arms", "differences"} <= set(report)
    assert report["adapter"].startswith("adapter@")


def test_a_killed_run_goes_on_to_the_very_adapter_of_an_unkilled_one_whatever_became_of_its_files(
    project: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    whole = config_for(project, tiny("gpt_neox"), tmp_path / "whole", max_steps=30, save_steps=4)
    assert subprocess.run(train_command(whole), cwd=tmp_path, capture_output=True, check=False).returncode == 0
    step = random.randrange(5, 25)
    killed = replace(whole, out=str(tmp_path / "killed"))
    assert stop_at(killed, step, signal.SIGKILL, tmp_path)[0] == -signal.SIGKILL
    assert not (tmp_path / "killed").exists()
    shutil.rmtree(project)
    done = finetab("train", "--resume", str(tmp_path / "killed.run"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    one, other = (tmp_path / name / WEIGHTS for name in ("whole", "killed"))
    assert one.read_bytes() == other.read_bytes(), f"killed at step {step}"
    steps = [json.loads(line)["step"] for line in (tmp_path / "killed.run" / "metrics.jsonl").read_text().splitlines()]
    assert steps == list(range(1, 31))


def test_a_dataset_is_built_looked_into_and_trained_on(
    project: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    built = finetab("data", "build", str(project), "--out", "dataset", "--num-proc", "2", cwd=tmp_path)
    assert built.returncode == 0, built.stderr
    assert "split by file" in built.stdout
    shown = finetab("data", "show", "dataset", "--base", str(tiny("llama")), "--samples", "2", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "tokens of the middle" in shown.stdout
    assert shown.stdout.count("tokens ─") == 2
    config = config_for(tmp_path / "dataset", tiny("llama"), tmp_path / "adapter", max_steps=2)
    assert subprocess.run(train_command(config), cwd=tmp_path, capture_output=True, check=False).returncode == 0
    manifest = json.loads((tmp_path / "adapter" / "manifest.json").read_text())
    assert (manifest["data"]["files"], manifest["data"]["split"]) == (4, "file")
    evaluated = finetab("evaluate", "--adapter", "adapter", "--data", "dataset", "--limit", "2", "--json", cwd=tmp_path)
    assert evaluated.returncode == 0, evaluated.stderr
    assert json.loads(evaluated.stdout)["n"] == 2


def test_an_adapter_of_another_base_is_told_at_once_by_all(workspace: Path, tiny: Callable[[str], Path]) -> None:
    adapter = put(workspace / "mine")
    (workspace / "finetab.toml").write_text(f'base = "{tiny("llama")}"\nadapter = "mine"\n')
    told = 'The adapter "mine" was trained on gemma3-270m'
    for arguments in (
        ["complete", "a.py:1:1"],
        ["evaluate", "--data", ".", "--adapter", "mine", "--base", str(tiny("llama"))],
    ):
        done = finetab(*arguments, cwd=workspace)
        assert (done.returncode, done.stdout) == (2, "")
        assert told in done.stderr
    doctor = finetab("doctor", cwd=workspace)
    assert doctor.returncode == 1
    assert told in " ".join(doctor.stdout.split())
    assert adapter.is_dir()


def test_serve_takes_stdio_and_a_log_file(workspace: Path, tiny: Callable[[str], Path]) -> None:
    from finetab.lsp.client import ServerProcess

    log = workspace / "server.log"
    command = [*FINETAB, "serve", "--stdio", "--log-file", str(log)]
    with ServerProcess(command) as server:
        server.start(options={"base": str(tiny("llama"))}, capabilities={"window": {"workDoneProgress": True}})
        server.wait_for(lambda message: message.get("params", {}).get("value", {}).get("kind") == "end", 60)
        server.open("file:///a.py", "def f(a):\n    return \n")
        server.complete("file:///a.py", 1, 11)
        record = server.why()[0]
        assert record["why"] in ("answered", "nothing to add", "filtered")
        assert record["prompt_tokens"] > 10
        assert server.stop() == 0
    assert log.is_file()
    done = finetab("serve", "--log-file", "no/such/folder/x.log", cwd=workspace)
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
