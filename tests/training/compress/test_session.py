"""What a person sees of a compression."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path

from rich.console import Console

from finetab_training.compress.compression import Compression
from finetab_training.compress.session import compressed


def test_a_compression_tells_what_it_cost(project: Path, tiny: Callable[[str], Path], tmp_path: Path) -> None:
    console = Console(file=StringIO(), width=160)
    compressed(Compression(str(tiny("llama")), 0.8, str(project), steps=3), tmp_path / "small", console)
    assert isinstance(console.file, StringIO)
    said = console.file.getvalue()
    assert all(name in said for name in ("original", "compressed", "distilled", "perplexity", "MB"))
    assert "Both were timed in float32" in said
    assert "of the numbers in linear layers, seen through its inputs" in said
    assert f"finetab evaluate --base {tmp_path / 'small'}" in said
