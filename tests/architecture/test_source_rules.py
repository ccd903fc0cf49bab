"""Rules about the source that no linter knows: each check is also shown a text that breaks it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from source_tree import (
    BUSINESS_ROOMS,
    LOWER_ROOMS,
    ROOT,
    WEB_ROOMS,
    full_name,
    imported_modules,
    imported_names,
    module_of,
    name_of,
    product_files,
    room_files,
)

LONGEST_FUNCTION = 60
LONGEST_FILE = 500

COMMITS = "fundapp/core/sessions.py"
BEGINS = frozenset({COMMITS, "fundapp/core/schema.py"})
READS_ENVIRONMENT = "config.py"
READS_CLOCK = ("fundapp/web/", "fundapp/cli/", "fundapp/cli.py", "fundapp/jobs.py")

CLOCKS = frozenset(
    {
        "datetime.datetime.now",
        "datetime.datetime.utcnow",
        "datetime.datetime.today",
        "datetime.date.today",
        "time.time",
        "time.time_ns",
        "time.localtime",
        "time.gmtime",
        "time.ctime",
        "time.strftime",
        "sqlalchemy.func.now",
        "sqlalchemy.func.current_timestamp",
        "sqlalchemy.func.current_date",
        "flask_security.utils.naive_utcnow",
    }
)
ENVIRONMENTS = frozenset({"os.environ", "os.environb", "os.getenv", "os.getenvb", "os.putenv"})
RULES_MAY_IMPORT = ("fundapp.core.quantities", "fundapp.core.quarters", "fundapp.core.errors")

Check = Callable[[str, str], list[str]]


def method_calls(source: str, wanted: Iterable[str]) -> list[str]:
    """Return `line: .name(` for each method call of one of the names."""
    names = frozenset(wanted)
    return [
        f"{node.lineno}: .{node.func.attr}("
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names
    ]


def uses_of(source: str, wanted: frozenset[str]) -> list[str]:
    """Return `line: full.name` for each mention of one of the full names, however it was imported."""
    tree = ast.parse(source)
    names = imported_names(tree)
    return [
        f"{node.lineno}: {found}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute | ast.Name) and (found := full_name(node, names)) in wanted
    ]


def commits(source: str, name: str) -> list[str]:
    return [] if name == COMMITS else method_calls(source, {"commit", "prepare_commit", "commit_prepared"})


def begins(source: str, name: str) -> list[str]:
    return [] if name in BEGINS else method_calls(source, {"begin", "begin_twophase"})


def reads_the_clock(source: str, name: str) -> list[str]:
    return [] if name.startswith(READS_CLOCK) else uses_of(source, CLOCKS)


def reads_the_environment(source: str, name: str) -> list[str]:
    return [] if name == READS_ENVIRONMENT else uses_of(source, ENVIRONMENTS)


def has_long_functions(source: str, _name: str) -> list[str]:
    return [
        f"{node.lineno}: {node.name} has {length} lines"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    ]


def is_a_long_file(source: str, _name: str) -> list[str]:
    length = len(source.splitlines())
    return [f"{length} lines"] if length > LONGEST_FILE else []


def rules_import_too_much(source: str, name: str) -> list[str]:
    """Return what a rules module imports besides the standard library, quantities, quarters, errors and itself."""
    path = ROOT / name
    module = module_of(path)
    own = ".".join(module.split(".")[:3])
    return [
        f"{line}: {target}"
        for line, target in imported_modules(ast.parse(source), module, is_package=path.name == "__init__.py")
        if target.split(".")[0] not in sys.stdlib_module_names
        and not any(f"{target}.".startswith(f"{allowed}.") for allowed in (*RULES_MAY_IMPORT, own))
    ]


def problems(check: Check, paths: Iterable[Path]) -> list[str]:
    """Run a check over files; return `file:problem` for each problem."""
    return [
        f"{name_of(path)}:{problem}"
        for path in paths
        for problem in check(path.read_text(encoding="utf-8"), name_of(path))
    ]


@pytest.mark.parametrize(
    "check", [commits, begins, reads_the_clock, reads_the_environment, has_long_functions, is_a_long_file]
)
def test_no_product_file(check: Check) -> None:
    assert problems(check, product_files()) == []


@pytest.mark.parametrize(
    ("check", "planted", "found"),
    [
        (commits, "def f(session):\n    session.commit()\n", ["2: .commit("]),
        (begins, "with session.begin():\n    pass\n", ["1: .begin("]),
        (reads_the_clock, "import datetime as dt\nx = dt.datetime.now(dt.UTC)\n", ["2: datetime.datetime.now"]),
        (reads_the_clock, "from datetime import date\nf(default=date.today)\n", ["2: datetime.date.today"]),
        (reads_the_clock, "from time import time as now\nx = now()\n", ["2: time.time"]),
        (reads_the_clock, "from sqlalchemy import func\nq = func.now()\n", ["2: sqlalchemy.func.now"]),
        (reads_the_environment, "import os\nx = os.environ['HOME']\n", ["2: os.environ"]),
        (reads_the_environment, "from os import getenv\nx = getenv('HOME')\n", ["2: os.getenv"]),
        (has_long_functions, "def f():\n" + "    pass\n" * 60, ["1: f has 61 lines"]),
        (is_a_long_file, "pass\n" * 501, ["501 lines"]),
    ],
)
def test_the_checks_find_what_breaks_them(check: Check, planted: str, found: list[str]) -> None:
    assert check(planted, "fundapp/intake/planted.py") == found


@pytest.mark.parametrize(
    ("check", "innocent"),
    [
        (commits, "with session.begin_nested():\n    pass\n"),
        (begins, "with session.begin_nested():\n    pass\n"),
        (reads_the_clock, "import time\nx = time.perf_counter()\n"),
        (reads_the_clock, "def f(now, at):\n    return now(), at.date.today()\n"),
        (has_long_functions, "def f():\n" + "    pass\n" * 59),
        (is_a_long_file, "pass\n" * 500),
    ],
)
def test_the_checks_let_pass_what_is_allowed(check: Check, innocent: str) -> None:
    assert check(innocent, "fundapp/intake/planted.py") == []


@pytest.mark.parametrize("room", [*BUSINESS_ROOMS, *LOWER_ROOMS])
def test_a_room_has_the_same_files_as_every_other(room: str) -> None:
    missing = [part for part in ("tables", "rules", "actions", "queries") if not room_files(room, part)]
    assert missing == []


@pytest.mark.parametrize("room", WEB_ROOMS)
def test_a_web_room_has_routes_and_forms(room: str) -> None:
    missing = [part for part in ("routes", "forms") if not room_files(f"web/{room}", part)]
    assert missing == []


def test_rules_know_the_standard_library_quantities_quarters_and_errors_only() -> None:
    files = [path for room in (*BUSINESS_ROOMS, *LOWER_ROOMS) for path in room_files(room, "rules")]
    assert problems(rules_import_too_much, files) == []


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        ("import sqlalchemy\n", ["1: sqlalchemy"]),
        ("from fundapp.core.access import Viewer\n", ["1: fundapp.core.access.Viewer"]),
        ("from fundapp.core import orm\n", ["1: fundapp.core.orm"]),
        ("from .tables import Call\n", ["1: fundapp.intake.tables.Call"]),
        ("from fundapp.core.quarters import Quarter\nimport decimal\n", []),
        ("from fundapp.core import quantities\n", []),
    ],
)
def test_the_rules_check_finds_foreign_imports(planted: str, found: list[str]) -> None:
    assert rules_import_too_much(planted, "fundapp/intake/rules.py") == found
