"""`python -m finetab` is the command line."""

from finetab.cli import main

main()
