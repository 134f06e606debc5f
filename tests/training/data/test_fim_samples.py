"""Samples: the same prompt as the server's, byte for byte; the middle whole; the end token always."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.conftest import byte_tokenizer, word_tokenizer
from tokenizers import normalizers

from finetab.completion.completer import Completer, Voice
from finetab.completion.context import Windows
from finetab.completion.related import Related
from finetab.completion.request import CompletionRequest
from finetab.core.fim import FimFormat, Form
from finetab.core.manifest import Budgets
from finetab.core.tokenizer import Tokenizer
from finetab.documents import open_document
from finetab.engine.scripted import ScriptedEngine
from finetab.errors import BadSetting, FinetabError
from finetab_training.config import make_config
from finetab_training.data.corpus import Recipe, read_corpus
from finetab_training.data.fim_samples import IGNORED, Sample, SampleMaker, SampleMix, check_sample, mix_of
from finetab_training.data.source_file import SourceFile
from finetab_training.data.spans import WEIGHTS, FileSpans, Span, SpanKind

TOKENIZER = Tokenizer(byte_tokenizer())
FIM_OF_WORDS = FimFormat("test", 2000, 2001, 2002, 2003, 2004, native=())
FIM = FimFormat("test", 259, 260, 261, 258, 257, native=())
BUDGETS = Budgets(300, 120)
LISTED: tuple[SpanKind, ...] = ("line", "rest", "block")


def maker(**mix: object) -> SampleMaker:
    return SampleMaker(TOKENIZER, FIM, BUDGETS, SampleMix(**mix))  # type: ignore[arg-type]


@pytest.fixture
def file(project: Path) -> SourceFile:
    return read_corpus(Recipe((str(project),))).training[0]


@pytest.mark.parametrize("form", ["spm", "psm"])
def test_training_sees_the_very_prompt_that_serving_builds(form: Form, file: SourceFile) -> None:
    engine = ScriptedEngine(lambda prompt: [])
    completer = Completer(engine, Voice("b", "a", TOKENIZER, FIM, form, BUDGETS, 8))
    spans = [span for kind in LISTED for span in FileSpans(file.tree()).of(kind)][::3]
    for span in spans:
        sample = maker().sample_at(file, span, form)
        assert sample is not None
        document = open_document(file.path, file.text[: span.start] + file.text[span.end :])
        completer.complete(CompletionRequest(document, span.start))
        served = engine.prompts[-1]
        assert list(sample.ids[: len(served)]) == served
        assert sample.labels[: len(served)] == (IGNORED,) * len(served)
        middle = TOKENIZER.encode(file.text[span.start : span.end])
        assert list(sample.labels[len(served) :]) == [*middle, FIM.end_id]
    assert len(engine.prompts) == len(spans) > 10


@pytest.mark.parametrize("form", ["spm", "psm"])
def test_a_loose_end_is_said_with_the_middle_as_in_service(form: Form, file: SourceFile) -> None:
    words = Tokenizer(word_tokenizer())
    made = SampleMaker(words, FIM_OF_WORDS, BUDGETS, SampleMix())
    windows, num_loose = Windows(words, BUDGETS), 0
    for span in [span for kind in LISTED for span in FileSpans(file.tree()).of(kind)]:
        sample = made.sample_at(file, span, form)
        assert sample is not None
        parts = windows.parts(file.document_of(file.text[: span.start] + file.text[span.end :]), span.start)
        before = FIM_OF_WORDS.prompt(replace(parts, tail=()), form)
        assert list(sample.ids[: len(before)]) == before
        tail, middle = words.decode(parts.tail), file.text[span.start : span.end]
        assert list(sample.ids[len(before) :]) == [*words.encode(tail + middle), FIM_OF_WORDS.end_id]
        counted = [label for label in sample.labels if label != IGNORED]
        # A token that says the end of the tail and the start of the middle counts; those of the tail alone do not.
        assert words.decode(counted[:-1]).endswith(middle)
        given = words.decode(sample.ids[len(before) : len(sample.ids) - len(counted)])
        assert tail.startswith(given)
        num_loose += tail != given
    assert num_loose > 10


def test_prefix_middle_and_suffix_make_up_the_file(file: SourceFile) -> None:
    wide = SampleMaker(TOKENIZER, FIM, Budgets(5000, 5000), SampleMix())
    for span in [span for kind in LISTED for span in FileSpans(file.tree()).of(kind)][::5]:
        sample = wide.sample_at(file, span, "spm")
        assert sample is not None
        counted = [label for label in sample.labels if label != IGNORED][:-1]
        parts = FIM.unprompt(sample.ids[: len(sample.ids) - len(counted) - 1], "spm")
        texts = [TOKENIZER.decode(ids) for ids in (parts.prefix, counted, parts.suffix)]
        assert "".join(texts) == file.text


@pytest.mark.parametrize("form", ["spm", "psm"])
def test_it_does_so_with_code_from_other_files_before_it(form: Form, project: Path) -> None:
    budgets = replace(BUDGETS, context=200)
    file, *others = read_corpus(Recipe((str(project),))).training
    imported = others[-1].path
    file = replace(file, text=f"import {imported.removesuffix('.py')} as other\n{file.text}")
    neighbours = tuple(other.document() for other in others)
    made, related = SampleMaker(TOKENIZER, FIM, budgets, SampleMix()), Related(neighbours)
    engine = ScriptedEngine(lambda prompt: [])
    completer = Completer(engine, Voice("b", "a", TOKENIZER, FIM, form, budgets, 8))
    contexts = []
    for span in [span for kind in LISTED for span in FileSpans(file.tree()).of(kind)][::3]:
        sample = made.sample_at(file, span, form, related)
        assert sample is not None
        document = file.document_of(file.text[: span.start] + file.text[span.end :])
        completer.forget()
        completer.complete(CompletionRequest(document, span.start, neighbours=neighbours))
        served = engine.prompts[-1]
        assert list(sample.ids[: len(served)]) == served
        contexts.append(FIM.unprompt(served, form).context)
    assert all(len(context) <= budgets.context for context in contexts)
    num_imported = sum(f"/{imported}\n" in TOKENIZER.decode(context) for context in contexts)
    assert num_imported > len(contexts) / 2, "of files that are much alike, the imported one comes first"


def test_the_same_seed_and_epoch_draw_the_same_cuts(file: SourceFile) -> None:
    first, again = list(maker().samples(file, 3, 1)), list(maker().samples(file, 3, 1))
    other_epoch, other_seed = list(maker().samples(file, 3, 2)), list(maker().samples(file, 4, 1))
    assert first == again
    assert first not in (other_epoch, other_seed)


def test_a_middle_over_its_budget_is_left_out_not_cut(file: SourceFile) -> None:
    span = Span(0, 60, "random")
    assert maker(max_middle_tokens=59).sample_at(file, span, "spm") is None
    assert maker(max_middle_tokens=60).sample_at(file, span, "spm") is not None


@pytest.mark.parametrize(("share", "kinds"), [(1.0, {"left-to-right"}), (0.0, set(WEIGHTS) - {"comment", "import"})])
def test_the_left_to_right_share_is_kept(share: float, kinds: set[str], file: SourceFile) -> None:
    made = maker(left_to_right_share=share, characters_per_sample=40)
    drawn = {sample.kind for seed in range(20) for sample in made.samples(file, seed, 0)}
    assert drawn == kinds


def test_a_left_to_right_sample_ends_with_the_end_token_only_at_the_end_of_its_file(file: SourceFile) -> None:
    made = maker(left_to_right_share=1.0, max_stretch_tokens=80)
    for seed in range(30):
        for sample in made.samples(file, seed, 0):
            text = TOKENIZER.decode([index for index in sample.ids if index not in (FIM.bos_id, FIM.end_id)])
            assert text in file.text
            assert (sample.ids[-1] == FIM.end_id) == (len(text) < 80 and file.text.endswith(text))


def test_a_left_to_right_sample_counts_all_but_the_begin_token(file: SourceFile) -> None:
    for sample in maker(left_to_right_share=1.0).samples(file, 0, 0):
        assert sample.labels == (IGNORED, *sample.ids[1:])


def made_of(ids: Sequence[int], labels: Sequence[int]) -> Sample:
    return Sample(tuple(ids), tuple(labels), "line")


@pytest.mark.parametrize(
    ("sample", "middle", "words"),
    [
        (made_of([1, 97], [IGNORED, 97]), "a", "end token"),
        (made_of([1, 97, 258], [IGNORED, 97, 258]), "a\n", "ends in a newline"),
    ],
)
def test_a_sample_that_breaks_the_contract_does_not_pass(sample: Sample, middle: str, words: str) -> None:
    with pytest.raises(FinetabError, match=words):
        check_sample(sample, middle, FIM)


def test_a_middle_that_the_tokenizer_cannot_say_is_no_sample(file: SourceFile) -> None:
    lossy = byte_tokenizer()
    lossy.normalizer = normalizers.Replace("\u2581", " ")
    made = SampleMaker(Tokenizer(lossy), FIM, BUDGETS, SampleMix())
    odd = replace(file, text="bar = '\u2581\u2582'\nplain = 'text'\n")
    line, other = FileSpans(odd.tree()).of("line")
    assert made.sample_at(odd, line, "spm") is None
    assert made.sample_at(odd, other, "spm") is not None


def test_windows_are_the_server_s_own_class() -> None:
    assert type(maker()._windows) is Windows


def test_an_empty_middle_is_the_end_token_alone(file: SourceFile) -> None:
    made = maker(kinds={"empty": 1.0}, left_to_right_share=0.0)
    samples = list(made.samples(file, 0, 0))
    assert samples
    for sample in samples:
        assert [label for label in sample.labels if label != IGNORED] == [FIM.end_id]


@pytest.mark.parametrize(
    ("kinds", "words"),
    [({"lines": 1}, 'did you mean "line"'), ({"line": -1}, "must be a number from 0"),
     (dict.fromkeys(WEIGHTS, 0), "All kinds")],
)  # fmt: skip
def test_kinds_that_cannot_be_drawn_are_told(kinds: dict[str, float], words: str) -> None:
    with pytest.raises(BadSetting, match=words):
        mix_of(make_config({"kinds": kinds}))


def test_weights_of_the_config_go_before_those_of_the_table() -> None:
    mix = mix_of(make_config({"kinds": {"empty": 0, "line": 1}}))
    assert (mix.kinds["empty"], mix.kinds["line"], mix.kinds["rest"]) == (0.0, 1.0, WEIGHTS["rest"])


def test_short_samples_have_a_third_of_the_room_and_the_share_that_was_asked_for(file: SourceFile) -> None:
    def lengths(share: float) -> list[int]:
        mixed = maker(short_share=share, left_to_right_share=0.0, characters_per_sample=20, kinds={"line": 1.0})
        samples = list(mixed.samples(file, 0, 0))
        return [len(FIM.unprompt(sample.ids, "spm").suffix) for sample in samples]

    long, short, mixed = lengths(0.0), lengths(1.0), lengths(0.5)
    assert max(short) <= BUDGETS.suffix // 3 < max(long) <= BUDGETS.suffix
    shares = [sum(length <= BUDGETS.suffix // 3 for length in found) / len(found) for found in (long, mixed, short)]
    assert shares[0] < shares[1] < shares[2] == 1.0


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_a_share_of_the_prefix_counts_beside_the_middle(share: float, file: SourceFile) -> None:
    def made(prefix_share: float) -> list[Sample]:
        mixed = maker(left_to_right_share=0.0, prefix_share=prefix_share, kinds={"line": 1.0})
        return [next(mixed.samples(file, 0, epoch)) for epoch in range(12)]  # the first of each: then draws differ

    places: list[tuple[int, int]] = []
    for plain, counting in zip(made(0.0), made(share), strict=True):
        assert counting.ids == plain.ids
        begun = plain.ids.index(FIM.middle_id) + 1
        said = next(place for place, label in enumerate(plain.labels) if label != IGNORED)
        assert counting.labels[:begun] == plain.labels[:begun]
        assert counting.labels[said:] == plain.labels[said:] == plain.ids[said:]
        places += zip(counting.labels[begun:said], counting.ids[begun:said], strict=True)
    assert all(label in (index, IGNORED) for label, index in places)
    assert len(places) > 500
    assert sum(label != IGNORED for label, _ in places) / len(places) == pytest.approx(share, abs=0.1)
