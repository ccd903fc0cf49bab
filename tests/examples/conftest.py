"""Reads the example input once for the tests of this folder."""

import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from example_files import Rows, read_rows

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def examples() -> Path:
    return ROOT / "examples"


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory, examples: Path) -> Path:
    """Return a folder that the generator has just written, in a process of its own."""
    out = tmp_path_factory.mktemp("fresh")
    command = [sys.executable, "-B", str(examples / "generate.py"), "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True)
    return out


@pytest.fixture(scope="session")
def applications(examples: Path) -> Rows:
    return read_rows(examples / "applications.csv")


@pytest.fixture(scope="session")
def usage(examples: Path) -> Callable[[str], Rows]:
    return lambda month: read_rows(examples / f"usage/{month}.csv")


@pytest.fixture(scope="session")
def toml(examples: Path) -> Callable[[str], dict[str, Any]]:
    return lambda name: tomllib.loads((examples / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def research() -> Path:
    """Return the folder of outside data that lies beside the checkout, where there is one."""
    folder = ROOT.parent / "shared/data"
    if not folder.is_dir():
        pytest.skip("no ../shared/data beside this checkout")
    return folder
