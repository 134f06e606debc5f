"""Holes answered through the serving pipeline by a scripted engine, and what the report says of them."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.conftest import byte_tokenizer, commit_all
from tests.training.evaluate.test_holes import files_of
from tests.training.evaluate.test_sandbox import make
from tests.training.train.test_run import config_for, trained

from finetab.adapters.library import read_adapter
from finetab.completion.completer import Completer, Voice
from finetab.completion.related import bare_chunk
from finetab.core import manifest
from finetab.core.fim import FimFormat, Form, Parts
from finetab.core.manifest import Budgets
from finetab.core.tokenizer import Tokenizer
from finetab.engine.scripted import ScriptedEngine
from finetab.errors import BadFile, UnknownName
from finetab.settings import Settings
from finetab_training.data.corpus import Recipe, read_corpus
from finetab_training.data.hole import Hole, read_holes, write_holes
from finetab_training.data.trained import read_trained
from finetab_training.evaluate.evaluation import Evaluation, evaluate, report
from finetab_training.evaluate.holes import WRITTEN, cut_holes
from finetab_training.evaluate.runner import Extras, Result, answer_holes, in_form
from finetab_training.evaluate.scores import scores
from finetab_training.evaluate.session import measure
from finetab_training.runs import run_of

TOKENIZER = Tokenizer(byte_tokenizer())
FIM = FimFormat("test", 259, 260, 261, 258, 257, native=())


def completer_of(script: Callable[[Sequence[int]], Sequence[int]]) -> tuple[Completer, ScriptedEngine]:
    engine = ScriptedEngine(script)
    return Completer(engine, Voice("tiny", "mine@1", TOKENIZER, FIM, "spm", Budgets(400, 200), 128)), engine


@pytest.fixture
def holes(project: Path) -> tuple[Hole, ...]:
    return cut_holes(files_of(project), 12, seed=0, kinds=WRITTEN).holes


def test_a_model_that_knows_the_answers_gets_them_all(holes: tuple[Hole, ...]) -> None:
    answers = iter(holes)
    completer, _ = completer_of(lambda prompt: TOKENIZER.encode(next(answers).middle + "\n"))
    results = answer_holes(completer, holes, lambda: None)
    found = scores(results)
    assert found["exact_match"] == {"mean": 1.0, "low": 1.0, "high": 1.0, "n": 12}
    assert found["edit_similarity"]["mean"] == 1.0
    assert found["empty_answers"]["mean"] == 0.0
    assert [result.output for result in results] == [hole.middle for hole in holes]


def test_no_hole_is_answered_from_the_memory_of_another(holes: tuple[Hole, ...]) -> None:
    completer, engine = completer_of(lambda prompt: TOKENIZER.encode("x = 1\n"))
    twice = answer_holes(completer, [holes[0], holes[0]], lambda: None)
    assert [result.why for result in twice] == ["answered", "answered"]
    assert len(engine.prompts) == 2


def test_a_model_that_says_nothing_gets_none(holes: tuple[Hole, ...]) -> None:
    completer, _ = completer_of(lambda prompt: [])
    found = scores(answer_holes(completer, holes, lambda: None))
    assert (found["exact_match"]["mean"], found["empty_answers"]["mean"]) == (0.0, 1.0)


def test_no_hole_finds_its_own_file_beside_it(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its text would give the middle away."""
    monkeypatch.chdir(project)
    files = read_corpus(Recipe((".",))).training
    neighbours = tuple(file.document() for file in files)
    assert all(neighbour.path.startswith("project/") for neighbour in neighbours)
    holes = cut_holes(files, 12, 0, neighbours=neighbours).holes
    engine = ScriptedEngine(lambda prompt: [])
    voice = Voice("tiny", "mine@1", TOKENIZER, FIM, "spm", Budgets(400, 200, 900), 128)
    answer_holes(Completer(engine, voice), holes, lambda: None)
    contexts = [TOKENIZER.decode(FIM.unprompt(ids, "spm").context) for ids in engine.prompts]
    assert sum("# project/shapes_" in context for context in contexts) >= 10
    for hole, context in zip(holes, contexts, strict=True):
        assert f"# {hole.path}" not in context


def test_the_shuffled_control_changes_the_suffix_and_nothing_else(holes: tuple[Hole, ...]) -> None:
    completer, engine = completer_of(lambda prompt: [])
    answer_holes(in_form(completer, "spm"), holes, lambda: None)
    answer_holes(in_form(completer, "spm", holes), holes, lambda: None)
    plain, shuffled = (
        [FIM.unprompt(ids, "spm") for ids in half] for half in (engine.prompts[:12], engine.prompts[12:])
    )
    assert [parts.prefix for parts in plain] == [parts.prefix for parts in shuffled]
    assert sum(one.suffix != other.suffix for one, other in zip(plain, shuffled, strict=True)) >= 11
    assert {parts.suffix for parts in shuffled} <= {parts.suffix for parts in plain}


