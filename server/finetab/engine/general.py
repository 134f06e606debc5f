"""Any model on any device, through transformers and PEFT. Importing it costs seconds and hundreds of megabytes."""

from pathlib import Path

from finetab.adapters.attach import attach
from finetab.core.base import Base
from finetab.core.manifest import Manifest
from finetab.core.models import Quantisation, load_base
from finetab.engine.captured_network import CapturedNetwork
from finetab.engine.network import Network
from finetab.engine.transformers_network import TransformersNetwork
from finetab.settings import Settings


def open_general(
    settings: Settings, quantisation: Quantisation, alone: tuple[Path, Manifest] | None
) -> tuple[Base, Network]:
    """A base and its network; `alone` is the adapter that its weights are to hold, where there is one."""
    base = load_base(settings.base, device=settings.device, dtype=settings.dtype, quantisation=quantisation)
    model = base.model if alone is None else attach(base, *alone)
    return base, CapturedNetwork(model) if base.device.type == "cuda" else TransformersNetwork(model)
