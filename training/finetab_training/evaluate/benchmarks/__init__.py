"""Public benchmarks as holes, one file each, and the table of their names."""
