"""The same rows on another machine: another time zone, other words of the system, another order of hashing."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from invented_fund import sixth_quarter

from reports import build

BUILD = """
import sys
sys.path.insert(0, sys.argv[1])
from invented_fund import sixth_quarter
from reports import build
build(sixth_quarter(), sys.argv[2])
"""
MACHINES = {
    "behind Seoul": {"TZ": "America/New_York", "LC_ALL": "C", "PYTHONHASHSEED": "1"},
    "ahead of Seoul": {"TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "4294967295"},
}


def digests(folder: Path) -> dict[str, str]:
    """The hash of every file under a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("here")
    build(sixth_quarter(), folder)
    return digests(folder)


@pytest.mark.parametrize("machine", list(MACHINES))
def test_every_file_of_a_report_has_the_same_bytes_on_another_machine(
    machine: str, here: dict[str, str], tmp_path: Path
) -> None:
    command = [sys.executable, "-c", BUILD, str(Path(__file__).parent), str(tmp_path / "there")]
    subprocess.run(command, check=True, cwd=tmp_path, env=os.environ | MACHINES[machine], timeout=300)
    there = digests(tmp_path / "there")
    assert {suffix for name in there if (suffix := Path(name).suffix)} == {".pdf", ".xlsx", ".json", ".csv", ".parquet"}
    assert there == here
