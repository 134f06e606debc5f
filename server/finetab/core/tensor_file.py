"""Tensors of a model folder's safetensors files, read a few rows at a time.

The format: eight bytes with the length of a header, the header in JSON (name -> dtype, shape, offsets), the numbers.
Rows are read from the file when they are asked for, so that an embedding of which a prompt needs a few hundred rows
need not be in memory. A file that somebody cuts off meanwhile is an error; a mapped one would end the process.
"""

import json
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import FileIO
from math import prod
from pathlib import Path

import torch

from finetab.errors import BadFile

_DTYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
_MAX_HEADER = 100_000_000  # bytes, as the format says


@dataclass(frozen=True, slots=True)
class _Entry:
    file: FileIO
    dtype: torch.dtype
    shape: tuple[int, ...]
    start: int
    """Of the numbers in the file, in bytes."""

    @property
    def row_bytes(self) -> int:
        return prod(self.shape[1:]) * self.dtype.itemsize


class TensorFiles:
    """All tensors of a folder, by their names. Used from one thread; raises `BadFile` for what cannot be read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._entries: dict[str, _Entry] = {}
        for path in sorted(folder.glob("*.safetensors")):
            file = FileIO(path)
            weakref.finalize(self, file.close)
            self._entries |= self._read_header(file)

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor."""
        return self._entry(name).shape

    def read(self, name: str) -> torch.Tensor:
        """A whole tensor, in float32."""
        shape = self.shape(name)
        return self.rows(name, 0, shape[0]).view(shape)

    def rows(self, name: str, start: int, stop: int) -> torch.Tensor:
        """The rows from `start` to before `stop`, (stop - start, ...), in float32."""
        entry = self._entry(name)
        data = self._bytes(entry, start, stop - start)
        return torch.frombuffer(data, dtype=entry.dtype).view(stop - start, *entry.shape[1:]).float()

    def rows_at(self, name: str, indices: Sequence[int]) -> torch.Tensor:
        """Some rows, (number of indices, ...), in float32."""
        entry = self._entry(name)
        if not indices:
            return torch.empty(0, *entry.shape[1:])
        data = bytearray().join(self._bytes(entry, index, 1) for index in indices)
        return torch.frombuffer(data, dtype=entry.dtype).view(len(indices), *entry.shape[1:]).float()

    def _entry(self, name: str) -> _Entry:
        try:
            return self._entries[name]
        except KeyError as error:
            raise BadFile(f"The safetensors files in {self._folder} hold no tensor {name}.") from error

    def _bytes(self, entry: _Entry, row: int, num_rows: int) -> bytearray:
        wanted = num_rows * entry.row_bytes
        entry.file.seek(entry.start + row * entry.row_bytes)
        data = bytearray(wanted)
        view, read = memoryview(data), 0
        while read < wanted and (count := entry.file.readinto(view[read:])):  # at most 2 GB come at once
            read += count
        if read < wanted:
            raise BadFile(f"{entry.file.name!s} has been cut off; fetch or write it again.")
        return data

    def _read_header(self, file: FileIO) -> dict[str, _Entry]:
        try:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(min(length, _MAX_HEADER)))
            header.pop("__metadata__", None)
            return {
                name: _Entry(file, _DTYPES[told["dtype"]], tuple(told["shape"]), 8 + length + told["data_offsets"][0])
                for name, told in header.items()
                if told["dtype"] in _DTYPES
            }
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadFile(f"{file.name!s} is no readable safetensors file ({error}).") from error
