"""Training samples: token ids in the very order the server uses, and which of them the loss counts.

    FIM sample    prompt (not counted) + middle + end token (counted); a loose end of the prefix is said with the middle
                  by `prefix_share`, some of the prefix counts as well: in SPM order, with the same suffix before it,
                  each of its places is where a longer middle might have begun
    left-to-right [bos] + a stretch of a file (counted): keeps the base's own skill alive

The prompt comes from `Windows` and `FimFormat.prompt`, the code that serves. One generator per (seed, epoch,
file), derived from a string, so that a resumed run draws the same cuts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from random import Random

from finetab.completion.context import Windows, as_seen
from finetab.completion.related import Related
from finetab.core.fim import FimFormat, Form
from finetab.core.manifest import Budgets
from finetab.core.tokenizer import Tokenizer
from finetab.documents import Document, Edit, edited
from finetab.errors import BadSetting, FinetabError, near_match
from finetab_training.config import RunConfig
from finetab_training.data.source_file import SourceFile
from finetab_training.data.spans import WEIGHTS, FileSpans, Span, SpanKind

IGNORED = -100  # the label of a position that the loss does not count, as in transformers
_MAX_STRETCH_TOKENS = 256
_CONTEXT_SHARE = 0.75  # of samples, where there is context to give: an editor may have no other file open


@dataclass(frozen=True, slots=True)
class SampleMix:
    """How samples are drawn; shares are of all samples."""

    form: Form = "spm"
    left_to_right_share: float = 0.25
    psm_share: float = 0.0
    prefix_share: float = 0.0
    """Of the prefix's tokens, those that count."""
    short_share: float = 0.0
    """Of FIM samples, those whose prefix and suffix have a third of their budgets."""
    kinds: Mapping[SpanKind, float] = field(default_factory=lambda: WEIGHTS)
    """The weight of each kind of middle among FIM samples."""
    characters_per_sample: int = 400
    """One sample for so much of a file's text and epoch."""
    max_middle_tokens: int = 128
    max_stretch_tokens: int = _MAX_STRETCH_TOKENS
    """The longest left-to-right sample."""


def mix_of(config: RunConfig) -> SampleMix:
    """The mix that a run's config asks for. Raises `BadSetting` for kinds that do not exist or weigh nothing."""
    for kind, weight in config.kinds.items():
        if kind not in WEIGHTS:
            raise BadSetting(f'There is no kind of middle "{kind}"{near_match(kind, WEIGHTS)}')
        if isinstance(weight, bool) or not isinstance(weight, int | float) or weight < 0:
            raise BadSetting(f"The weight of the kind {kind} must be a number from 0, not {weight!r}.")
    kinds = {kind: float(config.kinds.get(kind, weight)) for kind, weight in WEIGHTS.items()}
    if not sum(kinds.values()):
        raise BadSetting("All kinds of middles have the weight 0; give one of them more.")
    return SampleMix(
        form=config.form,
        left_to_right_share=config.left_to_right_share,
        psm_share=config.psm_share,
        prefix_share=config.prefix_share,
        short_share=config.short_share,
        kinds=kinds,
        characters_per_sample=config.characters_per_sample,
        max_middle_tokens=config.max_middle_tokens,
        max_stretch_tokens=min(_MAX_STRETCH_TOKENS, config.row_tokens - 2),  # begin and end token
    )


@dataclass(frozen=True, slots=True)
class Sample:
    """Ids and labels of one sample, of equal length; `labels[i]` is `ids[i]` or `IGNORED`."""

    ids: tuple[int, ...]
    labels: tuple[int, ...]
    kind: str


