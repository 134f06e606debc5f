"""The lists that ship: as the vocabulary has it, with what code is written with."""

import pytest

from finetab.core.base import read_base
from finetab.core.likely import FOLDER, likely_ids


def test_every_list_has_a_small_part_of_its_vocabulary() -> None:
    paths = sorted(FOLDER.glob("*.npy"))
    assert paths
    for path in paths:
        family, _, num_ids = path.stem.rpartition("-")
        ids = likely_ids(family, int(num_ids))
        assert ids is not None
        assert 0 < len(ids) < int(num_ids) / 4
        assert ids.tolist() == sorted(set(ids.tolist()))
        assert ids[-1] < int(num_ids)


def test_another_vocabulary_has_none() -> None:
    assert likely_ids("gemma3_text", 1_000) is None


@pytest.mark.model
@pytest.mark.parametrize(
    "code",
    [
        "class Shape:\n    def area(self) -> float:\n        return self.width * self.height\n",
        "export const load = async (path: string): Promise<Buffer> => {\n  return await readFile(path);\n};\n",
        "func (s *Server) Close() error {\n\tif err := s.listener.Close(); err != nil {\n\t\treturn err\n\t}\n}\n",
        "impl<T: Clone> Stack<T> {\n    pub fn push(&mut self, item: T) {\n        self.items.push(item);\n    }\n}\n",
        "public final class Cache {\n    private final Map<String, Integer> counts = new HashMap<>();\n}\n",
    ],
)
def test_code_of_many_languages_is_likely_for_the_default_model(code: str) -> None:
    base = read_base("gemma3-270m")
    ids = base.likely
    assert ids is not None
    assert set(base.tokenizer.encode(code)) <= set(ids.tolist())
