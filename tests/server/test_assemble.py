"""From settings to a service on a small random model: odd files are completed, budgets that cannot be are refused."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.torch import save_model
from tests.conftest import random_model
from tests.server.adapters.real_adapter import make_adapter

from finetab.adapters.library import WEIGHTS, WHOLE_WEIGHTS
from finetab.assemble import Loader, load_completer
from finetab.completion.completer import Completer
from finetab.completion.request import CompletionRequest
from finetab.core.progress import silent
from finetab.documents import open_document
from finetab.engine.base import GenerationRequest
from finetab.errors import BadAdapter, BadSetting
from finetab.seats import Seat
from finetab.settings import Settings

ODD = [
    "def f(:\n  x = = \n",
    "a\r\nb\r\n",
    "x\x0cy\n",
    "s = '𝒳é'\n",
    "",
    "\ufeffx\n",
    "\ud800\n",
    "\t\t\n" * 300,
    "(" * 5000,
]


@pytest.mark.parametrize("name", ["a.py", "a.js", "a.txt"])
def test_odd_texts_are_completed_at_every_kind_of_place(name: str, tiny: Callable[[str], Path]) -> None:
    settings = Settings(
        base=str(tiny("gemma3_text")), max_new_tokens=4, prefix_tokens=100, suffix_tokens=40, form="spm"
    )
    with closing(load_completer(settings, silent)) as completer:
        for text in ODD:
            for offset in {0, len(text) // 2, len(text)}:
                answer = completer.complete(CompletionRequest(open_document(name, text), offset))
                assert answer.why in ("answered", "nothing to add", "filtered")
                assert answer.prompt_tokens <= 100 + 40 + 4


def test_budgets_that_the_model_cannot_read_are_refused(tiny: Callable[[str], Path]) -> None:
    settings = Settings(base=str(tiny("llama")), prefix_tokens=900)
    with pytest.raises(BadSetting, match="more than the 1024 tokens"):
        load_completer(replace(settings, suffix_tokens=200), silent)


@pytest.mark.parametrize(("form", "served"), [("auto", "prefix"), ("spm", "spm"), ("psm", "psm"), ("prefix", "prefix")])
def test_a_base_that_knows_no_fim_is_asked_prefix_only_unless_told(
    form: str, served: str, tiny: Callable[[str], Path]
) -> None:
    with closing(load_completer(Settings(base=str(tiny("llama")), form=form), silent)) as completer:
        assert completer.voice.form == served
        assert completer.label.endswith(f"base · {served}")


@pytest.mark.parametrize("adapter", ["base", "none"])
def test_who_answers_without_an_adapter_is_told_apart(adapter: str, tiny: Callable[[str], Path]) -> None:
    with closing(completer_for(Loader(), tiny("llama"), Path(adapter))) as completer:
        assert completer.adapter == adapter


def completer_for(load: Loader, base: Path, adapter: Path = Path("base")) -> Completer:
    """In full precision: 8 bits round an adapter that is alone with the weights, and small models take it ill."""
    told = Settings(base=str(base), adapter=str(adapter), max_new_tokens=6, form="spm", quantisation="none")
    return load(told, silent)


def answers(completer: Completer) -> tuple[int, ...]:
    prompt = completer.voice.tokenizer.encode("def f(x):\n    return ")
    return completer.engine.generate(GenerationRequest(prompt, 6)).ids


def test_completers_share_a_base_and_each_answers_with_its_own_adapter(
    tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    base = tiny("llama")
    folders = [make_adapter(base, tmp_path / name, seed) for seed, name in enumerate(("one", "two"))]
    alone = []
    for adapter in [Path("base"), *folders]:
        with closing(completer_for(Loader(), base, adapter)) as completer:
            alone.append(answers(completer))
    assert len(set(alone)) == 3
    load = Loader()
    together = [completer_for(load, base, adapter) for adapter in [Path("base"), *folders, folders[0]]]
    assert len({id(completer.engine.engine) for completer in together if isinstance(completer.engine, Seat)}) == 1
    assert [answers(completer) for completer in together] == [*alone, alone[1]]
    assert [completer.adapter for completer in together[1:3]] == ["one@000000000000", "two@000000000001"]
    together[1].close()  # another one still has this adapter
    assert answers(together[3]) == alone[1]
    together[0].close()
    together[3].close()
    assert answers(together[2]) == alone[2]
    together[2].close()
    generation = together[2].engine.generate(GenerationRequest([1, 2], 4))
    assert (generation.ids, generation.finish_reason) == ((), "cancelled")


def test_an_adapter_that_changes_the_weights_themselves_gets_a_base_of_its_own(
    tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    base = tiny("llama")
    whole = tmp_path / "whole"
    make_adapter(base, whole, 5)
    for path in whole.glob("adapter_*"):
        path.unlink()
    save_model(random_model("llama", seed=9), str(whole / WHOLE_WEIGHTS))
    load = Loader()
    plain, other = completer_for(load, base), completer_for(load, base, whole)
    assert answers(plain) != answers(other)
    assert answers(plain) == answers(plain)
    plain.close()
    assert len(answers(other)) == 6
    other.close()


def test_a_base_that_nobody_could_use_is_not_kept(tiny: Callable[[str], Path], tmp_path: Path) -> None:
    other = make_adapter(tiny("llama"), tmp_path / "other", 1)
    (other / "adapter_config.json").write_text("{")
    load = Loader()
    with pytest.raises(BadAdapter, match="cannot be read"):
        completer_for(load, tiny("llama"), other)
    damaged = make_adapter(tiny("llama"), tmp_path / "damaged", 1)
    (damaged / WEIGHTS).write_bytes(b"no weights")
    with pytest.raises(BadAdapter, match="cannot be loaded"):
        completer_for(load, tiny("llama"), damaged)
    assert not load.num_bases
