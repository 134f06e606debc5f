"""Adapters: where they are kept and how they are put onto a base."""
