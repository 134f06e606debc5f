"""Attention over a row's samples one by one: what PyTorch's masked attention gives, and taken where it can be had.

(No test machine has flash-attn: that a model trains with it is seen on a GPU.)
"""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from tests.conftest import random_model

from finetab_training.train import attention
from finetab_training.train.attention import BY_SAMPLE, VARLEN, use_packed_attention
from finetab_training.train.loss import row_loss


class Switch:
    """A model that notes its attention, on a device that may not be there."""

    def __init__(self, device: str, knows_it: bool) -> None:
        self.device = SimpleNamespace(type=device)
        self.knows_it = knows_it
        self.taken = "sdpa"

    def set_attn_implementation(self, name: str) -> None:
        if not self.knows_it:
            raise ValueError("this family has no such attention")
        self.taken = name


@pytest.mark.parametrize(
    ("installed", "device", "dtype", "knows_it", "taken"),
    [
        (True, "cuda", torch.bfloat16, True, VARLEN),
        (True, "cuda", torch.bfloat16, False, "sdpa"),
        (True, "cuda", torch.float32, True, "sdpa"),
        (False, "cuda", torch.bfloat16, True, "sdpa"),
        (True, "cpu", torch.bfloat16, True, BY_SAMPLE),
        (False, "cpu", torch.float32, True, BY_SAMPLE),
        (False, "cpu", torch.float32, False, "sdpa"),
        (False, "mps", torch.float16, True, "sdpa"),
    ],
)
def test_it_is_taken_where_it_can_be_had(
    installed: bool, device: str, dtype: torch.dtype, knows_it: bool, taken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attention, "is_flash_attn_2_available", lambda: installed)
    model = Switch(device, knows_it)
    use_packed_attention(model, dtype)
    assert model.taken == taken


def row(*lengths: int, seed: int = 0) -> dict[str, torch.Tensor]:
    """A packed row of samples of these lengths, of which every label counts."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(3, 200, (1, sum(lengths)), generator=generator)
    positions = torch.cat([torch.arange(length) for length in lengths])[None]
    return {"ids_BT": ids, "labels_BT": ids.clone(), "positions_BT": positions}


def gradients(model: Any, packed: dict[str, torch.Tensor]) -> tuple[float, dict[str, torch.Tensor]]:
    """A row's loss and what it says to every weight."""
    model.zero_grad()
    loss = row_loss(model, packed["ids_BT"], packed["labels_BT"], packed["positions_BT"])
    loss.backward()
    return float(loss.detach()), {
        name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None
    }


@pytest.mark.parametrize("lengths", [(24,), (9, 15), (1, 30, 2)])
@pytest.mark.parametrize("family", ["gemma3", "llama", "gpt_neox"])
def test_a_row_learns_what_it_learns_by_torchs_attention(
    family: str, lengths: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = random_model(family).train()
    packed = row(*lengths)
    loss, wanted = gradients(model, packed)
    use_packed_attention(model, torch.float32)
    monkeypatch.delattr(attention, "sdpa_attention_forward")  # it is not asked
    assert model.config._attn_implementation == BY_SAMPLE
    found_loss, found = gradients(model, packed)
    assert found_loss == pytest.approx(loss, rel=1e-5)
    assert found.keys() == wanted.keys()
    for name, grad in wanted.items():
        torch.testing.assert_close(found[name], grad, rtol=1e-3, atol=1e-4, msg=name)


def test_a_window_shorter_than_a_sample_is_kept() -> None:
    model = random_model("gemma3").train()
    window = model.config.sliding_window
    assert window is not None
    packed = row(int(window) * 2 + 5, 7)
    loss, _ = gradients(model, packed)
    use_packed_attention(model, torch.float32)
    found, _ = gradients(model, packed)
    assert found == pytest.approx(loss, rel=1e-5)


def test_no_sample_hears_of_another() -> None:
    model = random_model("llama").eval()
    use_packed_attention(model, torch.float32)
    left, right, other = row(12, seed=1), row(20, seed=2), row(12, seed=3)

    def both(first: dict[str, torch.Tensor]) -> torch.Tensor:
        ids, positions = (torch.cat([first[name], right[name]], dim=1) for name in ("ids_BT", "positions_BT"))
        logits: torch.Tensor = model(input_ids=ids, position_ids=positions, use_cache=False).logits
        return logits[0, 12:]

    with torch.no_grad():
        torch.testing.assert_close(both(left), both(other), rtol=0.0, atol=0.0)


@pytest.mark.parametrize("kind", ["padded", "cached", "large"])
def test_what_is_no_row_is_left_to_torch(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = random_model("gemma3").eval()
    ids = row(24)["ids_BT"]
    given: dict[str, Any] = {"input_ids": ids, "use_cache": False}
    if kind == "padded":
        given |= {"input_ids": torch.cat([ids, ids]), "attention_mask": torch.ones(2, 24, dtype=torch.long)}
        given["attention_mask"][1, :7] = 0
    with torch.no_grad():
        wanted = model(**given).logits
        use_packed_attention(model, torch.float32)
        if kind == "large":
            monkeypatch.setattr(attention, "_MOST_SCORES", 1)
        if kind == "cached":
            begun = model(input_ids=ids[:, :20], use_cache=True)
            rest = model(input_ids=ids[:, 20:], past_key_values=begun.past_key_values, use_cache=True)
            found = torch.cat([begun.logits, rest.logits], dim=1)
        else:
            found = model(**given).logits
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)
