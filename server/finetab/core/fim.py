"""The prompt contract: one function builds the ids that training, evaluation and serving use.

Three forms (`Form`), drawn with the cursor at the bar:

    spm      [bos] context <PRE> <SUF> suffix <MID> prefix tail|     served: a keystroke appends at the end
    psm      [bos] context <PRE> prefix <SUF> suffix <MID> tail|
    prefix   [bos] context prefix tail|                              no suffix: what an untuned base can do

Sentinels are inserted as ids; the parts are tokenised apart with special tokens off, so nothing in a file can
imitate one. SPM with the prefix sentinel first is the second variant of Bavarian et al. 2022 (arXiv 2207.14255,
section 4.3), which shares its order of tokens with PSM.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from finetab.core.home import from_home
from finetab.core.tokenizer import Tokenizer
from finetab.errors import BadAdapter, BadInput

Form: TypeAlias = Literal["spm", "psm", "prefix"]
FORMS: tuple[Form, ...] = ("spm", "psm", "prefix")
TAUGHT = "finetab"
"""The entry of a merged model's config.json: its FIM family, and the forms it was taught."""


@dataclass(frozen=True, slots=True)
class FimRow:
    """One model family in the table: which tokens serve as sentinels, by spelling or by id."""

    family: str
    prefix: str | int
    suffix: str | int
    middle: str | int
    end: str
    bos: str | None = None
    native: tuple[Form, ...] = ()
    """Forms that the base itself was trained on; empty where only a finetab adapter teaches them."""
    matches: tuple[str, ...] = ()
    """Parts of a model's name that point to this row, lower case; native rows are tried first."""
    model_type: str = ""
    """`model_type` of the config that points to this row when no name does."""


_STARCODER = ("<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<|endoftext|>")
_QWEN = ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>")

