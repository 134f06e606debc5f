"""finetab_training tunes adapters for fill-in-the-middle completion and measures them through the serving pipeline."""
