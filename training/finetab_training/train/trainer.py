"""transformers.Trainer with our loss, our order of rows and a higher learning rate for sentinel rows.

In several processes (`accelerate launch`) each one takes its share of every step's rows; the step is the same.
"""

from typing import Any

import torch
from accelerate import PartialState
from bitsandbytes.optim.adamw import PagedAdamW8bit
from transformers import EarlyStoppingCallback, Trainer, TrainerCallback, TrainingArguments

from finetab.core.device import multiplies_bfloat16
from finetab.core.memory import give_back
from finetab_training.data.fim_samples import IGNORED
from finetab_training.methods.base import Tuned
from finetab_training.runs import Run
from finetab_training.train.callbacks import AfterStep, LookAtTheEnd
from finetab_training.train.cut_head import cut_head
from finetab_training.train.loss import row_loss
from finetab_training.train.processes import from_first, is_sharded
from finetab_training.train.rows import HeldOut, StoredRows, one_row


class RowTrainer(Trainer):
    """Trains on packed rows in the order they come."""

    def __init__(
        self, tuned: Tuned, rows: StoredRows, held_out: HeldOut | None, run: Run, callbacks: list[TrainerCallback]
    ) -> None:
        looks = held_out is not None
        stop_early = [EarlyStoppingCallback(run.config.patience)] if looks and run.config.patience else []
        super().__init__(
            model=tuned.model,
            args=_arguments(run, tuned.model.device, len(rows), looks),
            train_dataset=rows,
            eval_dataset=held_out.rows if held_out else None,
            data_collator=one_row,
            callbacks=[*callbacks, AfterStep(tuned), LookAtTheEnd(looks), *stop_early],
        )
        self._tuned = tuned
        self._config = run.config
        self._control = held_out.control if held_out else None
        self._cut = None if is_sharded() else cut_head(tuned.model, rows.vocabulary())
        # The loss below is a sum divided by the counted positions of the whole step.
        self.model_accepts_loss_kwargs = True

    def compute_loss(
        self, model: Any, inputs: dict[str, torch.Tensor], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """Mean cross entropy over the counted positions of the step that this row belongs to."""
        loss = row_loss(model, inputs["input_ids"], inputs["labels"], inputs["position_ids"], self._cut)
        mean: torch.Tensor = loss / num_items_in_batch
        penalty = self._tuned.penalty() if model.training else None
        if penalty is not None:
            mean = mean + penalty / self._config.rows_per_step
        mean *= self.args.world_size  # the gradients of processes are averaged, not added
        return mean

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """The mean cross entropy over what counts in the held-out rows, `eval_loss`, each row's, `eval_by_row`, and
        that of the same with exchanged suffixes, `eval_control`.
        """
        assert isinstance(self.eval_dataset, StoredRows)
        loss, by_row = self._loss_over(self.eval_dataset)
        self.log({"eval_loss": loss})
        metrics: dict[str, Any] = {"eval_loss": loss, "eval_by_row": by_row}
        if self._control is not None:
            metrics["eval_control"], _ = self._loss_over(self._control)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        give_back()  # what is kept between steps breaks up over hundreds of them
        return metrics

    def _loss_over(self, rows: StoredRows) -> tuple[float, list[float]]:
        assert self.model is not None
        self.model.eval()
        sums, counts = [], []
        with torch.no_grad():
            for index in range(len(rows)):
                row = {name: tensor.to(self.args.device) for name, tensor in rows[index].items()}
                sums.append(float(row_loss(self.model, row["input_ids"], row["labels"], row["position_ids"])))
                counts.append(int((row["labels"][0, 1:] != IGNORED).sum()))
        self.model.train()
        by_row = [total / count for total, count in zip(sums, counts, strict=True)]
        return from_first(sum(sums) / sum(counts)), by_row

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """AdamW in two groups: sentinel rows start from nothing and learn faster than the rest."""
        if self.optimizer is None:
            assert self.model is not None
            named = [(name, weight) for name, weight in self.model.named_parameters() if weight.requires_grad]
            rows = [weight for name, weight in named if "trainable_tokens" in name]
            others = [weight for name, weight in named if "trainable_tokens" not in name]
            groups: list[dict[str, Any]] = [{"params": others, "lr": self._config.learning_rate}]
            if rows:
                groups.append({"params": rows, "lr": self._config.sentinel_learning_rate})
            self.optimizer = _optimiser(self._config.optimiser, self.args.device, groups)
        return self.optimizer


def _optimiser(name: str, device: torch.device, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
    """AdamW; `auto` on CUDA holds its state in 8 bits, and pages it out to the host when memory is short."""
    if name == "paged_adamw_8bit" or (name == "auto" and device.type == "cuda"):
        paged: torch.optim.Optimizer = PagedAdamW8bit(groups, weight_decay=0.0)
        return paged
    return torch.optim.AdamW(groups, weight_decay=0.0)


def _arguments(run: Run, device: torch.device, num_rows: int, looks: bool) -> TrainingArguments:
    config = run.config
    num_steps = config.max_steps or -(-num_rows // config.rows_per_step)
    warmup = int(config.warmup_share * num_steps)  # none in a short run: a warm-up's first step does nothing
    falling = config.decay_steps or num_steps
    arguments = TrainingArguments(
        output_dir=str(run.checkpoints),
        per_device_train_batch_size=1,
        gradient_accumulation_steps=config.rows_per_step // PartialState().num_processes,
        num_train_epochs=1,
        max_steps=config.max_steps or -1,
        learning_rate=config.learning_rate,
        lr_scheduler_type="warmup_stable_decay",
        lr_scheduler_kwargs={"decay_type": "cosine", "num_decay_steps": min(falling, num_steps - warmup)},
        warmup_steps=warmup,
        max_grad_norm=1.0,
        bf16=multiplies_bfloat16(device),
        use_cpu=device.type == "cpu",
        activation_checkpointing=config.gradient_checkpointing,
        train_sampling_strategy="sequential",
        remove_unused_columns=False,
        logging_steps=1,
        save_strategy="steps",
        save_steps=config.save_steps,
        save_total_limit=2,
        eval_strategy="steps" if looks else "no",
        eval_steps=config.save_steps,
        # What the base does in the form that nobody has taught it: the figure to beat. A run that goes on has it.
        eval_on_start=looks and run.last_checkpoint() is None,
        restore_callback_states_from_checkpoint=True,  # how long it has been without a better loss, that is
        load_best_model_at_end=looks,
        metric_for_best_model="eval_loss" if looks else None,
        greater_is_better=False if looks else None,
        seed=config.seed,
        data_seed=config.seed,
        report_to=[],
        disable_tqdm=True,
        dataloader_pin_memory=False,
        average_tokens_across_devices=True,  # the loss of a step is one mean over all that its rows count
        ddp_find_unused_parameters=False,
    )
    arguments._n_gpu = min(1, arguments.n_gpu)  # one process uses one GPU; more of them are for more processes
    return arguments