# Native families as their own reports and model cards give them. Those whose report names PSM only are served so.
FIM_ROWS: tuple[FimRow, ...] = (
    FimRow("starcoder2", *_STARCODER, native=("psm", "spm"), matches=("starcoder",), model_type="starcoder2"),
    FimRow("granite-code", *_STARCODER, native=("psm", "spm"), matches=("granite",)),
    FimRow("qwen2.5-coder", *_QWEN, "<|endoftext|>", native=("psm",), matches=("qwen2.5-coder",)),
    FimRow("codegemma", *_QWEN, "<|file_separator|>", "<bos>", native=("psm",), matches=("codegemma",)),
    FimRow(
        "codellama", "▁<PRE>", "▁<SUF>", "▁<MID>", "▁<EOT>", "<s>", native=("psm", "spm"), matches=("codellama",)
    ),
    FimRow(
        "deepseek-coder", "<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>", "<｜end▁of▁sentence｜>",
        "<｜begin▁of▁sentence｜>", native=("psm",), matches=("deepseek-coder",),
    ),
    # Families without FIM tokens: tokens that no text contains are taught by the adapter.
    FimRow("gemma3", "<unused0>", "<unused1>", "<unused2>", "<eos>", "<bos>",
           matches=("gemma-3", "gemma3"), model_type="gemma3_text"),
    FimRow("smollm2", "<issue_start>", "<issue_comment>", "<issue_closed>", "<|endoftext|>",
           matches=("smollm2",)),
    # The tokenizer of GPT-NeoX-20B stops at 50276; the matrices are padded with rows that nothing has trained.
    FimRow("gpt-neox", 50277, 50278, 50279, "<|endoftext|>",
           matches=("redpajama-incite", "pythia", "gpt-neox"), model_type="gpt_neox"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parts:
    """The pieces of a prompt as token ids, each tokenised apart."""

    context: tuple[int, ...]
    prefix: tuple[int, ...]
    suffix: tuple[int, ...]
    tail: tuple[int, ...] = ()
    """The loose end of the prefix, which the model says anew (`core/vocabulary.py`); it ends every prompt."""


@dataclass(frozen=True, slots=True)
class FimFormat:
    """A row resolved against one model's tokenizer: ids only."""

    family: str
    prefix_id: int
    suffix_id: int
    middle_id: int
    end_id: int
    bos_id: int | None
    native: tuple[Form, ...]

    @property
    def sentinel_ids(self) -> tuple[int, int, int]:
        """Prefix, suffix and middle sentinel, in this order."""
        return self.prefix_id, self.suffix_id, self.middle_id

    @property
    def untuned_form(self) -> Form:
        """What the base can be asked without an adapter: SPM where it knows it, else PSM, else prefix only."""
        return "spm" if "spm" in self.native else "psm" if "psm" in self.native else "prefix"

    def prompt(self, parts: Parts, form: Form) -> list[int]:
        """The ids that the model continues with the middle. `unprompt` is the inverse."""
        start = [] if self.bos_id is None else [self.bos_id]
        start += parts.context
        if form == "prefix":
            # A model without a begin token still needs something to go on from: the end of a text before.
            return [*start, *parts.prefix, *parts.tail] or [self.end_id]
        if form == "psm":
            before = [self.prefix_id, *parts.prefix, self.suffix_id, *parts.suffix, self.middle_id]
        else:
            before = [self.prefix_id, self.suffix_id, *parts.suffix, self.middle_id, *parts.prefix]
        return [*start, *before, *parts.tail]

    def unprompt(self, ids: Sequence[int], form: Form) -> Parts:
        """The parts of a prompt that `prompt` made, the tail with the prefix.

        In the prefix form the context cannot be told from the prefix.
        Raises `BadInput` when the sentinels do not stand where the form has them.
        """
        body = list(ids[0 if self.bos_id is None else 1 :])
        if form == "prefix":
            return Parts((), tuple(body), ())
        try:
            first, second, third = (body.index(sentinel) for sentinel in self.sentinel_ids)
        except ValueError as error:
            raise BadInput(f"These {len(ids)} ids are no {form} prompt: a sentinel is missing.") from error
        context, between = body[:first], body[second + 1 : third]
        if form == "psm":
            return Parts(tuple(context), tuple(body[first + 1 : second] + body[third + 1 :]), tuple(between))
        return Parts(tuple(context), tuple(body[third + 1 :]), tuple(between))


def fim_row(name: str, model_type: str) -> FimRow:
    """The row of a model by its name, else by its `model_type`; `BadInput` says how to add one."""
    lowered = name.lower()
    for row in FIM_ROWS:
        if any(part in lowered for part in row.matches):
            return row
    for row in FIM_ROWS:
        if row.model_type == model_type:
            return row
    raise BadInput(
        f'finetab has no FIM row for "{name}" (model type {model_type}): add one to FIM_ROWS in core/fim.py, '
        "naming three tokens that no text contains and the end token."
    )


def read_format(folder: Path, name: str) -> tuple[Tokenizer, FimFormat]:
    """The tokenizer of a model's folder, and its row resolved; the weights are not read.

    Raises `BadInput` where no row matches the model's name or type, `BadAdapter` where the row does not fit.
    """
    config = json.loads((folder / "config.json").read_text("utf-8"))
    if TAUGHT in config:
        row = _taught_row(config[TAUGHT], folder)
    else:
        # Of a folder only its own name counts: its parents may be called anything.
        row = fim_row(folder.name if Path(from_home(name)).exists() else name, config["model_type"])
    tokenizer = Tokenizer.load(folder)
    return tokenizer, resolve(row, tokenizer, int(config["vocab_size"]))


def _taught_row(told: Any, folder: Path) -> FimRow:
    """The row of a model that finetab has merged an adapter into: it knows the adapter's form by itself."""
    try:
        row = next(row for row in FIM_ROWS if row.family == told["family"])
        return replace(row, native=tuple(form for form in FORMS if form in told["forms"]))
    except (StopIteration, KeyError, TypeError) as error:
        raise BadAdapter(f"{folder}/config.json names no FIM row that this finetab knows: {told!r}.") from error


def resolve(row: FimRow, tokenizer: Tokenizer, num_embeddings: int) -> FimFormat:
    """The row's tokens as ids of this tokenizer; `num_embeddings` are the rows of the input embedding.

    Raises `BadAdapter` when a token is missing, taken by text, or has no embedding.
    """

    def id_of(token: str | int) -> int:
        found = token if isinstance(token, int) else tokenizer.id_of(token)
        if found is None or found >= num_embeddings:
            raise BadAdapter(
                f'The FIM row "{row.family}" needs the token {token!r}, which this model does not have; '
                "correct the row in core/fim.py."
            )
        if isinstance(token, int) and token < tokenizer.size:
            raise BadAdapter(
                f'The FIM row "{row.family}" uses id {token}, but this tokenizer gives that id to text '
                f"({tokenizer.decode([token])!r}); correct the row in core/fim.py."
            )
        return found

    return FimFormat(
        family=row.family,
        prefix_id=id_of(row.prefix),
        suffix_id=id_of(row.suffix),
        middle_id=id_of(row.middle),
        end_id=id_of(row.end),
        bos_id=None if row.bos is None else id_of(row.bos),
        native=row.native,
    )


def never_sampled(fim: FimFormat, tokenizer: Tokenizer, num_logits: int) -> list[int]:
    """Ids that must not come out of the model: special tokens but the end, and rows that stand for no text."""
    special = {*tokenizer.ids_of_special.values(), *fim.sentinel_ids} - {fim.end_id}
    return sorted(index for index in special | set(range(tokenizer.size, num_logits)) if index < num_logits)
