"""What past prompts may take: a share of the memory, and not much of it."""

from types import SimpleNamespace

import psutil
import pytest
import torch

from finetab.engine.budget import kv_budget, team_kv_budget


@pytest.mark.parametrize(("ram_gb", "budget_mb"), [(4, 64), (8, 128), (64, 192)])
def test_a_small_share_of_the_ram(ram_gb: int, budget_mb: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(total=ram_gb << 30))
    assert kv_budget(torch.device("cpu")) == budget_mb << 20


def test_those_who_share_an_engine_have_a_larger_one_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(total=16 << 30))
    assert team_kv_budget(torch.device("cpu")) == 2 << 30
