"""The real default model, as `make models` has fetched it: completes, re-uses exactly, is tuned and served."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.training.train.test_run import config_for, trained

import finetab.core.fim
from finetab.adapters.library import read_adapter
from finetab.assemble import load_completer
from finetab.completion.completer import Completer
from finetab.completion.request import CompletionRequest
from finetab.core.bases import DEFAULT_BASE, FALLBACK_BASE, cache_folder
from finetab.core.progress import silent
from finetab.core.weights import base_folder
from finetab.documents import open_document
from finetab.engine.torch_engine import TorchEngine
from finetab.seats import Seat
from finetab.settings import Settings
from finetab_training.runs import run_of

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def default() -> Iterator[Completer]:
    with closing(load_completer(Settings(base=DEFAULT_BASE, max_new_tokens=12), silent)) as completer:
        yield completer


def request_at(marked: str) -> CompletionRequest:
    return CompletionRequest(open_document("a.py", marked.replace("|", "", 1)), marked.index("|"))


@pytest.mark.parametrize(
    ("marked", "text"),
    [
        ("def add(first, second):\n    return|\n", " first + second"),
        ("import json\n\ndef load(path):\n    with open(path) as file:\n        return |\n", "json.load(file)"),
        ("def area(width, height):\n    return width *|\n", " height"),
    ],
)
def test_the_default_model_knows_code(default: Completer, marked: str, text: str) -> None:
    answer = default.complete(request_at(marked))
    assert answer.text == text
    assert answer.mean_logprob < 0


def test_its_tokenizer_gives_texts_back_and_keeps_sentinels_as_text(default: Completer) -> None:
    tokenizer, fim = default.voice.tokenizer, default.voice.fim
    text = "def f(x):\n\treturn '<unused0><eos>'  # é𝒳 \x0c\r\n<start_of_turn>"
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert not set(ids) & {*fim.sentinel_ids, fim.end_id, fim.bos_id, *tokenizer.ids_of_special.values()}


def test_reuse_gives_the_same_tokens_over_a_prompt_longer_than_its_window(default: Completer) -> None:
    source = Path(finetab.core.fim.__file__).read_text("utf-8")
    voice = replace(default.voice, form="spm", budgets=replace(default.voice.budgets, prefix=800, suffix=100))
    assert isinstance(default.engine, Seat)
    assert isinstance(default.engine.engine, TorchEngine)
    fresh = replace(default.engine, engine=default.engine.engine.without_reuse())
    completers = [Completer(engine, voice) for engine in (default.engine, fresh)]
    place = source.index("def never_sampled")
    reused, sizes = [], []
    for offset in (place, place + 4, place + 9, place + 2, place - 300):
        request = CompletionRequest(open_document("fim.py", source[:offset] + source[place + 9 :]), offset)
        # The memory is emptied each time, so that the engine is asked.
        for completer in completers:
            completer.forget()
        again, anew = (completer.complete(request) for completer in completers)
        assert again.text == anew.text
        assert again.mean_logprob == pytest.approx(anew.mean_logprob, abs=1e-3)
        assert anew.reused_tokens == 0
        reused.append(again.reused_tokens / again.prompt_tokens)
        sizes.append(again.prompt_tokens)
    assert min(sizes[:4]) > 512  # past the sliding window
    assert min(reused[1:4]) > 0.9


def test_the_small_base_serves_too() -> None:
    with closing(load_completer(Settings(base=FALLBACK_BASE, max_new_tokens=8), silent)) as completer:
        answer = completer.complete(request_at("def add(first, second):\n    return |\n"))
        assert answer.why == "answered"
        # Its file lacks the rule that cuts numbers into digits; the conversion puts it back.
        assert len(completer.voice.tokenizer.encode("12345")) == 5


def test_the_terms_of_the_default_base_came_with_it() -> None:
    assert (cache_folder() / DEFAULT_BASE / "GEMMA_TERMS.html").stat().st_size > 10_000


def test_it_is_tuned_in_four_bits_and_the_adapter_answers(project: Path, tmp_path: Path) -> None:
    config = config_for(project, base_folder(DEFAULT_BASE), tmp_path / "adapter", max_steps=2, row_tokens=300)
    out = trained(run_of(replace(config, base=DEFAULT_BASE, method="qlora")))
    manifest = read_adapter(str(out))[1]
    assert (manifest.base_name, manifest.quantisation, manifest.fim_family) == (DEFAULT_BASE, "nf4", "gemma3")
    assert "Gemma Terms of Use" in manifest.notice
    settings = Settings(base=DEFAULT_BASE, adapter=str(out), max_new_tokens=8)
    with closing(load_completer(settings, silent)) as completer:
        assert completer.voice.form == "spm"
        answer = completer.complete(request_at("def add(first, second):\n    return |\n"))
        assert answer.adapter == f"adapter@{manifest.version}"
        assert answer.why in ("answered", "nothing to add", "filtered")
        assert answer.generated_tokens > 0
