"""Export: base and adapter in one folder that answers like both, knows its form, and needs finetab no more."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import torch
from tests.conftest import FAMILIES
from tests.training.train.test_run import config_for, trained
from transformers import AutoModelForCausalLM

from finetab.assemble import load_completer
from finetab.completion.request import CompletionRequest
from finetab.core.progress import silent
from finetab.documents import open_document
from finetab.errors import BadAdapter, BadFile, FinetabError
from finetab.settings import Settings
from finetab_training import export
from finetab_training.export import export_merged
from finetab_training.runs import run_of

TEXT = "def area(width, height):\n    \n\nprint(area(1, 2))\n"


@pytest.mark.parametrize("family", FAMILIES)
def test_a_merged_model_answers_like_base_and_adapter_and_is_asked_in_its_form(
    family: str, project: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    adapter = trained(run_of(config_for(project, tiny(family), tmp_path / "adapter", learning_rate=1e-2)))
    merged = export_merged(str(adapter), tmp_path / "merged")
    request = CompletionRequest(open_document("a.py", TEXT), TEXT.index("\n\n") + 0)
    # Weights that 8 bits round after the merge are not those that they round before it.
    budgets = {"max_new_tokens": 12, "prefix_tokens": 150, "suffix_tokens": 60, "quantisation": "none"}
    answers = []
    for settings in (
        Settings(base=str(tiny(family)), adapter=str(adapter), **budgets),  # type: ignore[arg-type]
        Settings(base=str(merged), **budgets),  # type: ignore[arg-type]
    ):
        with closing(load_completer(settings, silent)) as completer:
            assert completer.voice.form == "spm"
            answers.append(completer.complete(request))
    assert answers[0].text == answers[1].text
    assert answers[0].prompt_tokens == answers[1].prompt_tokens
    assert AutoModelForCausalLM.from_pretrained(merged) is not None


def test_a_folder_with_something_in_it_is_left_alone(
    project: Path, tiny: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = trained(run_of(config_for(project, tiny("llama"), tmp_path / "adapter", max_steps=1)))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "x").write_text("")
    with pytest.raises(BadFile, match="is not empty"):
        export_merged(str(adapter), tmp_path / "mine")
    # A merge that went wrong is never left behind.
    monkeypatch.setattr(export, "_logits", lambda model, probe: torch.randn(1, 4, 8))
    with pytest.raises(FinetabError, match="answers unlike"):
        export_merged(str(adapter), tmp_path / "wrong")
    assert not (tmp_path / "wrong").exists()


def test_a_model_that_names_an_unknown_row_is_refused(
    project: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    adapter = trained(run_of(config_for(project, tiny("llama"), tmp_path / "adapter", max_steps=1)))
    merged = export_merged(str(adapter), tmp_path / "merged")
    config = json.loads((merged / "config.json").read_text())
    config["finetab"]["family"] = "no-such"
    (merged / "config.json").write_text(json.dumps(config))
    with pytest.raises(BadAdapter, match="names no FIM row"):
        load_completer(Settings(base=str(merged)), silent)
