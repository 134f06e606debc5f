"""What the pages show, read from the disk into plain data. Knows nothing of how it is drawn."""
