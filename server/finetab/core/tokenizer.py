"""Text to token ids and back, with special-token parsing off: text that spells a sentinel stays text."""

from collections.abc import Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import tokenizers

from finetab.core.vocabulary import Vocabulary
from finetab.errors import BadFile

FILE_NAME = "tokenizer.json"
_MAX_LOOSE_IDS = 4
_PART_OF_A_CHARACTER = "\ufffd"
_WORD = "▁a"  # a word with the space before it, as sentencepiece writes it
_BYTES = [f"<0x{byte:02X}>" for byte in range(256)]  # sentencepiece's way to spell what it has no token for


class Tokenizer:
    """A `tokenizer.json`, read without its template and without its special tokens.

    `ids_of_special` gives the ids of control tokens by their spelling; they never come out of `encode`.
    """

    def __init__(self, backend: tokenizers.Tokenizer) -> None:
        backend.encode_special_tokens = True
        backend.no_truncation()
        backend.no_padding()
        self._backend = backend
        # Some decoders drop the space that begins a text: it is put behind a line break, which stays a token apart.
        word = backend.token_to_id(_WORD)
        drops_a_space = word is not None and not backend.decode([word]).startswith(" ")
        self._lead = list(backend.encode("\n", add_special_tokens=False).ids) if drops_a_space else []
        self.ids_of_special = {
            token.content: index for index, token in backend.get_added_tokens_decoder().items() if token.special
        }
        self.size = max(backend.get_vocab(with_added_tokens=True).values()) + 1
        """One more than the highest id that stands for text."""

    @classmethod
    def load(cls, folder: Path) -> "Tokenizer":
        """Read `tokenizer.json` of a model folder; `BadFile` where there is none or it is damaged."""
        path = folder / FILE_NAME
        if not path.is_file():
            raise BadFile(f"{folder} holds no tokenizer.json, so it is not a model that finetab can use.")
        try:
            return cls(tokenizers.Tokenizer.from_file(str(path)))
        except Exception as error:  # the library raises a bare Exception for every fault in the file
            raise BadFile(f"{path} is not a readable tokenizer: {error}.") from error

    def encode(self, text: str) -> list[int]:
        """The ids of a text, no special token among them. A lone surrogate becomes a replacement character."""
        clean = text.encode("utf-8", "replace").decode("utf-8")
        lead = "\n" if self._lead else ""
        return list(self._backend.encode(lead + clean, add_special_tokens=False).ids[len(self._lead) :])

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids; bytes that do not make up a whole character yet become U+FFFD."""
        text = str(self._backend.decode([*self._lead, *ids], skip_special_tokens=False))
        return text[1:] if self._lead else text

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """What each id spells. Slow when first asked for: a second for 262,144 tokens."""
        alone = [[*self._lead, index] for index in range(self.size)]
        spelled = self._backend.decode_batch(alone, skip_special_tokens=False)
        spelled = [text[1:] for text in spelled] if self._lead else spelled
        for index in (*self.ids_of_special.values(), *map(self.id_of, _BYTES)):
            if index is not None:
                spelled[index] = ""
        return Vocabulary(["" if _PART_OF_A_CHARACTER in text else text for text in spelled])

    def loose_end(self, ids: Sequence[int]) -> int:
        """How many of the last ids spell the beginning of one longer token; 0 where the text is cut well.

        One id at least is left: the model has to go on from something.
        """
        most = min(_MAX_LOOSE_IDS, len(ids) - 1)
        return next((count for count in range(most, 0, -1) if self._is_loose(ids, count)), 0)

    def _is_loose(self, ids: Sequence[int], count: int) -> bool:
        end = self.decode(ids[-count:])
        # Some tokenizers spell a token otherwise after another one than alone; such an end is left as it is.
        return self.vocabulary.is_loose(end) and self.decode(ids[:-count]) + end == self.decode(ids)

    def id_of(self, spelling: str) -> int | None:
        """The id of one token by its exact spelling, special or not."""
        found: int | None = self._backend.token_to_id(spelling)
        return found

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the tokenizer's serialisation, half a second's work: equal exactly when it cuts texts alike."""
        return sha256(self._backend.to_str().encode()).hexdigest()
