"""RepoBench 1.1 (Liu et al., arXiv 2306.03091): the next line of a file, with code from other files of its repository.

There is no text after the cursor. As published, the file is its imports and the lines before the cursor; the snippet
that the line needs stands among many others, of which the server's own ranking picks some, as it would from open files.
"""

from finetab.documents import open_document
from finetab_training.data.hole import Hole
from finetab_training.evaluate.benchmarks.hub import Row, text_of
from finetab_training.evaluate.holes import in_context

HUB_IDS = {"python": "tianyang/repobench_python_v1.1", "java": "tianyang/repobench_java_v1.1"}
SPLIT = "cross_file_first"


def repobench_hole(row: Row, language: str) -> Hole:
    """A row as a hole at the end of its file."""
    hub_id = HUB_IDS[language]
    code = (text_of(row, column, hub_id).rstrip("\n") for column in ("import_statement", "cropped_code"))
    hole = Hole(
        path=f"{text_of(row, 'repo_name', hub_id)}/{text_of(row, 'file_path', hub_id)}",
        language=language,
        prefix="".join(f"{part}\n" for part in code if part),
        suffix="",
        middle=text_of(row, "next_line", hub_id),
        kind="repobench",
    )
    snippets = tuple(
        open_document(text_of(snippet, "path", hub_id), text_of(snippet, "snippet", hub_id), language_id=language)
        for snippet in row.get("context") or ()
    )
    return next(in_context([hole], snippets))
