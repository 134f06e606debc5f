"""A prefix's loose end, said anew by the model: what it may say there, and what it has said beyond it."""

from collections.abc import Sequence

from finetab.core.tokenizer import Tokenizer
from finetab.core.vocabulary import Ids


class Healing:
    """The tail of one prompt. Without one, everything is allowed and all that is said counts."""

    def __init__(self, tokenizer: Tokenizer, tail: Sequence[int]) -> None:
        self._tokenizer = tokenizer
        self._text = tokenizer.decode(tail)

    def allowed(self, ids: Sequence[int]) -> Ids | None:
        """Which ids may follow: those that go on with the tail, and when it has been said, all (None)."""
        said = len(self._tokenizer.decode(ids)) if self._text else 0
        return self._tokenizer.vocabulary.that_fit(self._text[said:]) if said < len(self._text) else None

    def beyond(self, ids: Sequence[int]) -> str:
        """The text of the ids after the tail."""
        return self._tokenizer.decode(ids)[len(self._text) :]
