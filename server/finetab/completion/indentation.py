"""How far in a line begins."""

_TAB = 4  # columns


def indentation(line: str) -> int:
    """Columns of blank space that a line begins with, a tab to the next fourth one; all of a blank line's."""
    expanded = line.expandtabs(_TAB)
    return len(expanded) - len(expanded.lstrip())
