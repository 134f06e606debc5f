"""What all tests share: small random models on disk, of three families, with one tokenizer of bytes."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer
from transformers import Gemma3ForCausalLM, Gemma3TextConfig, GPTNeoXConfig, GPTNeoXForCausalLM, LlamaConfig

from transformers import LlamaForCausalLM, PreTrainedModel  # isort: skip

import finetab

SPECIAL = (
    "<|endoftext|>", "<bos>", "<eos>", "<unused0>", "<unused1>", "<unused2>",
    "<issue_start>", "<issue_comment>", "<issue_closed>",
)  # fmt: skip
FAMILIES = ("gpt_neox", "llama", "gemma3_text")
_SIZES: dict[str, Any] = {
    "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 3, "num_attention_heads": 4,
    "max_position_embeddings": 1024,
}  # fmt: skip


def byte_tokenizer() -> Tokenizer:
    """Each byte a token, and the special tokens of all three families."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(BPE(vocab={letter: index for index, letter in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(list(SPECIAL))
    return tokenizer


def word_tokenizer() -> Tokenizer:
    """A tokenizer with three to four characters a token on Python, learned from finetab's own sources."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    texts = (path.read_text("utf-8") for path in sorted(Path(finetab.__file__).parent.rglob("*.py")))
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(texts, BpeTrainer(vocab_size=2_000, initial_alphabet=alphabet, show_progress=False))
    return tokenizer


def random_model(family: str, seed: int = 0) -> PreTrainedModel:
    """A model of a family with random weights, a few thousand parameters a layer."""
    torch.manual_seed(seed)
    vocabulary = 256 + len(SPECIAL)
    if family == "gpt_neox":
        # The real family's matrices are padded to 50432 rows, its sentinels stand among the padding.
        model: PreTrainedModel = GPTNeoXForCausalLM(GPTNeoXConfig(**_SIZES, vocab_size=50_432))
    elif family == "llama":
        model = LlamaForCausalLM(LlamaConfig(**_SIZES, vocab_size=vocabulary, num_key_value_heads=2))
    else:
        model = Gemma3ForCausalLM(
            Gemma3TextConfig(**_SIZES, vocab_size=vocabulary, num_key_value_heads=1, head_dim=16, sliding_window=32,
                             layer_types=["sliding_attention", "full_attention", "sliding_attention"])
        )  # fmt: skip
    with torch.no_grad():
        for weight in model.parameters():
            # Wider than the usual start, so that logits differ and greedy answers are not all alike.
            if weight.dim() > 1:
                weight.normal_(0.0, 0.25)
    model.eval()
    return model


def write_model(folder: Path, family: str, seed: int = 0) -> Path:
    """Save a random model so that finetab can load it by its folder."""
    random_model(family, seed).save_pretrained(folder)
    byte_tokenizer().save(str(folder / "tokenizer.json"))
    return folder


_NAMES = {"gpt_neox": "tiny-redpajama-incite", "llama": "tiny-smollm2", "gemma3_text": "tiny-gemma3"}


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a family's small random model, made once."""
    made: dict[str, Path] = {}

    def folder_of(family: str) -> Path:
        if family not in made:
            made[family] = write_model(tmp_path_factory.mktemp("models") / _NAMES[family], family)
        return made[family]

    return folder_of


@pytest.fixture(scope="session", autouse=True)
def own_data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test, and no server that a test starts, touches what finetab keeps for who runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for kind in ("CONFIG", "DATA", "STATE"):
            patch.setenv(f"XDG_{kind}_HOME", str(tmp_path_factory.mktemp(kind.lower())))
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
        yield


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small folder of Python files to train on and to measure with."""
    return write_project(tmp_path / "project")


def write_project(folder: Path) -> Path:
    """Six Python files, much like one another."""
    folder.mkdir()
    shapes = ("square", "circle", "prism", "cone", "torus", "wedge")
    sides = ("width", "radius", "depth", "angle", "slant", "chord")
    for index, shape in enumerate(shapes):
        lines = [f"def {side}_of_{shape}(width, {other}):\n    {shape}_{side} = width * {other} + len('{side}')\n"
                 f"    return {shape}_{side}\n" for side, other in zip(sides, sides[::-1], strict=True)]  # fmt: skip
        (folder / f"shapes_{index}.py").write_text(f'"""Shapes {shape}."""\n\n' + "\n\n".join(lines), "utf-8")
    return folder


def commit_all(folder: Path, message: str, date: str = "2026-01-01T12:00:00+00:00") -> str:
    """Commit everything in a folder, made a repository first if it is none; gives the commit."""
    git = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    if not (folder / ".git").exists():
        subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
    subprocess.run([*git, "add", "-A"], check=True)
    env = os.environ | {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    subprocess.run([*git, "commit", "-q", "-m", message], check=True, env=env)
    return subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache and data folder, so that a test sees a fresh machine."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path


def read_json(path: Path) -> Any:
    """A JSON file."""
    return json.loads(path.read_text("utf-8"))
