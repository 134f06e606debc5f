"""SAFIM (Gong et al., arXiv 2403.04814): blocks, control expressions and calls cut out of solutions to contests.

The published figures come from running the programs in four languages with a server of their own; here answers are
compared with what was cut out, blank space aside, so the figures are lower bounds of those.
"""

from finetab.errors import MissingData
from finetab_training.data.hole import Hole
from finetab_training.evaluate.benchmarks.hub import Row, text_of

HUB_ID = "gonglinyuan/safim"
_PLACE = {"python": "# TODO: Your code here"}
_OTHER_PLACE = "/* TODO: Your code here */"
_SUFFIXES = {"python": "py", "java": "java", "cpp": "cpp", "csharp": "cs"}


def safim_hole(row: Row, kind: str) -> Hole:
    """A row as a hole: the place in the prompt that a comment marks. Raises `MissingData` when there is none."""
    language, prompt = text_of(row, "lang", HUB_ID), text_of(row, "prompt", HUB_ID)
    task = text_of(row, "task_id", HUB_ID)
    prefix, place, suffix = prompt.partition(_PLACE.get(language, _OTHER_PLACE))
    if not place:
        raise MissingData(f"The prompt of {task} in {HUB_ID} marks no place to fill; the data set has changed.")
    middle = text_of(row, "ground_truth", HUB_ID)
    return Hole(f"{task}.{_SUFFIXES.get(language, language)}", language, prefix, suffix, middle.rstrip("\n"), kind)
