"""What goes over the wire: requests in OpenAI's words, and events in three dialects, none of which can do harm."""

from typing import Any

import pytest

from finetab.engine.base import GenerationRequest, Leaning
from finetab.engine.wire import Chunk, body_of, read_chunk


def test_a_greedy_request_says_no_more_than_it_must() -> None:
    body = body_of(GenerationRequest([1, 2, 3], 8, tail=1), [1, 2, 3], "m", "u", is_ours=False)
    assert (body["prompt"], body["max_tokens"], body["temperature"], body["min_tokens"]) == ([1, 2, 3], 8, 0.0, 0)
    assert not {"seed", "top_p", "tail"} & body.keys()


def test_draws_and_tails_are_told_and_an_empty_answer_is_ruled_out() -> None:
    request = GenerationRequest([1, 2, 3], 8, tail=2, temperature=0.7, seed=3, may_end=lambda ids: len(ids) > 2)
    body = body_of(request, [1, 2, 3], "m", "u", is_ours=True)
    assert (body["seed"], body["top_p"], body["tail"], body["min_tokens"]) == (3, 0.95, 2, 1)
    assert {"wanted", "unwanted"}.isdisjoint(body)


def test_what_is_wanted_is_told_to_our_own_engine_only() -> None:
    request = GenerationRequest([1, 2, 3], 8, leaning=Leaning(told={"wanted": {"names": ("a",)}}))
    assert body_of(request, [1, 2, 3], "m", "u", is_ours=True)["wanted"] == {"names": ("a",)}
    assert "wanted" not in body_of(request, [1, 2, 3], "m", "u", is_ours=False)


@pytest.mark.parametrize(
    ("choice", "chunk"),
    [
        (
            {"text": "a", "token_ids": [5], "logprobs": {"token_logprobs": [None, -1]}},
            Chunk((5,), "a", (-1,), None, None),
        ),
        ({"text": "a", "logprobs": {"content": [{"id": 5, "logprob": -1}]}}, Chunk((5,), "a", (-1.0,), None, None)),
        ({"text": "a", "logprobs": None, "finish_reason": "length"}, Chunk(None, "a", (), "length", None)),
        ({"text": "", "finish_reason": "abort"}, Chunk((), "", (), "end", None)),
    ],
)
def test_events_of_all_dialects_are_read(choice: dict[str, Any], chunk: Chunk) -> None:
    assert read_chunk({"choices": [choice]}) == chunk


def test_usage_may_come_alone() -> None:
    usage = {"prompt_tokens_details": {"cached_tokens": 7}}
    assert read_chunk({"choices": [], "usage": usage}) == Chunk((), "", (), None, 7)


@pytest.mark.parametrize(
    "event",
    [
        {"choices": [7]},
        {"choices": [{"token_ids": ["x"]}]},
        {"choices": [{"token_ids": 3}]},
        {"usage": 3},
        {"choices": [{"logprobs": {"content": [{}]}}]},
        {"choices": {"a": 1}},
        {"choices": [{"text": "a", "logprobs": 3}]},
    ],
)
def test_what_is_no_event_is_a_value_error(event: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"completion|literal"):
        read_chunk(event)
