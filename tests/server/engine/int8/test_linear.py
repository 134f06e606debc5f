"""A linear layer with 8-bit weights gives what those weights give, whatever stands beside a token."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from finetab.core.tensor_file import TensorFiles
from finetab.engine.int8 import linear as linear_module
from finetab.engine.int8 import packing
from finetab.engine.int8.linear import Linear
from finetab.engine.network import NO_ADAPTER

K, SIZES = 96, (40, 24)


def written(folder: Path, *, bias: bool) -> dict[str, torch.Tensor]:
    """Weights of two projections, the outputs of very different sizes."""
    generator = torch.Generator().manual_seed(0)
    tensors = {}
    for name, size in zip("pq", SIZES, strict=True):
        sizes_N1 = torch.logspace(-3, 2, size)[:, None]
        tensors[f"{name}.weight"] = torch.randn(size, K, generator=generator) * sizes_N1
        if bias:
            tensors[f"{name}.bias"] = torch.randn(size, generator=generator)
    save_file(tensors, str(folder / "model.safetensors"))
    return tensors


def rounded(weight_NK: torch.Tensor) -> torch.Tensor:
    """The weights as 8 bits hold them."""
    scales_N1 = weight_NK.abs().amax(dim=1, keepdim=True) / 127
    return (weight_NK / scales_N1).round() * scales_N1


@pytest.mark.parametrize("levels", [127, 63])  # with VNNI and without
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("num_tokens", [1, 7])
def test_inputs_lose_next_to_nothing(levels: int, bias: bool, num_tokens: int, tmp_path: Path) -> None:
    tensors = written(tmp_path, bias=bias)
    order = torch.randperm(sum(SIZES), generator=torch.Generator().manual_seed(1))
    linear = Linear(TensorFiles(tmp_path), ["p", "q"], order, levels)
    x_TK = torch.randn(num_tokens, K, generator=torch.Generator().manual_seed(2))
    x_TK[:, 5] = 300.0  # as some channels of real models are
    weight_NK = torch.cat([rounded(tensors["p.weight"]), rounded(tensors["q.weight"])])[order]
    expected = x_TK @ weight_NK.T
    if bias:
        expected += torch.cat([tensors["p.bias"], tensors["q.bias"]])[order]
    # Half a step of the second number, which is a half of a half step of the first one.
    most = x_TK.abs().amax(dim=1, keepdim=True) * weight_NK.abs().sum(dim=1) / (2 * levels) ** 2
    assert ((linear(x_TK, NO_ADAPTER) - expected).abs() <= 1.01 * most).all()


def test_a_token_alone_gives_exactly_what_it_gives_among_others(tmp_path: Path) -> None:
    written(tmp_path, bias=False)
    linear = Linear(TensorFiles(tmp_path), ["p"])
    x_TK = torch.randn(300, K, generator=torch.Generator().manual_seed(3))
    together = linear(x_TK, NO_ADAPTER)
    for place in (0, 150, 299):
        assert torch.equal(linear(x_TK[place : place + 1], NO_ADAPTER)[0], together[place])


def test_nothing_comes_of_nothing(tmp_path: Path) -> None:
    written(tmp_path, bias=False)
    assert not Linear(TensorFiles(tmp_path), ["q"])(torch.zeros(2, K), NO_ADAPTER).any()


def test_packed_in_parts_it_gives_what_it_gives_packed_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, bias=True)
    x_TK = torch.randn(5, K, generator=torch.Generator().manual_seed(4))
    whole = Linear(TensorFiles(tmp_path), ["p", "q"])(x_TK, NO_ADAPTER)
    for module in (packing, linear_module):
        monkeypatch.setattr(module, "PART", 30)
    assert torch.equal(Linear(TensorFiles(tmp_path), ["p", "q"])(x_TK, NO_ADAPTER), whole)
