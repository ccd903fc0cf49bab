"""Exporting a call's applications: CSV, XLSX or Parquet by suffix; CSV and XLSX can be imported again."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.cells import guard_cell
from fundapp.core.errors import InvalidInputError
from fundapp.core.orm import canonical_json
from fundapp.intake.form import Form, Question
from fundapp.intake.newest import is_newest, shown_answers
from fundapp.intake.queries import get_call, visible_to
from fundapp.intake.tables import Application, Call, Company, Submission
from fundapp.intake.tabular import EXPORTED
from fundapp.intake.told import state_shown_to

_WHOLE = frozenset({"integer", "krw", "ticket"})
Cell = str | int | bool | list[Any] | None
"""Rows are written as JSON, which the import reads again."""


def export_applications(
    session: Session, viewer: Viewer, call_code: str, path: Path, *, at: datetime | None = None
) -> int:
    """Write every application of a call that the viewer may see, by number, with the answers that they may read.

    Args:
        session: The session.
        viewer: Who asks; needs the right to export.
        call_code: The call.
        path: `.csv` (UTF-8 with byte-order mark), `.xlsx` or `.parquet`.
        at: Now, when the session may write: the export is then put on record with its file name and row count.

    Returns:
        The number of rows.

    Raises:
        InvalidInputError: for another suffix.
        NotFoundError: if there is no such call, or the viewer may not export.
    """
    require(viewer, Verb.EXPORT, Thing(Kind.APPLICATION))
    write = {".csv": _write_csv, ".xlsx": _write_xlsx, ".parquet": _write_parquet}.get(path.suffix.lower())
    if write is None:
        raise InvalidInputError(
            field="out", reason_ko=".csv, .xlsx, .parquet 가운데 하나", reason_en="one of .csv, .xlsx, .parquet"
        )
    form = get_call(session, call_code).form
    rows = _load(session, viewer, call_code, form)
    write(path, form, rows)
    if at is not None:
        record_event(
            session,
            actor=viewer,
            verb="applications.exported",
            subject_kind="call",
            subject=call_code,
            at=at,
            details={"rows": len(rows), "file": path.name},
        )
    return len(rows)


def _load(session: Session, viewer: Viewer, call_code: str, form: Form) -> list[list[Cell]]:
    query = (
        select(Application.number, state_shown_to(viewer), Company.scheme, Company.identifier, shown_answers(viewer))
        .join(Company, Company.id == Application.company_id)
        .join(Call, Call.id == Application.call_id)
        .outerjoin(Submission, is_newest())
        .where(Call.code == call_code, visible_to(viewer))
        .order_by(Application.number)
    )
    return [
        [number, state, scheme, identifier, *((answers or {}).get(key) for key in form.fields)]
        for number, state, scheme, identifier, answers in session.execute(query)
    ]


def _headers(form: Form) -> list[str]:
    return [*EXPORTED, *form.fields]


def _sheet_text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "예" if cell else "아니오"
    if isinstance(cell, list):
        return guard_cell(canonical_json(cell))
    return guard_cell(cell) if isinstance(cell, str) else str(cell)


def _write_csv(path: Path, form: Form, rows: Sequence[Sequence[Cell]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_headers(form))
        writer.writerows([_sheet_text(cell) for cell in row] for row in rows)


def _write_xlsx(path: Path, form: Form, rows: Sequence[Sequence[Cell]]) -> None:
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, options) as workbook:
        sheet = workbook.add_worksheet("applications")
        sheet.freeze_panes(1, 1)
        for place, name in enumerate(_headers(form)):
            sheet.write_string(0, place, name)
        for line, row in enumerate(rows, start=1):
            for place, cell in enumerate(row):
                if isinstance(cell, int) and not isinstance(cell, bool):
                    sheet.write_number(line, place, cell)
                elif cell is not None:
                    # A text stays text even if the sheet is saved as CSV later and opened again.
                    sheet.write_string(line, place, _sheet_text(cell))


def _write_parquet(path: Path, form: Form, rows: Sequence[Sequence[Cell]]) -> None:
    questions: list[Question | None] = [*([None] * len(EXPORTED)), *form.fields.values()]
    columns = {
        name: _column(question, [row[place] for row in rows])
        for place, (name, question) in enumerate(zip(_headers(form), questions, strict=True))
    }
    pq.write_table(pa.table(columns), path)


def _column(question: Question | None, cells: list[Cell]) -> Any:  # noqa: ANN401 - pyarrow has no types
    kind = "text" if question is None else question.kind
    if kind == "boolean":
        return pa.array([cell if isinstance(cell, bool) else None for cell in cells], pa.bool_())
    if kind in _WHOLE:
        return pa.array([cell if isinstance(cell, int) else None for cell in cells], pa.int64())
    texts = [canonical_json(cell) if isinstance(cell, list) else cell for cell in cells]
    return pa.array([None if text is None else str(text) for text in texts], pa.string())
