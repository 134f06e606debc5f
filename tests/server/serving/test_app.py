"""The engine's application over real sockets, on a small random model, asked by our own client and by plain HTTP."""

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.server.adapters.real_adapter import make_adapter
from tests.server.engine.http_server import running
from tests.server.serving.open_desk import TEXT, body, desk_of, served

from finetab.completion.healing import Healing
from finetab.completion.leaning import leaning
from finetab.completion.missing import Missing
from finetab.completion.unwanted import Unwanted
from finetab.completion.wanted import Wanted
from finetab.core.base import Base, read_base
from finetab.engine import sampling
from finetab.engine.base import Engine, Generation, GenerationRequest
from finetab.engine.connection import Address, Connection
from finetab.engine.http_engine import HttpEngine
from finetab.engine.int8.network import Int8Network
from finetab.engine.torch_engine import TorchEngine
from finetab.errors import BadSetting
from finetab.serving.app import app_of
from finetab.serving.rate import Rate

WANTED = Wanted(("total",), (), "    ", (4,), 4, is_defined=False)


def ask(
    engine: Engine, base: Base, adapter: str = "", new: int = 12, what: Missing | Wanted | None = None,
    not_what: Unwanted | None = None, text: str = TEXT,
) -> Generation:  # fmt: skip
    prompt = [base.fim.bos_id or 0, *base.tokenizer.encode(text)]
    tail = prompt[-3:]
    healing, lean = Healing(base.tokenizer, tail), leaning(base.tokenizer, tail, what, not_what)
    asked = GenerationRequest(prompt, new, tail=3, adapter=adapter, allowed=healing.allowed, leaning=lean)
    return engine.generate(asked)


def test_the_answer_over_http_is_the_one_in_process_tail_and_all(base: Base, tmp_path: Path) -> None:
    adapter = make_adapter(base.folder, tmp_path / "mine", seed=1)
    network = Int8Network(base.folder, base.spelled)
    network.attach("mine", adapter)
    with (
        desk_of(base) as desk,
        running(app_of(desk)) as url,
        closing(TorchEngine(network, base.fim.end_id, base.never_sampled)) as here,
        closing(HttpEngine(Connection(Address(url)), base)) as there,
    ):
        for mine, theirs in (("", ""), ("mine", str(adapter))):
            expected, found = ask(here, base, mine), ask(there, base, theirs)
            assert (found.ids, found.finish_reason) == (expected.ids, expected.finish_reason)
            # Where an adapter is alone, the base is what 8 bits hold of both, without it.
            assert found.mean_logprob == pytest.approx(expected.mean_logprob, abs=5e-3)
        assert ask(here, base).mean_logprob != pytest.approx(ask(here, base, "mine").mean_logprob, abs=1e-5)
        assert ask(there, base).reused_tokens > len(TEXT) - 6


def test_what_is_wanted_and_what_is_not_is_known_behind_the_wire_as_here(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "LEAN", 100.0)  # random words know nothing of a name
    with (
        desk_of(base) as desk,
        running(app_of(desk)) as url,
        closing(TorchEngine(Int8Network(base.folder, base.spelled), base.fim.end_id, base.never_sampled)) as here,
        closing(HttpEngine(Connection(Address(url)), base)) as there,
    ):
        found = [ask(engine, base, what=WANTED, text="def f(x):\n    ") for engine in (here, there)]
        assert found[0].ids == found[1].ids
        assert base.tokenizer.decode(found[0].ids).startswith("   total")
        lacks = Missing(("import json",), {}, ("json",), False, "", 0)
        found = [ask(engine, base, what=lacks, text="import os\n") for engine in (here, there)]
        assert found[0].ids == found[1].ids
        assert base.tokenizer.decode(found[0].ids)[3:].startswith("import js")
        plain = base.tokenizer.decode(ask(here, base, text="def f(x):\n    ").ids)[3:]
        never = Unwanted((plain[0],), (), -1, "    ")
        found = [ask(engine, base, not_what=never, text="def f(x):\n    ") for engine in (here, there)]
        assert found[0].ids == found[1].ids
        assert base.tokenizer.decode(found[0].ids)[3:4] != plain[0]


def test_an_answer_in_one_piece_is_the_streamed_one(base: Base) -> None:
    with desk_of(base) as desk, served(desk) as client:
        whole = client.post("/v1/completions", json=body()).json()["choices"][0]
        with client.stream("POST", "/v1/completions", json=body(stream=True)) as reply:
            lines = [line for line in reply.iter_lines() if line.startswith("data: ")]
    assert lines.pop() == "data: [DONE]"
    choices = [json.loads(line.removeprefix("data: "))["choices"][0] for line in lines]
    assert "".join(choice["text"] for choice in choices) == whole["text"]
    assert [index for choice in choices for index in choice["token_ids"]] == whole["token_ids"]
    assert [choice["finish_reason"] for choice in choices] == [None] * 6 + ["length"]
    assert len(whole["logprobs"]["token_logprobs"]) == 6


def test_a_stop_text_ends_the_answer_before_it(base: Base) -> None:
    with desk_of(base) as desk, served(desk) as client:
        whole = client.post("/v1/completions", json=body(max_tokens=20)).json()["choices"][0]["text"]
        choice = client.post("/v1/completions", json=body(max_tokens=20, stop=[whole[4:6]])).json()["choices"][0]
    assert choice["text"] == whole[: whole.index(whole[4:6])]
    assert choice["finish_reason"] == "stop"


