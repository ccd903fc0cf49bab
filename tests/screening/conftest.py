"""An open call with the example applications in it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from fundapp.core.access import SYSTEM
from fundapp.core.sessions import Database
from fundapp.intake.actions import open_call
from fundapp.intake.call_file import read_call_file
from fundapp.intake.importing import import_applications

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture
def examples() -> Path:
    return EXAMPLES


@pytest.fixture
def call(db: Database, at: datetime) -> str:
    """The code of an open call with 114 submitted applications."""
    file = read_call_file(EXAMPLES / "calls" / "2026-1.toml")
    opened = db.transaction(
        lambda session: open_call(session, actor=SYSTEM, at=at, document=file.document, text=file.text)
    )
    import_applications(db, EXAMPLES / "applications.csv", call_code=opened.code, actor=SYSTEM, at=at)
    return opened.code
