"""finetab serves inline code completion from a base model and an adapter tuned on your own code."""

__version__ = "0.1.0"