class SampleMaker:
    """Draws the samples of a file."""

    def __init__(self, tokenizer: Tokenizer, fim: FimFormat, budgets: Budgets, mix: SampleMix) -> None:
        self._tokenizer = tokenizer
        self._fim = fim
        self._mix = mix
        self._windows = Windows(tokenizer, budgets)
        self._short = Windows(tokenizer, Budgets(max(1, budgets.prefix // 3), max(1, budgets.suffix // 3), 0))

    def samples(self, file: SourceFile, seed: int, epoch: int, related: Related | None = None) -> Iterator[Sample]:
        """The samples of one file in one epoch: as many as its length asks for, or fewer where nothing can be cut.

        With chunks of other files to choose from, most samples have some before them.
        """
        generator = Random(f"{seed}/{epoch}/{file.path}")
        whole = file.document()
        spans = FileSpans(whole.tree or file.tree())
        for _ in range(max(1, len(file.text) // self._mix.characters_per_sample)):
            sample = self._draw(file, whole, spans, generator, related)
            if sample is not None:
                yield sample

    def _draw(
        self, file: SourceFile, whole: Document, spans: FileSpans, generator: Random, related: Related | None
    ) -> Sample | None:
        if generator.random() < self._mix.left_to_right_share:
            return self._stretch(file, generator)
        kind = generator.choices(list(self._mix.kinds), list(self._mix.kinds.values()))[0]
        span = spans.draw(kind, generator)
        form: Form = "psm" if generator.random() < self._mix.psm_share else self._mix.form
        if span is None or not file.is_new(span.start, span.end):
            return None
        with_context = related is not None and generator.random() < _CONTEXT_SHARE
        is_short = self._mix.short_share > 0 and generator.random() < self._mix.short_share
        windows = self._short if is_short else self._windows
        sample = self._sample(whole, span, form, related if with_context else None, windows)
        return self._with_prefix(sample, generator) if sample and self._mix.prefix_share else sample

    def sample_at(self, file: SourceFile, span: Span, form: Form, related: Related | None = None) -> Sample | None:
        """The sample whose middle is the span; None when that is over the budget or cannot be said in tokens."""
        return self._sample(file.document(), span, form, related, self._windows)

    def _sample(
        self, whole: Document, span: Span, form: Form, related: Related | None, windows: Windows
    ) -> Sample | None:
        middle = as_seen(whole.text[span.start : span.end])
        if not middle and span.kind != "empty":
            return None
        document = edited(whole, Edit(span.start, span.end, ""), whole.version)
        chunks = related.best(document, span.start) if related is not None else ()
        parts = windows.parts(document, span.start, chunks)
        tail = self._tokenizer.decode(parts.tail)
        said = self._tokenizer.encode(tail + middle)
        if "\n" in tail and middle.startswith("\n"):
            return None  # the server begins no second line there (`core/vocabulary.py`)
        if len(said) > self._mix.max_middle_tokens + len(parts.tail) or self._tokenizer.decode(said) != tail + middle:
            return None  # some tokenizers cannot say all that a file can: sentencepiece takes U+2581 for a space
        prompt = self._fim.prompt(replace(parts, tail=()), form)
        silent = len(prompt) + self._given(said, tail)
        ids = (*prompt, *said, self._fim.end_id)
        sample = Sample(ids, (*[IGNORED] * silent, *ids[silent:]), span.kind)
        check_sample(sample, middle, self._fim)
        return sample

    def _with_prefix(self, sample: Sample, generator: Random) -> Sample:
        """The sample with some of what stands before the middle counted, where both are one text."""
        begun = sample.ids.index(self._fim.middle_id) + 1
        drawn = (place >= begun and generator.random() < self._mix.prefix_share for place in range(len(sample.ids)))
        pairs = zip(sample.ids, sample.labels, drawn, strict=True)
        return replace(sample, labels=tuple(index if is_drawn else label for index, label, is_drawn in pairs))

    def _given(self, said: list[int], tail: str) -> int:
        """How many of the first ids say nothing but the tail: the server allows nothing else there."""
        counts = range(len(said), 0, -1) if tail else ()
        return next((count for count in counts if tail.startswith(self._tokenizer.decode(said[:count]))), 0)

    def _stretch(self, file: SourceFile, generator: Random) -> Sample | None:
        line_starts = [0, *(index + 1 for index, letter in enumerate(file.text) if letter == "\n")]
        start = generator.choice(line_starts)
        # Twelve characters a token is more than code ever has, so the cut below is by tokens.
        text = file.text[start : start + 12 * self._mix.max_stretch_tokens]
        ids = self._tokenizer.encode(as_seen(text))
        is_whole = len(ids) <= self._mix.max_stretch_tokens and start + len(text) == len(file.text)
        ids = ids[: self._mix.max_stretch_tokens] + ([self._fim.end_id] if is_whole else [])
        if len(ids) < 2:
            return None
        bos = [] if self._fim.bos_id is None else [self._fim.bos_id]
        # Counting all of them gives most of the gradient to plain code. Over a short run that is what helps: a file's
        # kin are learned from it, and the middles' loss falls further than when only the last tokens count.
        labels = ids if bos else [IGNORED, *ids[1:]]
        return Sample((*bos, *ids), (*[IGNORED] * len(bos), *labels), "left-to-right")


def check_sample(sample: Sample, middle: str, fim: FimFormat) -> None:
    """The gate that every FIM sample passes: it ends with the end token, and its middle in no newline."""
    counted = [label for label in sample.labels if label != IGNORED]
    if counted[-1] != fim.end_id or len(sample.ids) != len(sample.labels):
        raise FinetabError(f"A sample does not end with the end token {fim.end_id}; this is a fault of finetab.")
    if middle.endswith(("\n", "\r")):
        raise FinetabError(f"A middle ends in a newline: {middle[-40:]!r}; this is a fault of finetab.")
