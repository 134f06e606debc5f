"""Benchmarks that lie on the hub: rows of the shapes that they have there, as holes."""

from typing import Any

import pytest
from datasets import Dataset

from finetab.completion.related import bare_chunk
from finetab.errors import MissingData, UnknownName
from finetab_training.evaluate.benchmarks import hub
from finetab_training.evaluate.benchmarks.table import BENCHMARKS, draw_holes
from finetab_training.evaluate.rules import RULES

SAFIM = [
    {"task_id": "block_1", "lang": "python", "unit_tests": "[]", "ground_truth": "total += n\n",
     "prompt": "total = 0\nfor n in range(9):\n    # TODO: Your code here\nprint(total)\n",
     "eval_prompt": "total = 0\nfor n in range(9):\n    {{completion}}\nprint(total)\n"},
    {"task_id": "block_2", "lang": "cpp", "unit_tests": "[]", "ground_truth": "sum += i;",
     "prompt": "int main() { for (;;) { /* TODO: Your code here */ } }", "eval_prompt": "{{completion}}"},
]  # fmt: skip
REPOBENCH = [
    {"repo_name": "owner/shop", "file_path": "shop/cart.py", "import_statement": "from shop.price import total",
     "cropped_code": "class Cart:\n    def sum(self):", "next_line": "        return total(self.items)",
     "context": [{"identifier": "Tax", "path": "shop/tax.py", "snippet": "class Tax:\n    rate = 3\n"},
                 {"identifier": "total", "path": "shop/price.py", "snippet": "def total(items):\n    ...\n"}],
     "level": "2k", "gold_snippet_index": 0}
]  # fmt: skip
CROSSCODEEVAL = [
    {"prompt": "import price\n\nx = price.", "groundtruth": "total(items)", "right_context": "\nprint(x)\n",
     "metadata": {"task_id": "t/1", "file": "cart.py", "repository": "owner/shop"},
     "crossfile_context_retrieval": {"text": "# ...", "list": [
         {"filename": "price.py", "retrieved_chunk": "def total(items):", "score": 0.9}]}}
]  # fmt: skip


def serve(monkeypatch: pytest.MonkeyPatch, rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Put rows in the place of the hub; gives what is asked of it."""
    asked: list[tuple[Any, ...]] = []

    def load_dataset(*args: Any, **options: Any) -> Dataset:
        asked.append((*args, options["split"]))
        return Dataset.from_list(rows)

    monkeypatch.setattr(hub, "load_dataset", load_dataset)
    return asked


def test_safim_rows_are_cut_at_the_place_that_their_language_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = serve(monkeypatch, SAFIM)
    python, cpp = sorted(draw_holes("safim-block", 9, 0), key=lambda hole: hole.path)
    assert asked == [("gonglinyuan/safim", "block", "test")]
    assert (python.prefix, python.middle) == ("total = 0\nfor n in range(9):\n    ", "total += n")
    assert (python.suffix, python.language, python.kind) == ("\nprint(total)\n", "python", "safim-block")
    assert (cpp.path, cpp.middle, cpp.suffix) == ("block_2.cpp", "sum += i;", " } }")


def test_repobench_rows_end_with_their_file_and_bring_their_context(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = serve(monkeypatch, REPOBENCH)
    (hole,) = draw_holes("repobench-python", 9, 0)
    assert asked == [("tianyang/repobench_python_v1.1", None, "cross_file_first")]
    assert hole.prefix == "from shop.price import total\nclass Cart:\n    def sum(self):\n"
    assert (hole.middle, hole.suffix) == ("        return total(self.items)", "")
    assert hole.context[0] == bare_chunk("shop/price.py", 0, "def total(items):\n    ...\n")
    assert hole.path == "owner/shop/shop/cart.py"


def test_crosscodeeval_rows_go_on_at_their_prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, CROSSCODEEVAL)
    (hole,) = draw_holes("crosscodeeval-python", 9, 0)
    assert hole.document(hole.middle).text == "import price\n\nx = price.total(items)\nprint(x)\n"
    assert [chunk.path for chunk in hole.context] == ["price.py"]


@pytest.mark.parametrize(
    ("name", "rows", "words"),
    [
        ("safim-api", [{"lang": "python", "prompt": "x"}], "has no text 'task_id' any more; it has lang, prompt"),
        ("safim-api", [SAFIM[0] | {"prompt": "x = 1\n"}], "block_1 in gonglinyuan/safim marks no place to fill"),
        ("repobench-java", [{"import_statement": "", "cropped_code": ""}], "has no text 'repo_name'"),
        ("crosscodeeval-python", [{"prompt": "", "metadata": {"task_id": "1"}}], "has no text 'file'"),
    ],
)
def test_a_data_set_that_has_changed_is_named(
    name: str, rows: list[dict[str, Any]], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(monkeypatch, rows)
    with pytest.raises(MissingData, match=words):
        draw_holes(name, 9, 0)


def test_rows_come_in_an_order_that_the_seed_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, [SAFIM[0] | {"task_id": f"block_{number}"} for number in range(50)])
    first = [hole.path for hole in draw_holes("safim-block", 10, 0)]
    assert first == [hole.path for hole in draw_holes("safim-block", 10, 0)]
    assert first != [hole.path for hole in draw_holes("safim-block", 10, 1)]


def test_where_there_is_no_network_the_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def load_dataset(*args: Any, **options: Any) -> Dataset:
        raise ConnectionError("Couldn't reach\nthe hub")

    monkeypatch.setattr(hub, "load_dataset", load_dataset)
    with pytest.raises(MissingData, match=r"safim cannot be fetched from the hub \(Couldn't reach the hub\)"):
        draw_holes("safim-api", 1, 0)


def test_an_unknown_benchmark_is_told_with_the_near_match() -> None:
    with pytest.raises(UnknownName, match='no benchmark "safim-apis"; did you mean "safim-api"'):
        draw_holes("safim-apis", 1, 0)


def test_every_rule_is_of_a_benchmark() -> None:
    """A kind that is misspelt in one of the two tables would quietly be taken as any other."""
    assert all(any(name.startswith(kind) for name in BENCHMARKS) for kind in RULES)
    assert {name for name in BENCHMARKS if not any(name.startswith(kind) for kind in RULES)} == {
        "humaneval-single-line"
    }
