"""The ways to hold a base's weights: in 8 bits on the CPU, where that is possible, or as transformers does."""

from pathlib import Path
from typing import Literal, TypeAlias

from finetab.adapters.beside import is_plain
from finetab.core.base import Base, read_base, read_config
from finetab.core.device import pick_device
from finetab.core.manifest import Manifest
from finetab.core.passing import in_passing_thread
from finetab.engine.int8.network import Int8Network
from finetab.engine.int8.packing import is_kernel_here
from finetab.engine.int8.shape import why_not
from finetab.engine.network import Network
from finetab.errors import BadSetting
from finetab.settings import Settings

Way: TypeAlias = Literal["int8", "none", "nf4"]


def choose_way(settings: Settings, folder: Path, adapter: Path | None) -> tuple[Way, str]:
    """How the weights of a base's folder are held for these settings and an adapter's folder, and why not in 8 bits.

    Raises `BadSetting` where 8 bits are asked for and cannot be had.
    """
    if settings.quantisation == "nf4":
        return "nf4", "quantisation is nf4"
    if settings.quantisation == "none":
        return "none", "quantisation is none"
    reason = _why_not_int8(settings, folder, adapter)
    if not reason:
        return "int8", ""
    if settings.quantisation == "int8":
        raise BadSetting(f"The weights cannot be held in 8 bits: {reason}. Set quantisation to auto.")
    return "none", reason


def open_network(
    settings: Settings,
    folder: Path,
    way: Way,
    alone: tuple[Path, Manifest] | None,
    *,
    is_cut: bool = False,
    is_bare: bool = True,
) -> tuple[Base, Network]:
    """A base and its network; `alone` is the adapter that its weights are to hold, where there is one.

    `is_cut` is for who decodes by a `LikelyHead`, where there can be one: its rows are kept once more. `is_bare` is
    false for who attaches an adapter at once: some weights then wait for it.
    """
    if way == "int8":
        base = read_base(settings.base)
        likely = base.likely if is_cut else None
        return base, in_passing_thread(Int8Network, folder, base.spelled, likely, is_bare=is_bare)
    from finetab.engine.general import open_general  # what it imports is as large as the weights in 8 bits

    return in_passing_thread(open_general, settings, way, alone)


def _why_not_int8(settings: Settings, folder: Path, adapter: Path | None) -> str:
    device = pick_device(settings.device).type
    if device != "cpu":
        return f"the device is {device}"
    if settings.dtype not in ("auto", "float32"):
        return f"dtype is {settings.dtype}"
    if not is_kernel_here():
        return "torch has no 8-bit kernel for this processor"
    if not any(folder.glob("*.safetensors")):
        return f"{folder} has no safetensors"
    if reason := why_not(read_config(folder)):
        return reason
    if adapter is not None and not is_plain(adapter):
        return f"the adapter in {adapter} is more than LoRA"
    return ""
