"""Imports: found in the tree, and led to those files that are there, by the rules of each language."""

from pathlib import Path

import pytest

import finetab
from finetab.core.imports import imported_files
from finetab.core.languages import LANGUAGES, language_of
from finetab.core.syntax import parse


def imported(path: str, text: str, *files: str) -> tuple[str, ...]:
    language = language_of(path)
    assert language is not None
    return imported_files(parse(text, language), path, frozenset(files).__contains__)


@pytest.mark.parametrize(
    ("path", "text", "file"),
    [
        ("w/app/a.py", "import helper", "w/app/helper.py"),
        ("w/app/a.py", "import lib.tools as t, other", "w/lib/tools.py"),
        ("w/app/a.py", "import os, helper", "w/app/helper.py"),
        ("w/app/a.py", "from lib.tools import x", "w/lib/tools.py"),
        ("w/app/a.py", "from lib import tools as t", "w/lib/tools.py"),
        ("w/app/a.py", "from lib import (x, y)", "w/lib/__init__.py"),
        ("w/app/a.py", "from lib import *", "w/lib/__init__.py"),
        ("w/app/a.py", "from .tools import x", "w/app/tools.py"),
        ("w/app/a.py", "from . import tools", "w/app/tools.py"),
        ("w/app/a.py", "from . import x", "w/app/__init__.py"),
        ("w/app/a.py", "from ..lib.tools import x", "w/lib/tools.py"),
        ("w/app/a.py", "from .. import lib", "w/lib/__init__.py"),
        ("w/tests/unit/test_a.py", "from lib.tools import x", "w/src/lib/tools.py"),
        ("w/app/a.py", "def f():\n    if x:\n        from .late import y\n", "w/app/late.py"),
        ("w/app/a.py", "from .stubs import x", "w/app/stubs.pyi"),
        ("w/src/a.ts", "import { x } from './b'", "w/src/b.ts"),
        ("w/src/a.ts", "import { x } from './b.js'", "w/src/b.ts"),
        ("w/src/a.tsx", "import B from '../ui/button'", "w/ui/button.tsx"),
        ("w/src/ui/a.tsx", "import B from '@/parts/button'", "w/src/parts/button.tsx"),
        ("w/src/a.js", "const b = require('./b')", "w/src/b/index.js"),
        ("w/src/a.js", "const b = await import('./b.mjs')", "w/src/b.mjs"),
        ("w/src/a.js", "export * from './b'", "w/src/b.js"),
        ("w/src/a.c", '#include "b.h"', "w/src/b.h"),
        ("w/src/a.cpp", '#include "../x/b.hpp"', "w/x/b.hpp"),
        ("w/src/a.cpp", "#include <mine/b.h>", "w/include/mine/b.h"),
        ("w/src/test/java/com/x/AT.java", "import com.x.A;", "w/src/main/java/com/x/A.java"),
        ("w/com/x/A.java", "import static com.y.B.of;", "w/com/y/B.java"),
        ("w/src/main.rs", "mod tools;", "w/src/tools.rs"),
        ("w/src/deep/a.rs", "use crate::tools::hammer::{Nail, hit as h};", "w/src/tools/hammer.rs"),
        ("w/src/a.rs", "use crate::tools::Nail as N;", "w/src/tools/mod.rs"),
        ("w/src/a.rs", "use self::tools::*;", "w/src/tools.rs"),
        ("w/tests/a.rs", "pub use mine::tools;", "w/src/tools.rs"),
        ("w/bin/a.rb", "require_relative '../lib/tools'", "w/lib/tools.rb"),
        ("w/bin/a.rb", 'require "tools"', "w/lib/tools.rb"),
    ],
)
def test_an_import_leads_to_its_file(path: str, text: str, file: str) -> None:
    assert imported(path, text, file, "elsewhere/unrelated.py") == (file,)


@pytest.mark.parametrize(
    ("path", "text", "file"),
    [
        ("w/app/a.py", "import json\nfrom types import x", "w/app/json.py"),
        ("w/app/a.py", "from a import x", "w/app/a.py"),  # itself
        ("w/app/a.py", "# import helper\ns = 'import helper'", "w/app/helper.py"),
        ("w/app/a.py", "from .helper import x", "w/helper.py"),
        ("w/src/a.js", "import x from './b'", "w/b.js"),
        ("w/src/a.js", "import x from \"\"", "w/src/index.js"),
        ("w/src/a.rs", "use std::tools;", "w/src/tools.rs"),
        ("w/src/a.rs", "mod tools { fn f() {} }", "w/src/tools.rs"),
        ("w/bin/a.rb", "puts 'tools'", "w/bin/tools.rb"),
        ("w/a.go", 'import "tools"', "w/tools.go"),
    ],
)  # fmt: skip
def test_what_is_no_import_of_a_file_leads_nowhere(path: str, text: str, file: str) -> None:
    assert imported(path, text, file) == ()


def test_no_import_starts_within_a_package() -> None:
    inside = ("w/app/__init__.py", "w/app/parts.py")
    assert imported("w/app/a.py", "import parts", *inside) == ()
    assert imported("w/app/a.py", "import parts", *inside, "w/parts.py") == ("w/parts.py",)


def test_files_come_in_the_order_of_their_imports_once_and_not_without_end() -> None:
    text = "from . import b\nimport lib\nfrom .b import x\n" + "".join(f"from . import m{n}\n" for n in range(100))
    files = ["w/b.py", "w/lib.py", *(f"w/m{n}.py" for n in range(100))]
    assert imported("w/a.py", text, *files) == tuple(files[:32])


def test_half_typed_code_keeps_its_imports() -> None:
    assert imported("w/a.py", "from . import b\n\ndef f(:\n    return b.", "w/b.py") == ("w/b.py",)


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: str(language.name))
def test_any_text_of_any_language_is_read(language: object) -> None:
    suffix = getattr(language, "suffixes")[0]  # noqa: B009
    for text in ("", "import", "from . import", "use ::;", '#include "', "require(", "é\0" * 9):
        assert imported(f"w/a{suffix}", text) == ()


def test_our_own_files_find_each_other() -> None:
    root = Path(finetab.__file__).parent
    path = root / "completion" / "completer.py"
    found = imported_files(parse(path.read_text("utf-8"), LANGUAGES[0]), str(path), lambda file: Path(file).is_file())
    names = {Path(file).relative_to(root).as_posix() for file in found}
    assert {"completion/context.py", "core/fim.py", "engine/base.py"} <= names
