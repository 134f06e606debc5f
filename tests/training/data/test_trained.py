"""What an adapter was trained on: kept as paths, digests and hashes of lines, and asked by file and by line."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.server.core.test_manifest import MANIFEST

from finetab.core import manifest
from finetab.core.languages import LANGUAGES
from finetab.errors import BadAdapter
from finetab_training.data.source_file import SourceFile
from finetab_training.data.trained import Trained, read_trained, trained_on, write_trained

FILE = SourceFile("src/odd\nname.py", LANGUAGES[0], "    total = width * height\nreturn x\n")
TRAINED = trained_on([FILE])


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("total = width * height", True),
        ("    total  = width*height", True),
        ("return x", False),
        ("total = width * height\nnew_line = 12345", True),
        ("total = width * height\nnew_line = 12345\nanother = new_line", False),
        ("a_line_not_in_training()", False),
        ("try:\n    total = width * height", True),
        ("try:\n    pass", False),
    ],
)
def test_a_text_is_seen_when_half_of_its_telling_lines_are(text: str, seen: bool) -> None:
    assert TRAINED.has_text(text) is seen


def test_a_file_is_known_by_its_content_and_in_its_folder_by_its_path() -> None:
    edited, moved = replace(FILE, text="y = 1\n"), replace(FILE, path="b.py")
    assert TRAINED.has_file(moved, same_folder=False)
    assert TRAINED.has_file(edited, same_folder=True)
    assert not TRAINED.has_file(edited, same_folder=False)
    assert not TRAINED.has_file(replace(edited, path="b.py"), same_folder=True)


def test_files_of_one_path_in_two_sources_are_both_known() -> None:
    one, other = replace(FILE, source="one"), replace(FILE, source="other", text="y = 1\n")
    trained = trained_on([one, other])
    assert trained.has_file(one, same_folder=False)
    assert trained.has_file(other, same_folder=False)
    edited = replace(one, text="z = 1\n")
    assert trained.has_file(edited, same_folder=True)
    assert not trained.has_file(replace(edited, source="third"), same_folder=True)
    assert TRAINED.has_file(edited, same_folder=True)  # an adapter of before knows paths alone


def test_it_comes_back_as_it_was_written_or_is_refused(tmp_path: Path) -> None:
    write_trained(tmp_path, TRAINED)
    assert read_trained(tmp_path) == TRAINED != Trained()
    (tmp_path / "trained_lines.npy").write_bytes(b"half")
    with pytest.raises(BadAdapter, match="does not say what it was trained on"):
        read_trained(tmp_path)


def test_where_the_texts_are_at_hand_what_is_much_like_them_is_seen_as_well() -> None:
    text = "value_of_square = width_of_square * height_of_square\n"
    near = text.replace("height_of_square", "height_of_squares")
    far = text.replace("width_of_square * height_of_square", "circumference(square)")
    file = SourceFile("a.py", LANGUAGES[0], text)
    trained = trained_on([file])
    assert not trained.has_text(near)
    assert trained.with_texts([file]).has_text(near)
    assert not trained.with_texts([file]).has_text(far)
    assert not trained.with_texts([replace(file, text=near)]).texts  # not trained on


def test_a_blend_was_trained_on_what_each_of_it_was(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / str(number)).mkdir()
        write_trained(tmp_path / str(number), Trained({f"{number}.py": str(number)}, frozenset({number})))
    parents = [{"adapter": number, "weight": 0.5, "folder": str(tmp_path / str(number))} for number in (1, 2)]
    manifest.write(tmp_path, replace(MANIFEST, data={"composed": {"parents": parents}}))
    assert read_trained(tmp_path) == Trained({"1.py": "1", "2.py": "2"}, frozenset({1, 2}))
    manifest.write(tmp_path, replace(MANIFEST, data={}))
    with pytest.raises(BadAdapter, match="does not say what it was trained on"):
        read_trained(tmp_path)
