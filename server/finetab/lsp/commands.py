"""`workspace/executeCommand`: what an editor runs after accepting, and why there was no suggestion."""

import logging
from typing import Any

from finetab.lsp.session import FinetabServer

_LOG = logging.getLogger(__name__)


def accepted(ls: FinetabServer, item: Any = None) -> None:
    """An editor has inserted an answer."""
    _LOG.info("accepted %s", item)


def why(ls: FinetabServer, *_arguments: Any) -> list[dict[str, Any]]:
    """What became of the last requests, newest first."""
    return list(ls.requests)
