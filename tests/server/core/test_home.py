"""`~` in what a user names, wherever it is named."""

from pathlib import Path
from typing import Any

import pytest

from finetab.adapters.library import adapter_folder
from finetab.core.home import from_home
from finetab.core.weights import base_folder
from finetab.errors import UnknownName


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of the test's own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("given", "meant"),
    [("~/a", "{home}/a"), ("~", "{home}"), ("~/a@v1", "{home}/a@v1"), (["~/a", "b"], ["{home}/a", "b"]),
     ("a/~/b", "a/~/b"), ("package:rich", "package:rich"), ("~nobody-of-that-name/a", "~nobody-of-that-name/a"),
     (None, None), (3, 3)],
)  # fmt: skip
def test_only_a_path_that_begins_with_it_is_meant_from_home(given: Any, meant: Any, own: Path) -> None:
    def at_home(value: Any) -> Any:
        return value.format(home=own) if isinstance(value, str) else value

    assert from_home(given) == ([at_home(each) for each in meant] if isinstance(meant, list) else at_home(meant))
    assert not isinstance(given, str) or from_home(Path(given)) == Path(at_home(meant))


@pytest.mark.parametrize("find", [adapter_folder, base_folder])
def test_the_home_of_nobody_is_a_name_that_is_not_known(find: Any) -> None:
    with pytest.raises(UnknownName, match="~nobody-of-that-name/a"):
        find("~nobody-of-that-name/a")
