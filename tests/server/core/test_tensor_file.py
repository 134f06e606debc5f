"""Tensors come out of a folder's files as they went in, rows at a time; what cannot be read is named."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from finetab.core.tensor_file import TensorFiles
from finetab.errors import BadFile

ROWS = torch.arange(60, dtype=torch.float32).view(12, 5) / 4  # exact in all dtypes


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_rows_are_those_that_were_written(dtype: torch.dtype, tmp_path: Path) -> None:
    save_file({"first": torch.ones(3).to(dtype), "rows": ROWS.to(dtype)}, str(tmp_path / "one.safetensors"))
    save_file({"other": ROWS[:2].to(dtype)}, str(tmp_path / "two.safetensors"))
    files = TensorFiles(tmp_path)
    assert "rows" in files
    assert "other" in files
    assert "none" not in files
    assert files.shape("rows") == (12, 5)
    assert torch.equal(files.read("rows"), ROWS)
    assert torch.equal(files.read("first"), torch.ones(3))
    assert torch.equal(files.rows("rows", 3, 7), ROWS[3:7])
    assert torch.equal(files.rows_at("rows", [11, 0, 11]), ROWS[[11, 0, 11]])
    assert files.rows_at("rows", []).shape == (0, *ROWS.shape[1:])


def test_a_tensor_that_is_not_there_is_named(tmp_path: Path) -> None:
    save_file({"rows": ROWS}, str(tmp_path / "model.safetensors"))
    with pytest.raises(BadFile, match=r"hold no tensor model\.norm"):
        TensorFiles(tmp_path).read("model.norm")


def test_a_file_that_is_cut_off_while_it_is_open_is_named(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file({"rows": ROWS}, str(path))
    files = TensorFiles(tmp_path)
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(BadFile, match=r"model\.safetensors has been cut off"):
        files.rows_at("rows", [11])


@pytest.mark.parametrize("content", [b"", b"\xff" * 20, b"\x02\0\0\0\0\0\0\0[]", b'\x08\0\0\0\0\0\0\0{"a":{}}'])
def test_a_file_that_is_no_safetensors_file_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(BadFile, match=r"model\.safetensors is no readable safetensors file"):
        TensorFiles(tmp_path)
