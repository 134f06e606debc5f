"""LoRA and QLoRA: low-rank additions to all linear layers, on full-precision or on 4-bit weights.

Sources: Hu et al. 2021 (arXiv 2106.09685), Dettmers et al. 2023 (arXiv 2305.14314): NF4 with double
quantisation, adapters on every linear layer.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from peft import LoraConfig, PeftModel, get_peft_model

from finetab.core.models import BaseModel, Quantisation
from finetab.errors import BadSetting, near_match
from finetab_training.methods.sentinels import input_embedding_name, prepare_sentinels, use_row_sums


@dataclass(frozen=True, slots=True)
class LoraOptions:
    """`r`: rank of the additions; `alpha`: their scale is alpha / r; `dropout`: of their inputs while training."""

    r: int = 16
    alpha: int = 32
    dropout: float = 0.0


@dataclass(frozen=True, slots=True)
class LoraMethod:
    """See `Method`."""

    name: str
    summary: str
    quantisation: Quantisation

    def options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """See `Method.options`."""
        known = asdict(LoraOptions())
        for key, value in given.items():
            if key not in known:
                raise BadSetting(f'The method {self.name} has no option "{key}"{near_match(key, known)}')
            if key == "dropout" and not (_is_number(value) and 0 <= value < 1):
                raise BadSetting(f"The option dropout must be a number from 0 to below 1, not {value!r}.")
            if key != "dropout" and not (isinstance(value, int) and _is_number(value) and value >= 1):
                raise BadSetting(f"The option {key} must be a whole number from 1, not {value!r}.")
        return known | dict(given)

    def apply(self, base: BaseModel, options: Mapping[str, Any]) -> PeftModel:
        """See `Method.apply`. Sentinel rows are trained as well where the base does not know them."""
        rows = prepare_sentinels(base)
        config = LoraConfig(
            r=options["r"],
            lora_alpha=options["alpha"],
            lora_dropout=options["dropout"],
            target_modules="all-linear",
            bias="none",
            task_type="CAUSAL_LM",
            trainable_token_indices={input_embedding_name(base): rows} if rows else None,
        )
        model: PeftModel = get_peft_model(base.model, config)
        use_row_sums(model)
        return model


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


LORA = LoraMethod("lora", "low-rank additions to all linear layers of the full-precision base", "none")
QLORA = LoraMethod("qlora", "low-rank additions to all linear layers of the base in 4 bits (NF4)", "nf4")
