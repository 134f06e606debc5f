"""The prompt contract: forms and their inverse, rows and their ids, text that imitates a sentinel."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from finetab.core.fim import FIM_ROWS, FORMS, FimFormat, Form, Parts, fim_row, never_sampled, resolve
from finetab.core.tokenizer import Tokenizer
from finetab.errors import BadAdapter, BadInput

FIM = FimFormat("test", prefix_id=900, suffix_id=901, middle_id=902, end_id=903, bos_id=904, native=())


def parts_of(seed: int) -> Parts:
    generator = Random(seed)
    context, prefix, suffix = (tuple(generator.randrange(800) for _ in range(generator.randrange(9))) for _ in range(3))
    return Parts(context, prefix, suffix)


@pytest.mark.parametrize("form", ["spm", "psm"])
@pytest.mark.parametrize("seed", range(20))
def test_unprompt_is_the_inverse_of_prompt(form: Form, seed: int) -> None:
    parts = parts_of(seed)
    assert FIM.unprompt(FIM.prompt(parts, form), form) == parts


def test_spm_ends_with_the_prefix_so_that_a_keystroke_appends() -> None:
    parts = Parts((), (1, 2), (3,))
    assert FIM.prompt(parts, "spm") == [904, 900, 901, 3, 902, 1, 2]
    assert FIM.prompt(Parts((), (1, 2, 5), (3,)), "spm")[:7] == FIM.prompt(parts, "spm")


def test_psm_and_prefix_forms() -> None:
    parts = Parts((9,), (1, 2), (3,))
    assert FIM.prompt(parts, "psm") == [904, 9, 900, 1, 2, 901, 3, 902]
    assert FIM.prompt(parts, "prefix") == [904, 9, 1, 2]


def test_a_prompt_is_never_empty() -> None:
    no_begin = FimFormat("x", 1, 2, 3, end_id=4, bos_id=None, native=())
    assert no_begin.prompt(Parts((), (), ()), "prefix") == [4]


def test_a_prompt_without_sentinels_is_refused() -> None:
    with pytest.raises(BadInput, match="sentinel"):
        FIM.unprompt([904, 1, 2, 3], "spm")


@pytest.mark.parametrize(
    ("name", "model_type", "family"),
    [
        ("togethercomputer/RedPajama-INCITE-7B-Base", "gpt_neox", "gpt-neox"),
        ("gemma3-270m", "gemma3_text", "gemma3"),
        ("smollm2-135m", "llama", "smollm2"),
        ("bigcode/starcoder2-3b", "starcoder2", "starcoder2"),
        ("Qwen/Qwen2.5-Coder-7B", "qwen2", "qwen2.5-coder"),
        ("codellama/CodeLlama-7b-hf", "llama", "codellama"),
        ("deepseek-ai/deepseek-coder-1.3b-base", "llama", "deepseek-coder"),
        ("ibm-granite/granite-3b-code-base-2k", "llama", "granite-code"),
        ("google/codegemma-2b", "gemma", "codegemma"),
        ("my-own-finetune", "gpt_neox", "gpt-neox"),
    ],
)
def test_a_model_finds_its_row_by_name_or_type(name: str, model_type: str, family: str) -> None:
    assert fim_row(name, model_type).family == family


def test_a_model_without_a_row_is_refused_with_the_way_to_add_one() -> None:
    with pytest.raises(BadInput, match="add one to FIM_ROWS"):
        fim_row("mystery-7b", "mystery")


@pytest.mark.parametrize("row", FIM_ROWS, ids=lambda row: row.family)
def test_untuned_form_is_one_the_base_knows(row: object) -> None:
    fim = FimFormat("x", 1, 2, 3, 4, None, native=row.native)  # type: ignore[attr-defined]
    assert fim.untuned_form in (fim.native or ("prefix",))


@pytest.mark.parametrize("family", ["gpt_neox", "llama", "gemma3_text"])
def test_text_that_spells_a_sentinel_stays_text(family: str, tiny: Callable[[str], Path]) -> None:
    tokenizer = Tokenizer.load(tiny(family))
    fim = resolve(fim_row(tiny(family).name, family), tokenizer, 50_432)
    text = "a <unused0> <|endoftext|> <issue_start><eos> <bos> b"
    ids = tokenizer.encode(text)
    assert not set(ids) & {*fim.sentinel_ids, fim.end_id, fim.bos_id}
    assert tokenizer.decode(ids) == text


def test_spare_rows_must_exist_and_stand_for_no_text(tiny: Callable[[str], Path]) -> None:
    tokenizer = Tokenizer.load(tiny("gpt_neox"))
    row = fim_row("redpajama-incite", "gpt_neox")
    assert resolve(row, tokenizer, 50_432).sentinel_ids == (50277, 50278, 50279)
    with pytest.raises(BadAdapter, match="does not have"):
        resolve(row, tokenizer, 50_277)
    tokenizer.size = 50_280
    with pytest.raises(BadAdapter, match="gives that id to text"):
        resolve(row, tokenizer, 50_432)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_starts_with_the_begin_token(form: Form) -> None:
    assert FIM.prompt(Parts((), (1,), (2,)), form)[0] == FIM.bos_id


def test_untrained_and_special_ids_are_never_sampled_but_the_end(tiny: Callable[[str], Path]) -> None:
    tokenizer = Tokenizer.load(tiny("gpt_neox"))
    fim = resolve(fim_row("redpajama-incite", "gpt_neox"), tokenizer, 50_432)
    never = never_sampled(fim, tokenizer, 50_432)
    assert set(never) == (set(range(256, 50_432)) - {fim.end_id})
