"""A real llama.cpp server, where there is one on the PATH: our prompts go in as ids, and ids and certainty come out."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from tests.training.test_gguf_file import write

from finetab.core.base import Base, read_base
from finetab.core.fim import Parts
from finetab.core.models import load_base
from finetab.engine.base import GenerationRequest
from finetab.engine.connection import Address, Connection
from finetab.engine.http_engine import HttpEngine
from finetab.engine.torch_engine import TorchEngine
from finetab.engine.transformers_network import TransformersNetwork
from finetab.errors import BadSetting, EngineAway
from finetab_training.export import export_gguf

SERVER = shutil.which("llama-server")
pytestmark = pytest.mark.skipif(SERVER is None, reason="there is no llama-server on the PATH")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("models") / "tiny-smollm2", "llama")


@pytest.fixture(scope="module")
def base(folder: Path) -> Base:
    return read_base(str(folder))


@pytest.fixture(scope="module")
def engine(folder: Path, base: Base) -> Iterator[HttpEngine]:
    file = export_gguf(folder, folder.with_name("model.gguf"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(SERVER), "-m", str(file), "--port", str(port), "-c", "2048", "--api-key", "secret"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    found = HttpEngine(Connection(Address(f"http://127.0.0.1:{port}", lambda: "secret")), base)
    try:
        while process.poll() is None:
            try:
                found.check()
                break
            except EngineAway:
                time.sleep(0.1)
        yield found
    finally:
        found.close()
        process.kill()
        process.wait()


def prompt_of(base: Base) -> list[int]:
    """In the form that an untuned base is asked in."""
    return base.fim.prompt(
        Parts((), tuple(base.tokenizer.encode("def area(width, height):\n    return ")), ()), "prefix"
    )


def test_it_says_what_we_say(engine: HttpEngine, base: Base, folder: Path) -> None:
    network = TransformersNetwork(load_base(str(folder)).model)
    with closing(TorchEngine(network, base.fim.end_id, [])) as here:
        expected = here.generate(GenerationRequest(prompt_of(base), 4))
    found = engine.generate(GenerationRequest(prompt_of(base), 4))
    assert found.ids == expected.ids
    assert found.mean_logprob == pytest.approx(expected.mean_logprob, abs=0.05)


def test_the_stop_rule_and_a_cancellation_end_an_answer(engine: HttpEngine, base: Base) -> None:
    stopped = engine.generate(GenerationRequest(prompt_of(base), 200, should_stop=lambda ids: len(ids) == 3))
    assert (len(stopped.ids), stopped.finish_reason) == (3, "stop")
    seen: list[int] = []

    def note(ids: Sequence[int]) -> bool:
        seen.append(len(ids))
        return False

    request = GenerationRequest(prompt_of(base), 60, should_stop=note, is_cancelled=lambda: len(seen) > 3)
    assert engine.generate(request).finish_reason == "cancelled"


def test_an_adapter_that_it_does_not_serve_is_told(engine: HttpEngine, base: Base) -> None:
    with pytest.raises(BadSetting, match='serves no model "mine"'):
        engine.generate(GenerationRequest(prompt_of(base), 4, adapter="mine"))
