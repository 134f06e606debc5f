"""A generation in the words of OpenAI's `/v1/completions`, and of what vLLM, llama.cpp and finetab add to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from finetab.engine.base import NUCLEUS, FinishReason, GenerationRequest

COMPLETIONS, MODELS, HEALTH = "/v1/completions", "/v1/models", "/health"
OWNER = "finetab"
"""`owned_by` of the models that a finetab engine lists, which know of fingerprints and tails."""
_FINISHED: Mapping[str, FinishReason] = {"stop": "end", "length": "length"}


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one event tells of an answer."""

    ids: tuple[int, ...] | None
    """New ids, None from a server that tells the text only."""
    text: str
    logprobs: tuple[float, ...]
    finish_reason: FinishReason | None
    cached_tokens: int | None
    """How much of the prompt the server had evaluated before, where it tells."""


def body_of(
    request: GenerationRequest, prompt: Sequence[int] | str, model: str, user: str, *, is_ours: bool
) -> dict[str, Any]:
    """The JSON that asks for an answer. What a server does not know of it, it passes over."""
    tail = list(request.prompt)[len(request.prompt) - request.tail :]
    body: dict[str, Any] = {
        "model": model,
        "prompt": prompt,
        "max_tokens": request.max_new_tokens,
        "temperature": request.temperature,
        "stream": True,
        "stream_options": {"include_usage": True, "continuous_usage_stats": True},
        "logprobs": 1,
        "min_tokens": 0 if request.may_end(tail) else 1,
        "return_token_ids": True,
        "user": user,
    }
    if request.temperature:
        body |= {"top_p": NUCLEUS, "seed": request.seed}
    if is_ours:
        body |= {"tail": request.tail, **request.leaning.told}
    return body


def read_chunk(event: Mapping[str, Any]) -> Chunk:
    """One event of a stream. Raises `ValueError` where it has another shape."""
    try:
        usage = event.get("usage") or {}
        cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens")
        choices = event.get("choices") or [{}]
        choice = choices[0]
        text = choice.get("text") or ""
        ids, logprobs = _scored(choice)
        if ids is None and not text:
            ids = ()
        finish = choice.get("finish_reason")
        return Chunk(ids, text, logprobs, _FINISHED.get(finish, "end") if finish else None, cached)
    except (AttributeError, KeyError, TypeError, IndexError) as error:
        raise ValueError(f"no completion: {str(event)[:100]}") from error


def _scored(choice: Mapping[str, Any]) -> tuple[tuple[int, ...] | None, tuple[float, ...]]:
    """Ids and log-probabilities: llama.cpp has both in `logprobs.content`, the others in lists of their own."""
    told = choice.get("logprobs") or {}
    if "content" in told:
        content = told["content"] or []
        return tuple(int(item["id"]) for item in content), tuple(float(item["logprob"]) for item in content)
    ids = choice.get("token_ids")
    logprobs = [logprob for logprob in told.get("token_logprobs") or () if logprob is not None]
    return None if ids is None else tuple(map(int, ids)), tuple(map(float, logprobs))
