"""Who is served when, over real sockets: many users at once, those who leave, and what is counted of them."""

import hashlib
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from tests.server.serving.open_desk import body, desk_of, served

from finetab.core.base import Base
from finetab.engine.base import Generation, GenerationRequest
from finetab.engine.scripted import ScriptedEngine
from finetab.serving.desk import MOST_EACH, MOST_OF_OWNER


def test_a_users_backlog_is_refused_and_leaves_the_others_alone(base: Base) -> None:
    codes: list[int] = []

    def run(client: httpx2.Client) -> None:
        codes.append(client.post("/v1/completions", json=body(user="batch")).status_code)

    with desk_of(base, lambda: ScriptedEngine(lambda _prompt: [65] * 6, 0.05)) as desk, served(desk) as client:
        threads = [threading.Thread(target=run, args=(client,)) for _ in range(2 * MOST_EACH)]
        for thread in threads:
            thread.start()
        while desk.num_running < MOST_EACH:
            time.sleep(0.001)
        assert client.post("/v1/completions", json=body(user="typist")).status_code == 200
        for thread in threads:
            thread.join()
        assert codes.count(200) >= MOST_EACH
        assert codes.count(429) == len(codes) - codes.count(200) > 0
        assert client.post("/v1/completions", json=body(user="batch")).status_code == 200


def test_one_token_leaves_room_for_the_others_whatever_users_it_names(base: Base) -> None:
    hashes = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("alice", "bob")}
    gate = threading.Event()

    class Held(ScriptedEngine):
        def generate(self, request: GenerationRequest) -> Generation:
            gate.wait(20)
            return super().generate(request)

    def post(client: httpx2.Client, owner: str, user: str) -> int:
        headers = {"Authorization": f"Bearer {owner}"}
        return client.post("/v1/completions", json=body(user=user), headers=headers).status_code

    with (
        desk_of(base, lambda: Held(lambda _prompt: [65]), hashes=hashes) as desk,
        served(desk) as client,
        ThreadPoolExecutor(MOST_OF_OWNER + 1) as pool,
    ):
        many = [pool.submit(post, client, "alice", f"window {number}") for number in range(MOST_OF_OWNER)]
        while desk.num_running < MOST_OF_OWNER:
            time.sleep(0.001)
        assert post(client, "alice", "one more") == 429
        other = pool.submit(post, client, "bob", "")
        while desk.num_running <= MOST_OF_OWNER:
            time.sleep(0.001)
        gate.set()
        assert other.result() == 200
        assert {one.result() for one in many} == {200}


def test_what_is_left_before_its_turn_is_not_begun_and_no_longer_counted(base: Base) -> None:
    gate, begun = threading.Event(), threading.Semaphore(0)

    class Held(ScriptedEngine):
        def generate(self, request: GenerationRequest) -> Generation:
            begun.release()
            gate.wait(20)
            return super().generate(request)

    def post(client: httpx2.Client, user: str) -> int:
        return client.post("/v1/completions", json=body(user=user)).status_code

    room = 2
    with (
        desk_of(base, lambda: Held(lambda _prompt: [65]), _pool=ThreadPoolExecutor(room)) as desk,
        served(desk) as client,
    ):
        with ThreadPoolExecutor(room) as pool:
            full = [pool.submit(post, client, str(number)) for number in range(room)]
            for _ in full:
                begun.acquire()
            with pytest.raises(httpx2.ReadTimeout):
                client.post("/v1/completions", json=body(), timeout=httpx2.Timeout(0.1))
            until = time.monotonic() + 5
            while desk.num_running > room:
                assert time.monotonic() < until
                time.sleep(0.005)
            gate.set()
            assert {one.result() for one in full} == {200}
        assert not begun.acquire(blocking=False)


def test_a_client_that_vanishes_frees_its_place_within_a_step(base: Base) -> None:
    steps: list[float] = []

    def script(prompt: Any) -> list[int]:
        return [65] * 500

    class Slow(ScriptedEngine):
        def generate(self, request: GenerationRequest) -> Generation:
            def rule(ids: Sequence[int]) -> bool:
                steps.append(time.monotonic())
                return request.should_stop(ids)

            return super().generate(replace(request, should_stop=rule))

    with desk_of(base, lambda: Slow(script, 0.02)) as desk, served(desk) as client:
        for is_streamed in (True, False):
            steps.clear()
            with pytest.raises(httpx2.ReadTimeout):
                client.post(
                    "/v1/completions", json=body(max_tokens=400, stream=is_streamed), timeout=httpx2.Timeout(0.005)
                )
            gone = time.monotonic()
            while desk.num_running:
                assert time.monotonic() - gone < 2.0
                time.sleep(0.005)
            assert len(steps) < 60
        assert client.post("/v1/completions", json=body()).status_code == 200


def test_several_answers_go_on_at_once_and_a_short_one_does_not_wait_for_a_long_one(base: Base) -> None:
    ended: list[str] = []

    def run(client: httpx2.Client, user: str, new: int) -> None:
        reply = client.post("/v1/completions", json=body(user=user, max_tokens=new, min_tokens=1))
        assert reply.status_code == 200
        ended.append(user)

    with desk_of(base) as desk, served(desk) as client:
        run(client, "warm", 1)
        long = threading.Thread(target=run, args=(client, "long", 400))
        long.start()
        while not desk.num_running:
            time.sleep(0.001)
        run(client, "short", 3)
        long.join()
    assert ended == ["warm", "short", "long"]


def test_metrics_count_requests_and_tokens_and_hold_no_text(base: Base) -> None:
    with desk_of(base) as desk, served(desk) as client:
        for _ in range(2):
            client.post("/v1/completions", json=body())
        client.post("/v1/completions", json=body(model="nobody"))
        text = client.get("/metrics").text
    for line in (
        'finetab_requests_total{outcome="length"} 2.0',
        'finetab_requests_total{outcome="refused"} 1.0',
        'finetab_tokens_total{kind="generated"} 12.0',
        "finetab_clients 1.0",
        "finetab_running 0.0",
    ):
        assert line in text
    assert "area" not in text


def test_the_time_to_the_first_id_counts_what_a_request_waits_for_others(base: Base) -> None:
    seconds = 0.1
    with desk_of(base, lambda: ScriptedEngine(lambda _prompt: [65], seconds)) as desk, served(desk) as client:
        with ThreadPoolExecutor(2) as pool:
            for _ in range(2):
                pool.submit(client.post, "/v1/completions", json=body())
        waited = desk.metrics.registry.get_sample_value("finetab_first_token_seconds_sum")
    assert waited is not None
    assert waited >= seconds / 2  # the second one's, whose answer begins where the first one's ends
