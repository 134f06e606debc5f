"""PEFT techniques, one file each, behind one Protocol."""
