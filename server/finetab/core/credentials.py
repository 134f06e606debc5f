"""Secrets in source text, found by detect-secrets and cut out before anything is kept.

What is cut is the whole token that holds a secret: the inside of a string, a comment, a word. Findings are told
by kind and number only.
"""

import re
import tempfile
from threading import Lock

from detect_secrets.core.scan import scan_file
from detect_secrets.settings import transient_settings

from finetab.core.syntax import SyntaxTree

# Tokens of known services, keys and passwords. The plain-entropy detectors are left out: in code they find
# checksums, test data and long names, hundreds for every real secret.
_DETECTORS = (
    "ArtifactoryDetector", "AWSKeyDetector", "AzureStorageKeyDetector", "BasicAuthDetector", "CloudantDetector",
    "DiscordBotTokenDetector", "GitHubTokenDetector", "GitLabTokenDetector", "IbmCloudIamDetector",
    "IbmCosHmacDetector", "JwtTokenDetector", "KeywordDetector", "MailchimpDetector", "NpmDetector",
    "OpenAIDetector", "PrivateKeyDetector", "PypiTokenDetector", "SendGridDetector", "SlackDetector",
    "SoftlayerDetector", "SquareOAuthDetector", "StripeDetector", "TelegramBotTokenDetector", "TwilioKeyDetector",
)  # fmt: skip
_LONG_WORD = re.compile(r"[\w+/=-]{16,}")
_QUOTES = ('"""', "'''", '"', "'", "`")
_ONE_AT_A_TIME = Lock()  # the library's settings are the process's
_SETTINGS = {"plugins_used": [{"name": name} for name in _DETECTORS]}


def without_credentials(tree: SyntaxTree) -> tuple[str, tuple[str, ...]]:
    """The text without its secrets, and their kinds, one entry a secret."""
    found = _found(tree.text, tree.language.suffixes[0])
    text, reached = tree.text, len(tree.text)
    for start, end in sorted({_span(tree, line, value) for line, value, _ in found}, reverse=True):
        text = text[:start] + text[min(end, reached) :]  # a secret may lie within another one's token
        reached = start
    return text, tuple(sorted(kind for _, _, kind in found))


def holds_credentials(text: str, suffix: str) -> bool:
    """Whether a few lines of a file with this suffix hold a secret; quick where no long word has letters and digits."""
    long_words = (word for word in _LONG_WORD.findall(text) if any(letter.isdigit() for letter in word))
    return next(long_words, "") != "" and bool(_found(text, suffix))


def _found(text: str, suffix: str) -> list[tuple[int, str, str]]:
    """Line (from 0), value and kind of each secret."""
    # The library's filters against false alarms work on files only.
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="", suffix=suffix) as file:
        file.write(text)
        file.flush()
        with _ONE_AT_A_TIME, transient_settings(_SETTINGS):
            found = list(scan_file(file.name))
    return [(secret.line_number - 1, secret.secret_value or "", secret.type) for secret in found]


def _span(tree: SyntaxTree, line: int, value: str) -> tuple[int, int]:
    """What must go for one secret: the inside of the outermost string that holds it, else its token or line."""
    lines = tree.text.split("\n")
    line_start = sum(len(text) + 1 for text in lines[:line])
    at = lines[line].find(value) if value else -1
    start = tree.byte_of(line_start + max(at, 0))
    node = tree.root.descendant_for_byte_range(start, start + len(value.encode()))
    if at < 0 or node is None or node.parent is None:
        return line_start, line_start + len(lines[line])
    while node.parent is not None and "string" in node.parent.type:
        node = node.parent
    first, last = tree.span(node)
    token = tree.text[first:last]
    if "string" not in node.type:
        return first, last
    quote = next((quote for quote in _QUOTES if token.endswith(quote) and quote in token[: -len(quote)]), "")
    return (first + token.index(quote) + len(quote), last - len(quote)) if quote else (first, last)
