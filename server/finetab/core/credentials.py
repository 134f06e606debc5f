"""Secrets in source text, found by detect-secrets and cut out before anything is kept.

What is cut is the whole token that holds a secret: the inside of a string, a comment, a word. What is left is looked
through again, and a text from which nothing cuts them all is none. Findings are told by kind and number only.
"""

import re
import tempfile
from collections.abc import Iterable
from threading import Lock

import tree_sitter
from detect_secrets.core.scan import scan_file
from detect_secrets.settings import transient_settings
from detect_secrets.util.filetype import FileType, determine_file_type

from finetab.core.languages import language_of
from finetab.core.syntax import SyntaxTree, parse

# Tokens of known services, keys and passwords. The plain-entropy detectors are left out: in code they find
# checksums, test data and long names, hundreds for every real secret.
_DETECTORS = (
    "ArtifactoryDetector", "AWSKeyDetector", "AzureStorageKeyDetector", "BasicAuthDetector", "CloudantDetector",
    "DiscordBotTokenDetector", "GitHubTokenDetector", "GitLabTokenDetector", "IbmCloudIamDetector",
    "IbmCosHmacDetector", "JwtTokenDetector", "KeywordDetector", "MailchimpDetector", "NpmDetector",
    "OpenAIDetector", "PrivateKeyDetector", "PypiTokenDetector", "SendGridDetector", "SlackDetector",
    "SoftlayerDetector", "SquareOAuthDetector", "StripeDetector", "TelegramBotTokenDetector", "TwilioKeyDetector",
)  # fmt: skip
_HINT = re.compile(r"key|pass|pwd|secret|contrase|://", re.IGNORECASE)  # what the keyword and address detectors go by
_LONG_WORD = re.compile(r"[\w+/=-]{16,}")
_KEY_BLOCK = re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY[A-Z ]*)-----(?P<body>.*?)-----END \1-----", re.DOTALL)
_LINE_END = re.compile(r"\r\n?|\n")  # where the library's lines end
_MOST_LOOKS = 4  # what one cut leaves or lays bare, the next look finds
_WITHOUT_QUOTES = ("bash",)
_QUOTES = ('"""', "'''", '"', "'", "`")
_ONE_AT_A_TIME = Lock()  # the library's settings are the process's
_SETTINGS = {"plugins_used": [{"name": name} for name in _DETECTORS]}


def without_credentials(tree: SyntaxTree) -> tuple[str | None, tuple[str, ...]]:
    """The text without its secrets, None where they cannot all be cut out, and their kinds, one entry a secret."""
    suffix, kinds = tree.language.suffixes[0], list[str]()
    for _ in range(_MOST_LOOKS):
        found = _found(tree.text, suffix)
        if not found:
            return tree.text, tuple(sorted(kinds))
        kinds += (kind for _, _, kind in found)
        spans = {span for line, value, _ in found for span in _spans(tree, line, value)} | _key_blocks(tree.text)
        tree = parse(_without(tree.text, spans), tree.language)
    return None, tuple(sorted(kinds))


def holds_credentials(text: str, suffix: str) -> bool:
    """Whether a part of a file with this suffix holds a secret; quick where no word hints at one."""
    return (_HINT.search(text) is not None or _has_long_word(text)) and bool(_found(text, suffix))


def holds_long_credentials(text: str, suffix: str) -> bool:
    """The same for what a model said: passwords that are made up for a test are shorter than what it has learned."""
    return _has_long_word(text) and bool(_found(text, suffix))


def _has_long_word(text: str) -> bool:
    return any(any(letter.isdigit() for letter in word) for word in _LONG_WORD.findall(text))


def _found(text: str, suffix: str) -> list[tuple[int, str, str]]:
    """Line (from 0), value and kind of each secret."""
    # The library's filters against false alarms work on files only.
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="", suffix=_known(suffix)) as file:
        file.write(text)
        file.flush()
        with _ONE_AT_A_TIME, transient_settings(_SETTINGS):
            found = list(scan_file(file.name))
    return [(secret.line_number - 1, secret.secret_value or "", secret.type) for secret in found]


def _known(suffix: str) -> str:
    """A suffix that the library knows, for a language whose strings have quotes: else it takes any word for one."""
    language = language_of(f"x{suffix}")
    if language is None or language.name in _WITHOUT_QUOTES or determine_file_type(f"x{suffix}") != FileType.OTHER:
        return suffix
    return ".js"


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """What is left of a text; a span may lie within another one."""
    kept, reached = [], 0
    for start, end in sorted(spans):
        kept.append(text[reached:start])
        reached = max(reached, end)
    return "".join([*kept, text[reached:]])


def _spans(tree: SyntaxTree, line: int, value: str) -> list[tuple[int, int]]:
    """What must go for one secret: the strings of its line that hold it, else its tokens there, else the line."""
    starts = [0, *(end.end() for end in _LINE_END.finditer(tree.text)), len(tree.text)]
    if line + 1 >= len(starts):
        return []  # the library has lost count
    begin = starts[line]
    text = tree.text[begin : starts[line + 1]].rstrip("\r\n")
    places = [begin + found.start() for found in re.finditer(re.escape(value), text)] if value else []
    holders = list(filter(None, (_holder(tree, place, value) for place in places)))
    strings = [node for node in holders if "string" in node.type]
    return [_inside(tree, node) for node in strings or holders] or [(begin, begin + len(text))]


def _key_blocks(text: str) -> set[tuple[int, int]]:
    """Keys from their first to their last line: the detector sees the first one, and a comment may end with its line.

    What parses keys names both lines too, with code in between.
    """
    blocks = _KEY_BLOCK.finditer(text)
    return {
        block.span() for block in blocks if 2 * sum(map(len, _LONG_WORD.findall(block["body"]))) > len(block["body"])
    }


def _holder(tree: SyntaxTree, place: int, value: str) -> tree_sitter.Node | None:
    """The outermost string that holds a value, else its token; None where that would be the whole file."""
    start = tree.byte_of(place)
    node = tree.root.descendant_for_byte_range(start, start + len(value.encode()))
    if node is None or node.parent is None:
        return None
    while node.parent is not None and "string" in node.parent.type:
        node = node.parent
    return node


def _inside(tree: SyntaxTree, node: tree_sitter.Node) -> tuple[int, int]:
    """What stands between a string's quotes; the whole of a node that is no string."""
    first, last = tree.span(node)
    token = tree.text[first:last]
    if "string" not in node.type:
        return first, last
    quote = next((quote for quote in _QUOTES if token.endswith(quote) and quote in token[: -len(quote)]), "")
    return (first + token.index(quote) + len(quote), last - len(quote)) if quote else (first, last)
