"""The imports that a file lacks, and what a line among the imports may go on with."""

from dataclasses import asdict, replace

import pytest
from tests.server.completion.test_postprocess import request_at

from finetab.completion.missing import Missing, missing, read_missing
from finetab.completion.request import CompletionRequest
from finetab.documents import open_document
from finetab.errors import BadInput

CODE = "\n\ndef load(path: Path) -> Any:\n    return json.loads(path.read_text())\n"


def rests(marked: str, line: str | None = None) -> list[str]:
    """What the line at the cursor may go on with, or one that holds so much."""
    what = missing(request_at(marked))
    assert what is not None
    return what.rests(what.left if line is None else line)


@pytest.mark.parametrize(
    "before", ["|", "import sys\n|", "|\nimport sys\n", '"""Words."""\n\n# More.\n|', "im|", "fr|"]
)
def test_where_imports_stand_those_that_lack_are_known(before: str) -> None:
    what = missing(request_at(before + CODE))
    assert what is not None
    assert what.statements == ("import json",)
    assert what.modules == {"pathlib": ("Path",), "typing": ("Any",)}
    assert not what.is_elsewhere


def test_a_line_goes_on_as_the_statement_does_and_then_ends() -> None:
    marked = f"import sys\n|{CODE}"
    assert rests(marked) == ["import json\n", "from pathlib import Path\n", "from typing import Any\n"]
    assert rests(marked, "from p") == ["athlib import Path\n"]
    assert rests(marked, "from typing import") == [" Any\n"]
    assert rests(marked, "import json") == ["\n"]
    assert rests(marked, "x = ") == []


def test_all_that_one_module_has_is_one_statement() -> None:
    code = "\n\ndef f(x: Any) -> TYPE_CHECKING:\n    return cast(List[x])\n"
    whole = "from typing import TYPE_CHECKING, Any, List, cast\n"
    assert whole in rests(f"import sys\n|{code}")
    assert rests(f"from typing import Any, |{code}") == ["TYPE_CHECKING, List, cast\n"]


def test_modules_come_by_their_usual_names() -> None:
    assert rests("import sys\n|\n\nnp.zeros(1)\n") == ["import numpy as np\n"]


def test_where_nobody_knows_the_module_the_model_says_it_and_then_the_names() -> None:
    marked = "import sys\n|\nimport os\n\nadd_all(Sum(1))\n"
    assert rests(marked) == ["from "]
    assert rests(marked, "from .sums import ") == ["add_all", "Sum"]
    assert rests(marked, "from .sums import Sum, ") == ["add_all\n"]
    assert rests("import sys\n|\nimport os\n\nadd_all(1)\n", "from .sums import ") == ["add_all\n"]


def test_other_open_files_tell_their_imports() -> None:
    others = "from shop.sums import add_all, other\nimport shop.prices as pr\nfrom . import Sum\n"
    request = replace(
        request_at("import sys\n|\n\nadd_all(Sum(pr.all()))\n"), neighbours=(open_document("b.py", others),)
    )
    what = missing(request)
    assert what is not None
    assert what.statements == ("import shop.prices as pr",)
    assert what.modules == {"shop.sums": ("add_all",)}
    assert what.is_elsewhere


@pytest.mark.parametrize("left", ["", "    "])
def test_imports_for_types_stand_further_in(left: str) -> None:
    marked = f"from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n{left}|\n\n\ndef f(x: Path): ...\n"
    what = missing(request_at(marked))
    assert what is not None
    assert what.column == 4
    assert "from pathlib import Path\n" in what.rests("    ")
    assert " from pathlib import Path\n" in what.rests("   ")  # a token may hold the last blank and the word
    assert what.rests("  ") == []


@pytest.mark.parametrize(
    "marked",
    [
        f"import json\nfrom pathlib import Path\nfrom typing import Any\n|{CODE}",  # nothing lacks
        f"import sys\n\n\nx = 1\n|{CODE}",  # no imports there
        f"import sys; |{CODE}",
        f"import sys\n|x = 1{CODE}",
        f"import sys\nx|{CODE}",
        "def f():\n    import sys\n    |\n    total = plus_all(1)\n",  # what is missing may be given a value
        "import sys\n\n\n|\n\n\nprint(total)\n",
        "from tkinter import *\n|\n\nadd_all(1)\n",
        "'''\n|\n'''\njson.loads(x)\n",
        "import sys\n    |\n\njson.loads(x)\n",
    ],
)
def test_nothing_is_known_to_lack(marked: str) -> None:
    assert missing(request_at(marked)) is None


def test_only_the_rules_of_python_are_known() -> None:
    text = "import a from 'a'\n\nb(a)\n"
    assert missing(CompletionRequest(open_document("a.js", text), len("import a from 'a'\n"))) is None
    assert missing(CompletionRequest(open_document("a.unknown", text), 0)) is None


def test_what_is_told_is_read_back() -> None:
    what = missing(request_at(f"import sys\n|{CODE}"))
    assert what is not None
    told = asdict(what)
    told |= {"statements": ["import json"], "names": list(what.names)}  # as JSON has it
    told["modules"] = {module: list(names) for module, names in what.modules.items()}
    assert read_missing(told) == what
    for wrong in ({"names": "a"}, {"modules": {"a": "b"}}, {"statements": [1]}, {"column": "1"}, {"names": ["a"] * 17}):
        with pytest.raises(BadInput, match="missing m"):
            read_missing(told | wrong)
    assert isinstance(read_missing(told | {"left": "from x"}), Missing)
