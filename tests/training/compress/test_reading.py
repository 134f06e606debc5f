"""What a compression reads: many files, and none on both sides."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.training.tune.conftest import two_commits

from finetab.core.base import Base, read_base
from finetab.errors import BadFile
from finetab_training.compress.reading import read_rows
from finetab_training.data.corpus import Recipe
from finetab_training.data.dataset import write_dataset


@pytest.fixture
def base(tiny: Callable[[str], Path]) -> Base:
    return read_base(str(tiny("llama")))


def test_no_file_gives_a_second_row_before_all_have_given_one(base: Base, tmp_path: Path) -> None:
    for index in range(30):
        lines = (f"value_{index}_{line} = compute_{line * index % 17}(value_{line})\n" for line in range(80))
        (tmp_path / f"part_{index}.py").write_text("".join(lines))
    read = read_rows(str(tmp_path), base, 10, 0)
    num_files = len(set(read.files))
    assert 1 < num_files < len(read.files) == len(read.measured)
    assert len(set(read.files[:num_files])) == num_files
    assert len({tuple(row[0].tolist()) for row in (*read.learned, *read.measured)}) == 10 + len(read.measured)
    assert {row.shape for row in read.learned} == {(1, 256)}


def test_the_later_state_of_a_file_is_no_other_file(base: Base, project: Path, tmp_path: Path) -> None:
    two_commits(project)
    write_dataset(Recipe((str(project),), cut="HEAD~1"), tmp_path / "dataset", lambda _tally: None)
    with pytest.raises(BadFile, match="0 of other files to measure with"):
        read_rows(str(tmp_path / "dataset"), base, 10, 0)
