"""What a PEFT technique is to finetab."""

from collections.abc import Mapping
from typing import Any, Protocol

from peft import PeftModel

from finetab.core.models import BaseModel, Quantisation


class Method(Protocol):
    """Puts something trainable onto a base."""

    @property
    def name(self) -> str:
        """What `--method` takes."""
        ...

    @property
    def summary(self) -> str:
        """One sentence: what is trained and saved."""
        ...

    @property
    def quantisation(self) -> Quantisation:
        """What the base's weights must be loaded in."""
        ...

    def options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """All options with their values; raises `BadSetting` for unknown or ill-typed ones."""
        ...

    def apply(self, base: BaseModel, options: Mapping[str, Any]) -> PeftModel:
        """The base with trainable parts on it. Changes the base's modules in place."""
        ...