def test_a_holes_own_context_stands_in_its_prompt_and_in_no_other(holes: tuple[Hole, ...]) -> None:
    chunk = bare_chunk("lib/helper.py", 0, "def helper():\n    return 1\n")
    engine = ScriptedEngine(lambda prompt: [])
    voice = Voice("tiny", "mine@1", TOKENIZER, FIM, "spm", Budgets(400, 200, 300), 128)
    answer_holes(Completer(engine, voice), [replace(holes[0], context=(chunk,)), holes[1]], lambda: None)
    contexts = [TOKENIZER.decode(FIM.unprompt(ids, "spm").context) for ids in engine.prompts]
    assert contexts == ["# lib/helper.py\ndef helper():\n    return 1\n", ""]


MANY_LINES = Hole(
    "a.py", "python", "def f(x):\n    z = 1\n", "\nprint(f(1))\n", "    y = x\n    return y", "humaneval-multi-line"
)


def answered(hole: Hole, *answers: str) -> Result:
    """The result of a hole whose answers the model gives in turn; one without a line break ends by itself."""
    left = iter(answers)
    completer, _ = completer_of(lambda prompt: TOKENIZER.encode(next(left)))
    return answer_holes(completer, [hole], lambda: None)[0]


def test_answers_are_taken_one_after_the_other_where_a_benchmark_asks_for_several_lines() -> None:
    assert answered(MANY_LINES, "    y = x\n", "    return y").output == MANY_LINES.middle
    assert answered(replace(MANY_LINES, kind="block"), "    y = x\n", "    return y").output == "    y = x"


def test_taking_ends_when_the_model_begins_to_say_what_follows() -> None:
    found = answered(MANY_LINES, "    y = x\n", "    return y\n", "print(f(1))\n", "never asked\n")
    assert found.exact


def test_taking_ends_sometime() -> None:
    lines = [f"    y{number} = x\n" for number in range(1000)]
    assert 8 < answered(MANY_LINES, *lines).output.count("\n") < 64
    assert answered(MANY_LINES, *["    y = x\n"] * 1000).output == "    y = x"


def test_a_check_is_run_on_the_file_with_the_answer_in_it() -> None:
    hole = Hole("a.py", "python", "def f(x):\n    ", "\n", "return 2 * x", check="assert f(3) == 6\n")
    sandbox = make()

    def passed(answer: str, one: Hole = hole) -> bool | None:
        completer, _ = completer_of(lambda prompt: TOKENIZER.encode(f"{answer}\n"))
        return answer_holes(completer, [one], lambda: None, Extras(sandbox=sandbox))[0].passed

    assert (passed("return x + x"), passed("return x"), passed("return x(")) == (True, False, False)
    assert passed("return x", replace(hole, check="")) is None


def test_a_result_says_whether_the_file_parses_with_the_answer(holes: tuple[Hole, ...]) -> None:
    line = next(hole for hole in holes if hole.kind == "line")
    broken = replace(line, suffix=f"{line.suffix}\ndef broken(:\n")  # as broken as it was: the answer broke nothing
    plain = replace(line, language="", path="notes.txt")
    completer, _ = completer_of(lambda prompt: TOKENIZER.encode("total = 1\n"))
    results = answer_holes(completer, [line, broken, plain], lambda: None)
    assert [result.parses for result in results] == [True, True, None]


def result_of(exact: bool) -> Result:
    return Result("a", "line", "x", "x" if exact else "y", exact, float(exact), "answered", 5.0, 9, 0, 1, -0.1)


def test_the_report_compares_on_the_same_holes_and_names_the_best() -> None:
    arms = {
        "base-prefix": [result_of(index < 2) for index in range(10)],
        "base-fim": [result_of(False)] * 10,
        "adapter-fim": [result_of(index < 9) for index in range(10)],
        "adapter-shuffled": [result_of(True)] * 10,
        "adapter-prefix": [result_of(index < 5) for index in range(10)],
    }
    made = report(Evaluation(arms, "adapter-fim", "mine@1"))
    assert (made["best"], made["arm"], made["n"]) == ("adapter-fim", "adapter-fim", 10)
    assert made["exact_match"]["mean"] == 0.9
    assert len(made["holes"]) == 10
    gain = made["differences"]["adapter-fim - base-prefix"]["exact_match"]
    assert gain["mean"] == pytest.approx(0.7)
    assert gain["low"] > 0
    assert made["latency_ms"]["p50"] == made["latency_ms"]["p95"] == 5.0


@pytest.fixture
def adapter(project: Path, tiny: Callable[[str], Path], tmp_path: Path) -> Path:
    return trained(run_of(config_for(project, tiny("llama"), tmp_path / "adapter", max_steps=2)))


