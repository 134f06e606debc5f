"""Techniques compared: the same rows, holes and tuning budget for each, several seeds, and a report with intervals."""
