"""Filters that fit a text into its file: brackets that close nothing, code that does not parse, indentation."""

import re
from functools import lru_cache

from finetab.completion.indentation import indentation
from finetab.completion.request import CompletionRequest
from finetab.core.pairs import BRACKETS
from finetab.core.syntax import before_comments, closes_bracket, edit, ends_long_string, num_faults

_CLOSERS = ")]}"
_MAX_CLOSERS = 3  # at the end of a text that are tried without
_CONTINUATIONS = ("", " {}", ";", ",", " x", " x;", "\n}", "\nend", "\ndone", " {};", "() {}")
_PREPROCESSED = ("c", "cpp")
_END_OF_CONDITION = "\n#endif"  # elsewhere a comment, which would hide the rest of the line
_TAGGED = ("javascript", "tsx")
_TAG = re.compile(r"(?:^|[\s(>{])<(?:[A-Za-z][\w.]*|>)")
_WITH_HERE_DOCUMENTS = ("bash", "ruby", "php")
_HERE_DOCUMENT = re.compile(r"<<[<~-]?\s*['\"]?[A-Za-z_]\w*['\"]?$")
_COLON_BLOCK = re.compile(r"(?:\)|\belse)\s*:$")  # PHP's other way to open a block
_OPERATORS = ",\\+-*/%=&|<>.@~^"
_INDENTED = re.compile(r"^(?:\t|  )[ \t]*[^\s*]", re.MULTILINE)  # a comment's star says nothing
_MAKEFILE = re.compile(r"(?:[Mm]akefile|\.mk)$")
_LEADING = re.compile(r"^[ \t]*")
_TAB = 4  # columns


def drop_stray_closers(text: str, request: CompletionRequest) -> str:
    """Take away closing brackets at the end, as long as fewer of them make the file parse better.

    In a file with faults the parser often recovers better without one that is right: there, only what closes nothing.
    """
    body, tree = text.rstrip(), request.document.tree
    num_closers = len(body) - len(body.rstrip(_CLOSERS))
    if tree is None or not num_closers:
        return text
    shortened = [body[: len(body) - count] for count in range(min(num_closers, _MAX_CLOSERS) + 1)]
    best_first = sorted(shortened, key=lambda shorter: num_faults_with(shorter, request))
    is_right = num_faults(tree) == 0
    best = next(each for each in best_first if each == body or is_right or not _closes(body, len(each), request))
    return text if best == body else best


def _closes(text: str, index: int, request: CompletionRequest) -> bool:
    """Whether a bracket of a text closes another one, of the text or before it."""
    assert request.document.tree is not None
    grown = edit(request.document.tree, request.offset, len(request.document.text), text)
    return closes_bracket(grown, request.offset + index)


def drop_what_breaks(text: str, request: CompletionRequest) -> str:
    """Take away the last lines, or everything, where a file that had no faults would have some.

    What only begins something may stand: it is tried with some of the ways in which code goes on.
    """
    tree = request.document.tree
    if tree is None or not text.strip() or num_faults(tree):
        return text
    if _may_stand(text, request):
        return text
    lines = text.split("\n")[:-1]
    if not lines or not _may_stand(lines[0], request):  # each trial parses a file anew: soon said saves most of them
        return ""
    beginnings = ("\n".join(lines[:count]) for count in range(len(lines), 1, -1))
    return next((beginning for beginning in beginnings if _may_stand(beginning, request)), lines[0])


def _may_stand(text: str, request: CompletionRequest) -> bool:
    language = request.document.language
    is_preprocessed = language is not None and language.name in _PREPROCESSED
    ways = (*_CONTINUATIONS, _END_OF_CONDITION) if is_preprocessed else _CONTINUATIONS
    return goes_on(text, request) or any(not num_faults_with(text + more, request) for more in ways)


def goes_on(text: str, request: CompletionRequest) -> bool:
    """Whether a text opens something that is not closed: a block, bracket, tag, long string or decorated thing."""
    language = request.document.language
    openers, name = (language.openers, language.name) if language is not None else ((), "")
    is_last = not request.suffix.partition("\n")[0].strip()
    return (
        (is_last and text.rstrip().endswith((*openers, ",", "\\")))
        or text.lstrip().startswith("@")
        or any(text.count(opener) > text.count(closer) for opener, closer in BRACKETS.items())
        or any(text.count(quotes) % 2 == 1 for quotes in ('"""', "'''", "`", "/*"))
        or (name in _TAGGED and len(_TAG.findall(text)) > text.count("</") + text.count("/>"))
        or (name == "php" and _COLON_BLOCK.search(text.rstrip()) is not None)
        or (name in _WITH_HERE_DOCUMENTS and _HERE_DOCUMENT.search(text.rstrip()) is not None)
    )


def num_faults_with(text: str, request: CompletionRequest) -> int:
    """How many places of the file do not parse with a text at the cursor."""
    tree = request.document.tree
    return 0 if tree is None else num_faults(edit(tree, request.offset, request.offset, text))


def fit_indentation(text: str, request: CompletionRequest) -> str:
    """Tabs where the file has tabs, spaces where it has spaces; where indentation is syntax, no more than is allowed.

    A file without indentation says nothing of the first, one in no known language nothing at all, but for a makefile:
    there a recipe's lines begin with tabs.
    """
    language, before = request.document.language, request.prefix.rpartition("\n")[2]
    if language is None and not _MAKEFILE.search(request.document.path):
        return text
    lines = text.split("\n")
    begun = 1 if before.strip() else 0
    if _INDENTED.search(request.document.text):
        lines[begun:] = [_in_style(line, request.document.text) for line in lines[begun:]]
    if not begun and language is not None and language.openers == (":",):
        lines[0] = _not_too_deep(lines[0], before, request)
    return "\n".join(lines)


def _not_too_deep(line: str, before: str, request: CompletionRequest) -> str:
    """A first line after blank space only, no deeper than the line above allows, if that one is whole."""
    lead, tree = _lead(line), request.document.tree
    if tree is None:
        return line
    end = before_comments(tree, len(request.prefix.rstrip()))
    if not end or ends_long_string(tree, end):
        return line
    above = request.prefix[:end].rpartition("\n")[2]
    is_open = any(above.count(opener) != above.count(closer) for opener, closer in BRACKETS.items())
    if is_open or above[-1] in _OPERATORS:
        return line
    allowed = indentation(_lead(above)) + (_unit(request.document.text) if above[-1] == ":" else 0)
    while lead and indentation(before + lead) > allowed:
        lead = lead[:-1]
    return lead + line.lstrip(" \t")


def _in_style(line: str, file: str) -> str:
    lead = _lead(line)
    if _has_tabs(file):
        tabs, spaces = divmod(indentation(lead), _unit(file))
        return "\t" * tabs + " " * spaces + line[len(lead) :] if " " in lead else line
    return lead.replace("\t", " " * _unit(file)) + line[len(lead) :]


@lru_cache(maxsize=2)
def _has_tabs(file: str) -> bool:
    return len(re.findall(r"^\t", file, re.MULTILINE)) > len(re.findall(r"^ {2}", file, re.MULTILINE))


@lru_cache(maxsize=2)
def _unit(file: str) -> int:
    """Columns of one step of indentation: a tab's, or the narrowest indentation that the file has often."""
    if _has_tabs(file):
        return _TAB
    widths = [len(lead) for lead in re.findall(r"^( {2,8})\S", file, re.MULTILINE)]
    return min((width for width in (2, 4, 8) if widths.count(width) * 5 >= len(widths) > 0), default=_TAB)


def _lead(line: str) -> str:
    found = _LEADING.match(line)
    return found.group() if found else ""