def test_each_client_keeps_its_own_prompts(base: Base) -> None:
    def cached(client: httpx2.Client, user: str, text: str) -> int:
        reply = client.post("/v1/completions", json=body(prompt=text, user=user)).json()
        return int(reply["usage"]["prompt_tokens_details"]["cached_tokens"])

    with desk_of(base) as desk, served(desk) as client:
        assert cached(client, "a", TEXT) == 0
        for index in range(5):
            cached(client, "b", f"{index}{index} other text {index}" * 5)
        assert cached(client, "a", TEXT + "t") == len(TEXT) + 1
        assert cached(client, "c", TEXT) == 0


@pytest.mark.parametrize(
    ("wrong", "status", "words"),
    [
        ({"prompt": []}, 400, "must not be empty"),
        ({"prompt": [10**6]}, 400, "ids from 0 to"),
        ({"prompt": ["a", "b"]}, 400, "one text or one list of ids"),
        ({"prompt": "x" * 2000}, 400, "may be 1024 tokens"),
        ({"max_tokens": 0}, 400, "1 or more, not 0"),
        ({"max_tokens": True}, 400, "must be int, not True"),
        ({"temperature": 9}, 400, "0 to 2.0, not 9.0"),
        ({"n": 3}, 400, "n must be 1, not 3"),
        ({"tail": 99}, 400, "tail must be shorter"),
        ({"prompt": [7] * 40, "tail": 17}, 400, "tail may be 16 tokens, not 17"),
        ({"prompt": "x" * 20_000}, 400, "may be 16384 characters, not 20000"),
        ({"stop": [""]}, 400, "stop must be up to 16 texts"),
        ({"stop": ["x" * 201]}, 400, "of 1 to 200 characters"),
        ({"model": "nobody"}, 404, 'no adapter "nobody"'),
        ({"wanted": {"names": ["a"]}}, 400, "wanted must have names, called, left"),
        ({"wanted": {**asdict(WANTED), "names": ["a b"]}}, 400, "6 identifiers of up to 200 letters, not ['a b']"),
        ({"wanted": {**asdict(WANTED), "names": ["a"] * 7}}, 400, "6 identifiers"),
        ({"wanted": {**asdict(WANTED), "left": 3}}, 400, "wanted must have"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_a_sentence(
    wrong: Mapping[str, Any], status: int, words: str, base: Base
) -> None:
    with desk_of(base) as desk, served(desk) as client:
        for is_streamed in (False, True):
            reply = client.post("/v1/completions", json=body(stream=is_streamed, **wrong))
            assert reply.status_code == status
            assert words in reply.json()["error"]["message"]
        assert client.get("/health").json() == {"status": "ok"}


@pytest.mark.parametrize("content", [b"", b"[1]", b"{", b"[" * 100_000, b"\xff"])
def test_bodies_that_are_none_are_refused(content: bytes, base: Base) -> None:
    with desk_of(base) as desk, served(desk) as client:
        headers = {"content-type": "application/json"}
        assert client.post("/v1/completions", content=content, headers=headers).status_code == 400
        assert client.post("/v1/completions", content=b"{}").status_code == 415
        assert client.post("/v1/completions", content=b" " * 3_000_000, headers=headers).status_code == 413


def test_without_the_right_token_there_is_nothing_but_health(base: Base) -> None:
    hashes = {"alice": hashlib.sha256(b"secret").hexdigest()}
    with desk_of(base, hashes=hashes) as desk, served(desk) as client:
        for headers in ({}, {"Authorization": "Bearer guess"}, {"Authorization": "secret"}):
            assert client.post("/v1/completions", json=body(), headers=headers).status_code == 401
            assert client.get("/v1/models", headers=headers).status_code == 401
            assert client.get("/metrics", headers=headers).status_code == 401
        assert client.get("/health").status_code == 200
        right = {"Authorization": "Bearer secret"}
        assert client.post("/v1/completions", json=body(), headers=right).status_code == 200


def test_who_asks_too_often_is_told_when_to_come_back(base: Base) -> None:
    with desk_of(base, rate=Rate(0.5, 2)) as desk, served(desk) as client:
        assert [client.post("/v1/completions", json=body()).status_code for _ in range(3)] == [200, 200, 429]
        assert int(client.post("/v1/completions", json=body()).headers["retry-after"]) > 0  # whole seconds


def test_the_models_are_listed_so_that_clients_can_tell_the_base(base: Base, tiny: Callable[[str], Path]) -> None:
    with desk_of(base) as desk, running(app_of(desk)) as url:
        with httpx2.Client(base_url=url) as client:
            (listed,) = client.get("/v1/models").json()["data"]
        assert (listed["id"], listed["owned_by"], listed["max_model_len"]) == (base.name, "finetab", 1024)
        other = read_base(str(tiny("llama")))
        with closing(HttpEngine(Connection(Address(url)), other)) as engine, pytest.raises(BadSetting, match="weights"):
            engine.check()


def test_without_tokens_a_port_is_open_to_who_means_this_machine(base: Base) -> None:
    with desk_of(base, any_folder=False) as desk, served(desk) as client:
        assert client.get("/v1/models").status_code == 200
        for host in ("a.page.example", "a.page.example:8765", "127.0.0.1.example", ""):
            answer = client.get("/v1/models", headers={"host": host})
            assert answer.status_code in (400, 403), host
        assert client.get("/v1/models", headers={"host": "localhost:8765"}).status_code == 200
