"""The training run: loss, trainer, checkpoints."""
