"""What editors close at once when it is typed: brackets and quotes, each with what ends it."""

OPENERS = {")": "(", "]": "[", "}": "{", '"': '"', "'": "'", "`": "`"}
"""By what closes them."""
BRACKETS = {"(": ")", "[": "]", "{": "}"}
"""What closes each."""


def without_closer(typed: str) -> str:
    """What was typed, where an editor has put what closes it behind it."""
    return typed[:1] if typed and typed[0] == OPENERS.get(typed[1:]) else typed
