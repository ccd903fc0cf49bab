"""Files and an open call for the tests of intake."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest
from intake_samples import EXAMPLES, WriteCsv

from fundapp.core.access import SYSTEM
from fundapp.core.sessions import Database
from fundapp.intake.actions import open_call
from fundapp.intake.call_file import read_call_file
from fundapp.intake.form import Form, parse_form


@pytest.fixture
def write_csv(tmp_path: Path) -> WriteCsv:
    """Write rows to a CSV file; columns are those of the first row."""

    def write(rows: Sequence[dict[str, str]], *, name: str = "applications.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        with path.open("w", encoding=encoding, newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return path

    return write


@pytest.fixture(scope="session")
def form() -> Form:
    """The example call's form."""
    return parse_form(read_call_file(EXAMPLES / "calls" / "2026-1.toml").document)


@pytest.fixture
def call(db: Database, at: datetime) -> str:
    """The example call, open."""
    file = read_call_file(EXAMPLES / "calls" / "2026-1.toml")
    opened = db.transaction(
        lambda session: open_call(session, actor=SYSTEM, at=at, document=file.document, text=file.text)
    )
    return opened.code
