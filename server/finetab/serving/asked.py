"""A body sent to `/v1/completions`, read and checked: what is asked for, by whom, and how the answer is wanted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from finetab.completion.missing import Missing, read_missing
from finetab.completion.unwanted import Unwanted, read_unwanted
from finetab.completion.wanted import Wanted, read_wanted
from finetab.core.base import Base
from finetab.errors import BadInput

_KINDS: Mapping[str, tuple[type, ...]] = {
    "model": (str,),
    "prompt": (str, list),
    "max_tokens": (int,),
    "min_tokens": (int,),
    "temperature": (int, float),
    "seed": (int,),
    "stop": (str, list),
    "stream": (bool,),
    "n": (int,),
    "tail": (int,),
    "user": (str,),
    "missing": (dict,),
    "wanted": (dict,),
    "unwanted": (dict,),
}
_DEFAULT_MAX_TOKENS = 16  # OpenAI's
_MAX_TEMPERATURE = 2.0
_MAX_STOPS, _MAX_STOP = 16, 200  # characters
_MAX_TAIL = 16
"""The logits of all of a tail are worked out at once, and each of its ids may take a step."""
_MAX_TOKEN = 16
"""Characters a token: a text that is longer by that measure is too long a prompt, without cutting it into tokens."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. Prompts are ids here, whatever they were."""

    model: str
    prompt: tuple[int, ...]
    max_tokens: int
    min_tokens: int
    temperature: float
    seed: int
    stop: tuple[str, ...]
    is_streamed: bool
    tail: int
    what: Missing | Wanted | None
    not_what: Unwanted | None
    user: str


def read_asked(body: Any, base: Base) -> Asked:
    """Raises `BadInput` with what is wrong; fields that are not known are passed over."""
    if not isinstance(body, dict):
        raise BadInput("The body must be a JSON object.")
    given = {key: value for key, value in body.items() if value is not None}
    for key, kinds in _KINDS.items():
        if key in given and (not isinstance(given[key], kinds) or (bool not in kinds and given[key] is True)):
            raise BadInput(f"{key} must be {' or '.join(kind.__name__ for kind in kinds)}, not {given[key]!r:.80}.")
    prompt = _prompt(given.get("prompt", ""), base)
    max_tokens = given.get("max_tokens", _DEFAULT_MAX_TOKENS)
    _check(max_tokens >= 1, "max_tokens must be 1 or more", max_tokens)
    most = base.context_length
    _check(len(prompt) + max_tokens <= most, f"prompt and max_tokens may be {most} tokens", len(prompt) + max_tokens)
    _check(given.get("n", 1) == 1, "n must be 1", given.get("n"))
    temperature = float(given.get("temperature", 1.0))
    _check(0.0 <= temperature <= _MAX_TEMPERATURE, f"temperature must be 0 to {_MAX_TEMPERATURE}", temperature)
    tail = given.get("tail", 0)
    _check(0 <= tail < len(prompt), "tail must be shorter than the prompt", tail)
    _check(tail <= _MAX_TAIL, f"tail may be {_MAX_TAIL} tokens", tail)
    stop = given.get("stop", ())
    stops = (stop,) if isinstance(stop, str) else tuple(stop)
    are_good = len(stops) <= _MAX_STOPS and all(isinstance(one, str) and 0 < len(one) <= _MAX_STOP for one in stops)
    _check(are_good, f"stop must be up to {_MAX_STOPS} texts of 1 to {_MAX_STOP} characters", stops)
    return Asked(
        model=given.get("model", ""),
        prompt=prompt,
        max_tokens=max_tokens,
        min_tokens=given.get("min_tokens", 0),
        temperature=temperature,
        seed=given.get("seed", 0) % 2**63,
        stop=stops,
        is_streamed=given.get("stream", False),
        tail=tail,
        what=_what(given),
        not_what=read_unwanted(given["unwanted"]) if "unwanted" in given else None,
        user=given.get("user", ""),
    )


def _what(given: Mapping[str, Any]) -> Missing | Wanted | None:
    if "missing" in given:
        return read_missing(given["missing"])
    return read_wanted(given["wanted"]) if "wanted" in given else None


def _prompt(prompt: str | list[Any], base: Base) -> tuple[int, ...]:
    """Ids as they are, and text cut into ids behind the begin token; nothing in a text is a special token."""
    if isinstance(prompt, str):
        most = _MAX_TOKEN * base.context_length
        _check(len(prompt) <= most, f"prompt may be {most} characters", len(prompt))
        start = () if base.fim.bos_id is None else (base.fim.bos_id,)
        return (*start, *base.tokenizer.encode(prompt)) or (base.fim.end_id,)
    ids = tuple(prompt)
    _check(bool(ids), "prompt must not be empty", prompt)
    good = all(type(index) is int and 0 <= index < base.num_logits for index in ids)
    _check(good, f"prompt must be one text or one list of ids from 0 to {base.num_logits - 1}", prompt)
    return ids


def _check(is_good: bool, rule: str, value: Any) -> None:
    if not is_good:
        raise BadInput(f"{rule}, not {value!r:.80}.")
