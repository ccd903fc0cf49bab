"""The tests themselves: each file is collected, and each test can fail."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest
from source_tree import BUSINESS_ROOMS, LOWER_ROOMS, ROOT, name_of

TESTS = ROOT / "tests"
ASSERTING = ("assert", "raises", "warns", "expect", "check", "must", "require", "refuse")
"""A call whose last name starts so is taken for an assertion made by a helper."""


def find_tests(source: str) -> list[ast.FunctionDef]:
    """Return the functions that pytest would run: at module level, or in a class called Test…."""
    bodies = [ast.parse(source).body]
    bodies += [node.body for node in bodies[0] if isinstance(node, ast.ClassDef) and node.name.startswith("Test")]
    return [
        node for body in bodies for node in body if isinstance(node, ast.FunctionDef) and node.name.startswith("test")
    ]


def cannot_fail(function: ast.FunctionDef) -> bool:
    """Say whether a test neither asserts nor calls what asserts."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return False
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called.lstrip("_").startswith(ASSERTING):
                return False
    return True


def python_files() -> list[Path]:
    return sorted(path for path in TESTS.rglob("*.py") if "__pycache__" not in path.parts)


def test_every_test_file_holds_a_test() -> None:
    empty = [
        name_of(path)
        for path in python_files()
        if path.name.startswith("test_") and not find_tests(path.read_text(encoding="utf-8"))
    ]
    assert empty == []


def test_no_test_hides_in_a_file_that_is_not_collected() -> None:
    hidden = [
        f"{name_of(path)}: {function.name}"
        for path in python_files()
        if not path.name.startswith("test_")
        for function in find_tests(path.read_text(encoding="utf-8"))
    ]
    assert hidden == []


def test_no_two_test_modules_share_a_name() -> None:
    # Test folders are no packages, so Python would import one of the two under both names.
    places = defaultdict(list)
    for path in python_files():
        if path.name != "conftest.py":
            places[path.stem].append(name_of(path))
    assert {stem: paths for stem, paths in places.items() if len(paths) > 1} == {}


def test_every_test_asserts_something() -> None:
    idle = [
        f"{name_of(path)}: {function.name}"
        for path in python_files()
        if path.name.startswith("test_")
        for function in find_tests(path.read_text(encoding="utf-8"))
        if cannot_fail(function)
    ]
    assert idle == []


@pytest.mark.parametrize("room", [*BUSINESS_ROOMS, *LOWER_ROOMS, "core"])
def test_every_room_has_tests_of_its_own(room: str) -> None:
    assert sorted((TESTS / room).glob("test_*.py")) != []


def test_a_test_without_an_assertion_is_found() -> None:
    source = "def test_idle():\n    work()\n\ndef test_busy():\n    with pytest.raises(ValueError):\n        work()\n"
    assert [function.name for function in find_tests(source) if cannot_fail(function)] == ["test_idle"]
