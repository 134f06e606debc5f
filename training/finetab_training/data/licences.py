"""Which licence code is under, as an SPDX expression, and whether a list of licences allows it.

What is stated is taken: a header line in the file, a package's metadata, a LICENSE file's text (matched by
spdx-matcher). What is not stated is not guessed.
"""

import re
from collections.abc import Iterable
from email.message import Message
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import cast

import spdx_matcher
from license_expression import ExpressionError, get_spdx_licensing

PERMISSIVE = (
    "MIT", "MIT-0", "BSD-2-Clause", "BSD-3-Clause", "BSD-3-Clause-Clear", "Apache-2.0", "ISC", "PSF-2.0",
    "Python-2.0", "Python-2.0.1", "0BSD", "Unlicense", "CC0-1.0",
)  # fmt: skip
"""What third-party code may be under, unless a build is told otherwise."""

_HEADER = re.compile(r"SPDX-License-Identifier:[ \t]*([\w(][\w.+:() -]*)")
_HEADER_CHARACTERS = 2_000
_LICENCE_FILES = ("LICENSE*", "LICENCE*", "COPYING*")
_SPDX = get_spdx_licensing()

# Trove classifiers and the short names that package authors write, spelled out.
_LOOSE = {
    "mit license": "MIT", "the mit license (mit)": "MIT", "expat": "MIT",
    "apache software license": "Apache-2.0", "apache 2.0": "Apache-2.0", "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0", "apache": "Apache-2.0",
    "isc license (iscl)": "ISC", "isc license": "ISC",
    "python software foundation license": "PSF-2.0", "psf": "PSF-2.0",
    "the unlicense (unlicense)": "Unlicense", "new bsd": "BSD-3-Clause", "bsd 3-clause": "BSD-3-Clause",
    "3-clause bsd license": "BSD-3-Clause", "bsd license": "(BSD-2-Clause OR BSD-3-Clause)",
    "bsd": "(BSD-2-Clause OR BSD-3-Clause)",
    "simplified bsd": "BSD-2-Clause", "cc0 1.0 universal (cc0 1.0) public domain dedication": "CC0-1.0",
}  # fmt: skip


def is_allowed(expression: str, allowed: Iterable[str]) -> bool:
    """Whether an expression can be met within the allowed licences: any side of OR, all sides of AND."""
    known = frozenset(allowed)
    try:
        parsed = _SPDX.parse(expression, validate=False)
    except (ExpressionError, ValueError):
        return False
    if parsed is None:
        return False
    # An exception ("WITH") allows more, never less, so the licence it belongs to decides.
    keys = {symbol: getattr(symbol, "license_symbol", symbol).key for symbol in parsed.symbols}
    values = {symbol: _SPDX.TRUE if key in known else _SPDX.FALSE for symbol, key in keys.items()}
    return bool(parsed.subs(values).simplify() == _SPDX.TRUE)


def licence_in(text: str) -> str:
    """The expression of an SPDX header line near the start of a file, "" where there is none."""
    found = _HEADER.search(text[:_HEADER_CHARACTERS])
    return found[1].strip() if found else ""


def licence_of_package(name: str) -> str:
    """What an installed distribution states, "" where there is none of this name."""
    try:
        return licence_of_distribution(distribution(name))
    except PackageNotFoundError:
        return ""


def licence_of_distribution(found: Distribution) -> str:
    """What a distribution states: its expression, else its licence file, field or classifiers."""
    meta = cast(Message, found.metadata)  # annotated more narrowly than it is
    stated = meta.get("License-Expression") or _loose(meta.get("License") or "")
    classifiers = (
        value.split(" :: ")[-1] for value in meta.get_all("Classifier") or () if value.startswith("License ::")
    )
    by_classifier = " AND ".join(sorted({_loose(value) for value in classifiers} - {""}))
    return stated or _licence_file(found) or by_classifier


def _licence_file(found: Distribution) -> str:
    paths = [path for path in found.files or () if re.match(r"(?i)(licen[cs]e|copying)", path.name)]
    texts = (path.locate() for path in paths)
    return next((licence for path in texts if (licence := _licence_of(cast(Traversable, path)))), "")


def licence_of_folder(folder: Path) -> str:
    """The licence of a folder by its LICENSE file, "" where none is recognised."""
    paths = sorted(path for pattern in _LICENCE_FILES for path in folder.glob(pattern) if path.is_file())
    return next((licence for path in paths if (licence := licence_of_text(path))), "")


@cache
def licence_of_text(path: Path) -> str:
    """The licences whose text a file holds, joined by AND."""
    return _licence_of(path)


def _licence_of(path: Traversable) -> str:
    try:
        found, _ = spdx_matcher.analyse_license_text(path.read_bytes().decode("utf-8", "replace"))
    except OSError:
        return ""
    return " AND ".join(sorted(found["licenses"]))


def _loose(value: str) -> str:
    value = value.strip()
    if len(value) > 100:
        return ""  # some put the whole text into the field
    if value.lower() in _LOOSE:
        return _LOOSE[value.lower()]
    try:
        return value if value and not _SPDX.unknown_license_keys(value) else ""
    except (ExpressionError, ValueError):
        return ""