def test_an_evaluation_measures_unseen_files_and_is_kept_in_the_manifest(
    adapter: Path, project: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    (project / "new.py").write_text(
        "def volume(width, height, depth):\n    base_area = width * depth\n    return base_area * height\n"
    )
    settings = Settings(base=str(tiny("llama")), adapter=str(adapter), max_new_tokens=8)
    kept = tmp_path / "holes.jsonl"
    cut, made = measure(settings, data=str(project), holes_file=None, limit=6, save_holes=kept)
    assert {hole.path.replace("/", ":", 1) for hole in cut.holes}.isdisjoint(read_trained(adapter).files)
    assert read_holes(kept) == cut.holes
    assert list(made["arms"]) == ["base-prefix", "base-fim", "adapter-fim", "adapter-shuffled", "adapter-prefix"]
    after = read_adapter(str(adapter))[1]
    assert after.evaluation is not None
    assert after.evaluation["n"] == made["n"] == len(cut.holes) > 0
    assert "holes" not in after.evaluation
    fim, prefix = made["arms"]["adapter-fim"], made["arms"]["adapter-prefix"]
    better = "prefix" if _rank(prefix) > _rank(fim) else "spm"
    assert after.serve_form == better


def _rank(arm: dict[str, dict[str, float]]) -> tuple[float, float]:
    return arm["exact_match"]["mean"], arm["edit_similarity"]["mean"]


def test_an_adapter_is_measured_in_the_form_it_was_trained_in_whatever_is_served(
    project: Path, tiny: Callable[[str], Path], tmp_path: Path, holes: tuple[Hole, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    config = config_for(project, tiny("llama"), tmp_path / "psm", max_steps=2, form="psm")
    folder, before = read_adapter(str(trained(run_of(config))))
    manifest.write(folder, replace(before, serve_form="prefix"))
    asked: dict[Form, int] = Counter()
    real = FimFormat.prompt

    def spy(fim: FimFormat, parts: Parts, form: Form) -> list[int]:
        asked[form] += 1
        return real(fim, parts, form)

    monkeypatch.setattr(FimFormat, "prompt", spy)
    settings = Settings(base=str(tiny("llama")), adapter=str(folder), form="spm", max_new_tokens=2)
    found = evaluate(settings, holes[:1], lambda arm: None)
    assert found.headline == "adapter-fim"
    assert asked == {
        "prefix": 2,
        "spm": 1,
        "psm": 2,
    }  # the base twice, the adapter, its control and its prefix


def test_the_base_alone_is_measured_in_two_forms(
    tiny: Callable[[str], Path], tmp_path: Path, holes: tuple[Hole, ...]
) -> None:
    write_holes(tmp_path / "holes.jsonl", holes)
    settings = Settings(base=str(tiny("gemma3_text")), max_new_tokens=4, prefix_tokens=100, suffix_tokens=40)
    _, made = measure(settings, data="", holes_file=tmp_path / "holes.jsonl", limit=3)
    assert list(made["arms"]) == ["base-prefix", "base-fim"]
    assert (made["arm"], made["adapter"], made["n"]) == ("base-prefix", "base", 3)


def test_a_folder_that_was_trained_on_whole_gives_no_holes(
    adapter: Path, project: Path, tiny: Callable[[str], Path]
) -> None:
    settings = Settings(base=str(tiny("llama")), adapter=str(adapter))
    trained = read_trained(adapter)
    for path in project.iterdir():
        if f"project:{path.name}" in trained.files:
            path.write_text(path.read_text() + "edited_since_then = 12345\n")  # still a file that was trained on
        else:
            path.unlink()
    with pytest.raises(BadFile, match="of its files, 0 were not trained on"):
        measure(settings, data=str(project), holes_file=None, limit=5)
    name = next(iter(trained.files)).removeprefix("project:")
    learned = Hole("a.py", "python", "def f():\n    ", "\n", (project / name).read_text().split("\n")[2])
    write_holes(adapter / "holes.jsonl", [learned])
    with pytest.raises(BadFile, match="Training holds the lines of all 1 holes"):
        measure(settings, data="", holes_file=adapter / "holes.jsonl", limit=5)
    with pytest.raises(UnknownName, match="There is no adapter"):
        measure(replace(settings, adapter="nobody"), data=str(project), holes_file=None, limit=5)


def test_an_adapter_is_measured_on_the_lines_that_came_after_its_own_cut(
    project: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    commit_all(project, "one", "2026-01-01T12:00:00+00:00")
    late = "\n\ndef late_addition(engine, speed):\n    engine.start_slowly(speed)\n    return engine.is_running\n"
    (project / "shapes_0.py").write_text((project / "shapes_0.py").read_text() + late)
    commit_all(project, "two", "2026-02-01T12:00:00+00:00")
    adapter = trained(run_of(config_for(project, tiny("llama"), tmp_path / "adapter", max_steps=1, cut="HEAD~1")))
    assert read_adapter(str(adapter))[1].data["split"] == "time"
    settings = Settings(base=str(tiny("llama")), adapter=str(adapter), max_new_tokens=2)
    cut, _ = measure(settings, data=str(project), holes_file=None, limit=50)
    assert {hole.path for hole in cut.holes} == {"project/shapes_0.py"}
    assert all(hole.middle in late for hole in cut.holes)
    # Another folder was not trained on at all, so all of it may be measured on, where its lines are new.
    other = tmp_path / "other"
    other.mkdir()
    (other / "new.py").write_text("def unknown_before(value):\n    return [value, value, value]\n")
    commit_all(other, "one")
    assert {hole.path for hole in measure(settings, data=str(other), holes_file=None, limit=5)[0].holes} == {
        "other/new.py"
    }
