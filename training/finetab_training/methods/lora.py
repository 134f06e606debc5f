"""LoRA and QLoRA: low-rank additions to all linear layers, on full-precision or on 4-bit weights.

Sources: Hu et al. 2021 (arXiv 2106.09685), Dettmers et al. 2023 (arXiv 2305.14314): NF4 with double
quantisation, adapters on every linear layer.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
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
        kinds = {item.name: item.type for item in fields(LoraOptions)}
        for key, value in given.items():
            if key not in kinds:
                raise BadSetting(f'The method {self.name} has no option "{key}"{near_match(key, kinds)}')
            if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                raise BadSetting(f"The option {key} must be a number from 0, not {value!r}.")
        options = asdict(LoraOptions(**given))
        if options["r"] < 1:
            raise BadSetting(f"The option r must be at least 1, not {options['r']}.")
        return options

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


LORA = LoraMethod("lora", "low-rank additions to all linear layers of the full-precision base", "none")
QLORA = LoraMethod("qlora", "low-rank additions to all linear layers of the base in 4 bits (NF4)", "nf4")
