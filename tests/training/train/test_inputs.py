"""What a run writes before it begins: files that are too short to choose by do not end it, and are not trained on."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.training.train.test_run import config_for, trained

from finetab.core.languages import LANGUAGES
from finetab.core.models import load_base
from finetab_training.data.source_file import SourceFile
from finetab_training.data.trained import read_trained
from finetab_training.runs import run_of
from finetab_training.train.inputs import read_held_out, write_inputs
from finetab_training.train.prepare import prepare


def test_validation_files_of_which_nothing_can_be_cut_leave_no_rows_and_count_for_nothing(
    project: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    config = config_for(project, tiny("llama"), tmp_path / "adapter", held_out_rows=2, method="lora")
    python = next(language for language in LANGUAGES if language.name == "python")
    found = prepare(run_of(config))
    assert found is not None
    base = load_base(str(tiny("llama")))
    empty = replace(found, validation=[SourceFile("a.py", python, "\n")])
    for name, given, num_files in (("with", found, 5), ("without", empty, 4)):
        write_inputs(tmp_path / name, given, base, config)
        assert (read_held_out(tmp_path / name) is None) == (name == "without")
        assert len(read_trained(tmp_path / name).files) == num_files


def test_a_run_without_files_kept_back_ends_as_any_other(
    project: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    more = {"max_steps": 2, "held_out_rows": 2, "held_out_share": 0.0}
    assert trained(run_of(config_for(project, tiny("llama"), tmp_path / "adapter", method="lora", **more))).is_dir()
