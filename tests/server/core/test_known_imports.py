"""What Python code imports from where."""

from finetab.core.known_imports import is_module, modules_as, modules_of


def test_the_usual_module_comes_first() -> None:
    assert modules_of("Path") == ("pathlib",)
    assert {"typing", "collections.abc"} == set(modules_of("Callable"))
    assert modules_of("nobody_has_this") == ()


def test_modules_have_their_usual_names() -> None:
    assert modules_as("np")[0] == "numpy"
    assert modules_as("Path") == ()
    assert is_module("json")
    assert not is_module("numpy")
