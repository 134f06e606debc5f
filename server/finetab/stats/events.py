"""The nouns of the statistics: an offer, something that became of it, and both together as they are kept.

None of them holds any text, path or name of a document or folder.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Happening: TypeAlias = Literal[
    "shown", "accepted", "partly", "typed", "rejected", "retained_30", "retained_120", "retained_300", "retained_600"
]
"""What can become of an offer; the columns of the same names say the same.

`shown`: it was on screen for as long as it takes to read it; `accepted`, `partly`: taken by the editor's command,
whole or the first part, in characters; `typed`: the user typed it all by hand, so that it was right but saved
nothing; `rejected`: the editor said so; `retained_…`: how much of what was taken is still there after so many
seconds, from 0 to 1.
"""

RETAINED: Mapping[int, Happening] = {
    30: "retained_30",
    120: "retained_120",
    300: "retained_300",
    600: "retained_600",
}
"""The seconds after which is looked at what is left of accepted text."""

WORKED_OUT = frozenset({"answered", "taken over"})
"""The `why` of an answer that the model was asked for; every other one came from memory."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One answer to one request."""

    id: str
    continues: str
    """The id of the offer that was on screen already and of which this one is what was left; "" for a new one."""
    time: float
    """Seconds since 1970."""
    language: str
    base: str
    adapter: str
    """Name and version, or `base`."""
    characters: int
    lines: int
    why: str
    """How the answer came about: see `finetab.completion.request.Why`."""
    is_explicit: bool
    """Whether the user asked for it."""
    total_ms: float
    """From the request's arrival to its answer."""
    prefill_ms: float | None = None
    decode_ms: float | None = None
    folder: str = ""
    """The mark of the workspace's folder that it was answered for; "" where there is none, or it was not kept yet."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Something that became of an offer. Told twice, the greater value counts."""

    offer_id: str
    what: Happening
    value: float = 1.0


Record: TypeAlias = Offer | Outcome


@dataclass(frozen=True, slots=True)
class Fate:
    """All that became of an offer; None for what did not happen or is not known."""

    shown: float | None = None
    accepted: float | None = None
    partly: float | None = None
    typed: float | None = None
    rejected: float | None = None
    retained_30: float | None = None
    retained_120: float | None = None
    retained_300: float | None = None
    retained_600: float | None = None


Row: TypeAlias = tuple[Offer, Fate]
