"""GGUF to the safetensors folder that transformers loads in a second: once per model, in half precision.

Reading a GGUF file takes transformers half a minute to a minute, mostly for the vocabulary; so it is done
once. Half precision keeps every value of a 4- to 8-bit file to within 2^-11 of itself.
"""

import json
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any

import torch
from gguf import GGUFReader
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as transformers_logging

from finetab.core.progress import Progress
from finetab.errors import BadFile

# GGUF names a pre-tokenizer; the conversion loses this one, which cuts numbers into digits.
_DIGITS = {"type": "Digits", "individual_digits": True}
_SPLITS_DIGITS = {"smollm", "smollm2"}


def convert(file: Path, folder: Path, progress: Progress) -> None:
    """Write config, weights (float16 safetensors) and tokenizer of a GGUF file into a folder.

    Raises `BadFile` when the file is damaged or of an architecture that transformers cannot read.
    """
    transformers_logging.disable_progress_bar()
    try:
        progress("reading the tokenizer", 0.2)
        tokenizer = AutoTokenizer.from_pretrained(str(file.parent), gguf_file=file.name)
        progress("reading the weights", 0.4)
        with redirect_stderr(StringIO()):  # a bar of its own, which cannot be switched off
            read = AutoModelForCausalLM.from_pretrained(str(file.parent), gguf_file=file.name, dtype=torch.float32)
    except Exception as error:  # the reader raises whatever its parsing met
        raise BadFile(f"{file} could not be read as a GGUF model: {error}") from error
    progress("writing the converted model", 0.85)
    # A model read from GGUF does not save as it stands; a fresh one of the same config does.
    config = type(read.config)(**_plain(read.config.to_dict()))
    fresh = type(read)(config)
    fresh.load_state_dict(read.state_dict())
    fresh.half().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    _mend_tokenizer(file, folder / "tokenizer.json")
    progress("converted", 1.0)


def _plain(config: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key not in ("quantization_config", "_name_or_path")}


def _mend_tokenizer(file: Path, path: Path) -> None:
    field = GGUFReader(file).get_field("tokenizer.ggml.pre")
    if field is None or field.contents() not in _SPLITS_DIGITS:
        return
    raw = json.loads(path.read_text("utf-8"))
    raw["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [_DIGITS, raw["pre_tokenizer"]]}
    path.write_text(json.dumps(raw, ensure_ascii=False), "utf-8")
