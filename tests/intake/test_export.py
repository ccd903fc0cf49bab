"""Exports can be imported again, and change nothing."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from intake_samples import CALL, EXAMPLES
from sqlalchemy import select

from fundapp.audit.tables import AuditEvent
from fundapp.core.access import SYSTEM
from fundapp.core.cells import guard_cell, unguard_cell
from fundapp.core.errors import InvalidInputError
from fundapp.core.sessions import Database
from fundapp.intake.exporting import export_applications
from fundapp.intake.importing import import_applications


@pytest.fixture
def filled(db: Database, call: str, at: datetime) -> Database:
    import_applications(db, EXAMPLES / "applications.csv", call_code=CALL, actor=SYSTEM, at=at)
    return db


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_an_export_imported_again_changes_nothing(filled: Database, at: datetime, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out.{suffix}"
    assert filled.transaction(lambda session: export_applications(session, SYSTEM, CALL, path, at=at)) == 114
    result = import_applications(filled, path, call_code=CALL, actor=SYSTEM, at=at)
    assert (result.read, result.unchanged, result.rejected, result.ignored_columns) == (114, 114, (), ())


def test_a_workbook_keeps_identifiers_as_text_and_amounts_as_numbers(filled: Database, tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    with filled.read() as session:
        export_applications(session, SYSTEM, CALL, path)
    sheet = openpyxl.load_workbook(path).worksheets[0]
    headers = [cell.value for cell in sheet[1]]
    number, amount = sheet[2][headers.index("business_number")], sheet[2][headers.index("requested_krw")]
    assert (number.data_type, amount.data_type) == ("s", "n")
    assert not any(cell.data_type == "f" for cells in sheet.iter_rows() for cell in cells)


def test_parquet_has_typed_columns(filled: Database, tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    with filled.read() as session:
        assert export_applications(session, SYSTEM, CALL, path) == 114
    schema = pq.read_schema(path)
    kinds = [str(schema.field(name).type) for name in ("business_number", "requested_krw", "tax_arrears")]
    assert kinds == ["string", "int64", "bool"]


def test_an_export_is_on_record(filled: Database, at: datetime, tmp_path: Path) -> None:
    filled.transaction(lambda session: export_applications(session, SYSTEM, CALL, tmp_path / "a.csv", at=at))
    with filled.read() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.verb == "applications.exported")).one()
    assert event.details == {"rows": 114, "file": "a.csv"}


def test_another_suffix_is_refused(filled: Database, tmp_path: Path) -> None:
    with filled.read() as session, pytest.raises(InvalidInputError):
        export_applications(session, SYSTEM, CALL, tmp_path / "out.ods")


@given(st.text(alphabet="'=+-@\t\r\nab1＝", max_size=8))
def test_disarming_a_cell_is_undone_exactly(text: str) -> None:
    guarded = guard_cell(text)
    assert unguard_cell(guarded) == text
    assert guarded[:1] not in set("=+-@\t\r\n＝")
