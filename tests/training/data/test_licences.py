"""Licences: read where they are stated, and judged as expressions."""

from pathlib import Path

import pytest

from finetab_training.data.licences import (
    PERMISSIVE,
    is_allowed,
    licence_in,
    licence_of_folder,
    licence_of_package,
)

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True), ("Apache-2.0", True), ("GPL-3.0-only", False), ("MIT OR GPL-2.0-only", True),
        ("MIT AND GPL-2.0-only", False), ("(MIT AND ISC) OR LGPL-2.1-only", True), ("", False), ("proprietary", False),
        ("Apache-2.0 WITH LLVM-exception", True), ("MIT AND", False),
        ("GPL-2.0-only WITH Classpath-exception-2.0", False),
    ],
)  # fmt: skip
def test_an_expression_is_met_or_not(expression: str, allowed: bool) -> None:
    assert is_allowed(expression, PERMISSIVE) is allowed


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("# SPDX-License-Identifier: MIT\nx = 1\n", "MIT"),
        ("/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */\n", "(GPL-2.0-only OR MIT)"),
        ("x = 1\n", ""),
        (r"text = '# SPDX-License-Identifier: MIT\nx = 1'", "MIT"),
        (r"pattern = r'SPDX-License-Identifier:\s*'", ""),
    ],
)
def test_a_header_states_the_licence(text: str, licence: str) -> None:
    assert licence_in(text) == licence


def test_a_folder_is_under_its_licence_file_and_a_package_under_its_metadata(tmp_path: Path) -> None:
    assert licence_of_folder(ROOT) == "Apache-2.0"
    assert licence_of_folder(tmp_path) == ""
    assert licence_of_package("rich") == "MIT"
    assert licence_of_package("no-such-distribution") == ""


def test_the_licences_of_what_finetab_stands_on_are_found() -> None:
    for name in ("transformers", "peft", "pygls", "typer", "tokenizers"):
        assert is_allowed(licence_of_package(name), PERMISSIVE), (name, licence_of_package(name))
