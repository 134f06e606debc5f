"""A whole decoder of the families that the 8-bit path knows: ids and a cache in, states out, and the head for them."""

import json
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

import torch

from finetab.core.products import fast_products
from finetab.core.tensor_file import TensorFiles
from finetab.core.vocabulary import Ids
from finetab.engine.int8.head import Head
from finetab.engine.int8.layer import Layer, Norm
from finetab.engine.int8.names import NAMES
from finetab.engine.int8.shape import read_shape
from finetab.engine.int8.step import Batch, Step, Turns
from finetab.engine.network import Part
from finetab.errors import BadFile

_MANY = 128  # tokens, for which attention is worth another library's products
Rows = Mapping[int, torch.Tensor]
"""Embeddings that count in place of the file's."""


class Decoder:
    """Reads a model's folder tensor by tensor. Embeddings stay in the file: a prompt needs few of them."""

    def __init__(self, folder: Path, likely: Ids | None) -> None:
        try:
            self.shape = read_shape(json.loads((folder / "config.json").read_text("utf-8")))
        except (KeyError, TypeError, ValueError) as error:
            raise BadFile(f"{folder}/config.json cannot be read ({error}); fetch the model again.") from error
        names = NAMES[self.shape.family]
        self._files = TensorFiles(folder)
        self._embedding = f"{names.embedding}.weight"
        head = next((name for name in names.heads if f"{name}.weight" in self._files), names.embedding)
        self.head = Head(self._files, head, likely)  # first, since it needs most room while it is made
        self._final_norm = Norm(self._files, names.final_norm, self.shape)
        self.layers = [Layer(self._files, self.shape, index) for index in range(len(self.shape.layers))]
        self._turns = Turns()

    def embeddings(self, ids: Sequence[int]) -> torch.Tensor:
        """What the file has for ids, (T, hidden)."""
        return self._files.rows_at(self._embedding, ids)

    def states(self, parts: Sequence[Part], adapter: str, rows: Rows) -> torch.Tensor:
        """See `CutNetwork.states`, for several prompts at once, one below the other; `rows` are the adapter's."""
        steps = []
        for part in parts:
            part.cache.keep(part.start)
            part.cache.extend(len(part.ids))
            steps.append(Step(self.shape, self._turns, part.start, part.start + len(part.ids), part.cache))
        batch = Batch(steps, adapter)
        ids = [index for part in parts for index in part.ids]
        x_TH = self.embeddings(ids)
        for place, index in enumerate(ids):
            if index in rows:
                x_TH[place] = rows[index]
        x_TH *= self.shape.embedding_scale
        with fast_products(are_exact=True) if len(ids) >= _MANY else nullcontext():
            for layer in self.layers[:-1]:
                x_TH = layer(x_TH, batch, steps)
            # Nothing reads what the last layer makes of the others.
            ends = [step.end(part.num_logits) for step, part in zip(steps, parts, strict=True)]
            x_TH = self.layers[-1](x_TH, batch, ends)
        return self._final_norm(x_TH)
