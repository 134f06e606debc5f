"""Make the list of what Python code imports from where, for imports that a file lacks.

    python recipes/known_imports.py FOLDER/wheels/*.whl FOLDER/python-*

Counts in how many packages a module's name is imported, or a module under another name; what a package imports from
itself does not count. `recipes/default-adapter-data.sh FOLDER` fetches the packages.
"""

import argparse
import ast
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

from rich.console import Console

from finetab.core.known_imports import FILE

_LEAST = 2  # packages
_MOST = 3  # modules of a name
_SHARE = 0.1  # of the packages that have the usual one


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("packages", nargs="+", type=Path, help="wheels, and folders of sources")
    counts: Counter[tuple[str, str, str]] = Counter()
    for package in parser.parse_args().packages:
        own = {package.name.partition("-")[0].lower(), *_top_level(package)}
        counts.update({found for text in _texts(package) for found in _imports(text) if _top(found[1]) not in own})
    known: dict[str, defaultdict[str, list[str]]] = {"from": defaultdict(list), "as": defaultdict(list)}
    most: dict[tuple[str, str], int] = {}
    for (kind, module, name), count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        usual = most.setdefault((kind, name), count)
        if count >= max(_LEAST, _SHARE * usual) and len(known[kind][name]) < _MOST:
            known[kind][name].append(module)
    lines = [" ".join((kind, name, *known[kind][name])) for kind in sorted(known) for name in sorted(known[kind])]
    FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    Console().print(f"{FILE}: {len(lines)} names", highlight=False)


def _top(module: str) -> str:
    return module.partition(".")[0]


def _top_level(package: Path) -> set[str]:
    if package.is_dir():
        return set()
    return {name.partition("/")[0].removesuffix(".py") for name in ZipFile(package).namelist()}


def _texts(package: Path) -> Iterator[bytes]:
    if package.is_dir():
        yield from (path.read_bytes() for path in sorted(package.rglob("*.py")))
    else:
        with ZipFile(package) as wheel:
            yield from (wheel.read(name) for name in wheel.namelist() if name.endswith(".py"))


def _imports(text: bytes) -> Iterator[tuple[str, str, str]]:
    """The way, the module and the name of each; nothing of what is not Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            nodes = list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError):
        return
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module and not node.level and node.module != "__future__":
            yield from (("from", node.module, name.name) for name in node.names if name.asname is None)
        elif isinstance(node, ast.Import):
            yield from (("as", name.name, name.asname) for name in node.names if name.asname)


if __name__ == "__main__":
    main()
