"""transformers.Trainer with our loss, our order of rows and a higher learning rate for sentinel rows."""

import signal
import threading
from types import FrameType
from typing import Any

import psutil
import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from transformers import (
    EarlyStoppingCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from finetab_training.data.fim_samples import IGNORED
from finetab_training.methods.base import Tuned
from finetab_training.runs import Run
from finetab_training.train.loss import row_loss
from finetab_training.train.rows import StoredRows, one_row


class RowTrainer(Trainer):
    """Trains on packed rows in the order they come."""

    def __init__(
        self, tuned: Tuned, rows: StoredRows, held_out: StoredRows | None, run: Run, callbacks: list[TrainerCallback]
    ) -> None:
        looks = held_out is not None
        stop_early = [EarlyStoppingCallback(run.config.patience)] if looks and run.config.patience else []
        super().__init__(
            model=tuned.model,
            args=_arguments(run, tuned.model.device, looks),
            train_dataset=rows,
            eval_dataset=held_out,
            data_collator=one_row,
            callbacks=[*callbacks, AfterStep(tuned), LookAtTheEnd(looks), *stop_early],
        )
        self._tuned = tuned
        self._run, self._config = run, run.config
        # The loss below is a sum divided by the counted positions of the whole step.
        self.model_accepts_loss_kwargs = True

    def compute_loss(
        self, model: Any, inputs: dict[str, torch.Tensor], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """Mean cross entropy over the counted positions of the step that this row belongs to."""
        loss = row_loss(model, inputs["input_ids"], inputs["labels"], inputs["position_ids"])
        mean: torch.Tensor = loss / num_items_in_batch
        penalty = self._tuned.penalty() if model.training else None
        return mean if penalty is None else mean + penalty / self._config.rows_per_step

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """The mean cross entropy over all counted positions of the held-out rows, as `eval_loss`."""
        assert isinstance(self.eval_dataset, StoredRows)
        assert self.model is not None
        self.model.eval()
        sums, counts = [], []
        with torch.no_grad():
            for index in range(len(self.eval_dataset)):
                row = {name: tensor.to(self.args.device) for name, tensor in self.eval_dataset[index].items()}
                sums.append(float(row_loss(self.model, row["input_ids"], row["labels"], row["position_ids"])))
                counts.append(int((row["labels"][0, 1:] != IGNORED).sum()))
        self.model.train()
        loss = sum(sums) / sum(counts)
        by_row = [total / count for total, count in zip(sums, counts, strict=True)]
        self._run.log({"step": self.state.global_step, "held_out_loss": loss, "held_out_by_row": by_row})
        metrics = {"eval_loss": loss}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

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
            self.optimizer = torch.optim.AdamW(groups, weight_decay=0.0)
        return self.optimizer


def _arguments(run: Run, device: torch.device, looks: bool) -> TrainingArguments:
    config = run.config
    return TrainingArguments(
        output_dir=str(run.checkpoints),
        per_device_train_batch_size=1,
        gradient_accumulation_steps=config.rows_per_step,
        num_train_epochs=1,
        max_steps=config.max_steps or -1,
        learning_rate=config.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=config.warmup_share,
        max_grad_norm=1.0,
        bf16=device.type == "cuda" and torch.cuda.is_bf16_supported(),
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
        eval_on_start=looks,  # what the base does in the form that nobody has taught it: the figure to beat
        load_best_model_at_end=looks,
        metric_for_best_model="eval_loss" if looks else None,
        greater_is_better=False if looks else None,
        seed=config.seed,
        data_seed=config.seed,
        report_to=[],
        disable_tqdm=True,
        dataloader_pin_memory=False,
    )


class AfterStep(TrainerCallback):
    """Lets a technique move its ranks, while the gradients of the step are still there."""

    def __init__(self, tuned: Tuned) -> None:
        self._tuned = tuned

    def on_optimizer_step(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Called after the optimiser's step; `global_step` still counts the steps before it."""
        self._tuned.after_step(state.global_step + 1)


class LookAtTheEnd(TrainerCallback):
    """Takes the last step into the choice of the best one, wherever it falls."""

    def __init__(self, looks: bool) -> None:
        self._looks = looks

    def on_step_end(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Ask for a look and a checkpoint."""
        if self._looks and state.global_step == state.max_steps:
            control.should_evaluate = control.should_save = True


def _memory_gb() -> float:
    """Memory in use, in GB: the most so far on a GPU, else this process's own now."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 1e9
    return float(psutil.Process().memory_info().rss) / 1e9


class ProgressBar(TrainerCallback):
    """Steps, loss, tokens a second and time left on the terminal; the same figures into the run's metrics."""

    def __init__(self, run: Run, rows: StoredRows, console: Console) -> None:
        self._run = run
        self._per_step = run.config.rows_per_step
        self._lengths = rows.lengths
        self._bar = Progress(
            TextColumn("training"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(), console=console,
        )  # fmt: skip
        self._tokens = 0

    def on_train_begin(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Draw the bar, from the step a resumed run starts at."""
        self._task = self._bar.add_task("", total=state.max_steps, completed=state.global_step, figures="")
        self._bar.start()

    def on_log(
        self, args: Any, state: TrainerState, control: TrainerControl, logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        """Show and keep one step's figures."""
        if not logs or "loss" not in logs:
            return
        step = state.global_step
        tokens = sum(self._lengths[(step - 1) * self._per_step : step * self._per_step])
        self._tokens += tokens
        elapsed = self._bar.tasks[self._task].elapsed or 1e-9
        memory = _memory_gb()
        figures = f"loss {logs['loss']:.3f} · {self._tokens / elapsed:,.0f} tokens/s · {memory:.1f} GB"
        self._bar.update(self._task, completed=step, figures=figures)
        kept = {"loss": logs["loss"], "learning_rate": logs["learning_rate"], "tokens": tokens}
        self._run.log({"step": step, **kept, "memory_gb": round(memory, 3)})

    def on_evaluate(
        self, args: Any, state: TrainerState, control: TrainerControl, metrics: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        """Say the held-out loss."""
        loss = (metrics or {})["eval_loss"]
        self._bar.console.print(f"step {state.global_step}: held-out loss {loss:.4f}", highlight=False)

    def on_train_end(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Leave the bar as it is."""
        self._bar.stop()


class StopOnInterrupt(TrainerCallback):
    """Ctrl-C ends the run after the step in hand, with a checkpoint; a second one ends it at once."""

    def __init__(self) -> None:
        self.was_interrupted = False
        self._before: Any = None

    def on_train_begin(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Take over the signal, where this thread may."""
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._interrupt)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self.was_interrupted = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def on_step_end(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Ask the trainer for a checkpoint and the end."""
        if self.was_interrupted:
            control.should_save = True
            control.should_training_stop = True

    def on_train_end(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Give the signal back."""
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
