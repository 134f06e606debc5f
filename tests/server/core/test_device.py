"""Where a model goes, and in which numbers."""

import pytest
import torch

from finetab.core.device import multiplies_bfloat16, pick_device, pick_dtype
from finetab.errors import BadSetting


@pytest.mark.parametrize("device", ["cuda:77", "gpu", "cpu0"])
def test_a_device_that_is_not_here_is_told(device: str) -> None:
    with pytest.raises(BadSetting, match="cannot be used here"):
        pick_device(device)


def test_only_devices_that_are_here_are_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(BadSetting, match="use auto or cpu"):
        pick_device("gpu")


def test_dtype_follows_the_device_unless_asked() -> None:
    assert pick_dtype("auto", torch.device("cpu")) is torch.float32
    assert pick_dtype("bfloat16", torch.device("cpu")) is torch.bfloat16
    with pytest.raises(BadSetting, match="float8"):
        pick_dtype("float8", torch.device("cpu"))


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"cpu_name": "AMD EPYC", "avx512_bf16": True}, True),
        ({"cpu_name": "AMD EPYC", "avx512_bf16": False}, False),
        ({"cpu_name": "Intel Xeon", "avx512_bf16": True, "amx_bf16": True}, True),
        ({"cpu_name": "Intel Xeon", "avx512_bf16": True, "amx_bf16": False}, False),
        ({"architecture": "aarch64"}, False),
    ],
)
def test_training_takes_bfloat16_where_it_is_quicker(
    known: dict[str, object], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: known)
    assert multiplies_bfloat16(torch.device("cpu")) is expected
