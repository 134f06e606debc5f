"""CrossCodeEval (Ding et al., arXiv 2310.11248), Python: the rest of a statement that needs another file.

The data are published as an archive; a copy of its Python part on the hub is read. The context is the one that BM25
found with the text before the cursor, best first.
"""

from finetab.completion.related import bare_chunk
from finetab_training.data.hole import Hole
from finetab_training.evaluate.benchmarks.hub import Row, text_of

HUB_ID = "ZHENGRAN/cross_code_eval_python"


def crosscodeeval_hole(row: Row) -> Hole:
    """A row as a hole."""
    found = (row.get("crossfile_context_retrieval") or {}).get("list") or ()
    return Hole(
        path=text_of(row.get("metadata") or {}, "file", HUB_ID),
        language="python",
        prefix=text_of(row, "prompt", HUB_ID),
        suffix=text_of(row, "right_context", HUB_ID),
        middle=text_of(row, "groundtruth", HUB_ID),
        kind="crosscodeeval",
        context=tuple(
            bare_chunk(text_of(chunk, "filename", HUB_ID), line, text_of(chunk, "retrieved_chunk", HUB_ID))
            for line, chunk in enumerate(found)
        ),
    )
