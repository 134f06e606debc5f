"""Local statistics: what was offered and what became of it. Nothing leaves the machine."""
