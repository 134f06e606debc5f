"""Which files are trained on and which are kept back to measure with. By file, never by sample."""

from collections.abc import Sequence
from hashlib import sha256

from finetab_training.data.corpus import SourceFile


def split_files(
    files: Sequence[SourceFile], held_out_share: float, seed: int
) -> tuple[list[SourceFile], list[SourceFile]]:
    """Training files and held-out files; at least one each where there are two, all for training where one.

    A file's side hangs on its path and the seed alone, so that adding a file moves at most one other.
    """
    ranked = sorted(files, key=lambda file: sha256(f"{seed} {file.path}".encode()).digest())
    wanted = max(1, round(held_out_share * len(ranked))) if held_out_share > 0 and len(ranked) > 1 else 0
    held_out = {file.path for file in ranked[:wanted]}
    return [file for file in files if file.path not in held_out], [file for file in files if file.path in held_out]
