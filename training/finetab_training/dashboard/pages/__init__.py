"""The pages. They draw what `reading` finds, and do nothing that a command could not."""
