"""Lists as files: the same rows as on the page, all of them and in full figures, for a spreadsheet.

A list's page answers `?download=csv` and `?download=xlsx` with every row that its filters leave and the viewer may
see; templates offer both with `tables.downloads()`. Amounts arrive in minor units, as everywhere, and leave exact.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any, Literal
from urllib.parse import quote

import xlsxwriter
from flask import Response, request

from fundapp.core.cells import guard_cell
from fundapp.core.errors import NotFoundError
from fundapp.core.quarters import KST
from fundapp.web.shell.clock import now
from fundapp.web.shell.language import gettext

Form = Literal["csv", "xlsx"]
ColumnKind = Literal["text", "number", "won", "hours", "value", "share", "points", "day", "instant"]
Cell = str | int | date | datetime | None

_TYPES: dict[Form, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_SCALES: dict[ColumnKind, int] = {"hours": 4, "value": 4, "share": 3, "points": 1}
_FORMATS: dict[ColumnKind, str] = {
    "number": "#,##0",
    "won": "#,##0",
    "hours": "#,##0.0000",
    "value": "#,##0.0000",
    "share": "0.0%",
    "points": "0.0",
    "day": "yyyy-mm-dd",
    "instant": "yyyy-mm-dd hh:mm:ss",
}
_NARROWEST = 8
_A4 = 9
_ONE_PAGE_WIDE = 12  # columns; more would be too small to read
_WIDEST = 60
_WIDE_CHARACTERS = 0x1100  # Hangul and what follows takes two columns of a fixed-width digit


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file.

    Attributes:
        title: Its heading, in the reader's language.
        kind: What its cells are: `text`; `number` and `won`, whole; `hours` in ten-thousandths of a GPU-hour and
            `value` in ten-thousandths of a won (four decimals in the file); `share` in permille; `points`, in
            tenths; `day`, a date;
            `instant`, a time with zone, written in Korean standard time. An empty cell is None.
    """

    title: str
    kind: ColumnKind = "text"

    @property
    def heading(self) -> str:
        """The title, with what a reader of the file alone cannot know: unit or zone."""
        units = {
            "won": gettext("원"),
            "hours": gettext("GPU시간"),
            "value": gettext("원 상당"),
            "instant": "KST",
        }
        return f"{self.title} ({units[self.kind]})" if self.kind in units else self.title


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table of a workbook.

    Attributes:
        title: On its tab, in the reader's language, at most 31 characters; empty for a workbook of one.
        columns: What stands in each place of a row.
        rows: The cells, in the columns' order.
    """

    title: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Cell]]


def asked_download() -> Form | None:
    """Return the kind of file that the request asks for, or None for the page itself.

    Raises:
        NotFoundError: for a kind that we do not write.
    """
    asked = request.args.get("download")
    if asked is None:
        return None
    if asked not in _TYPES:
        raise NotFoundError
    return asked


def table_download(name: str, columns: Sequence[Column], rows: Iterable[Sequence[Cell]], *, form: Form) -> Response:
    """Return rows as a file that is saved, never shown, and never kept by a cache.

    Args:
        name: The file's name without suffix, Korean welcome; today's date is added.
        columns: What stands in each place of a row.
        rows: The cells, in the columns' order.
        form: `csv` (UTF-8 with byte-order mark) or `xlsx`.

    Raises:
        ValueError: if a row has more or fewer cells than there are columns.
    """
    body = _csv(columns, rows) if form == "csv" else _xlsx([Sheet("", columns, rows)])
    return _saved(name, body, form)


def book_download(name: str, sheets: Sequence[Sheet]) -> Response:
    """Return several tables as one workbook, a sheet each, likewise.

    Args:
        name: The file's name without suffix; today's date is added.
        sheets: In the order of their tabs.
    """
    return _saved(name, _xlsx(sheets), "xlsx")


def _saved(name: str, body: bytes, form: Form) -> Response:
    day = f"{now().astimezone(KST):%Y%m%d}"
    full = quote(f"{name}-{day}.{form}", safe="")
    response = Response(body, content_type=_TYPES[form])
    # The first name is for programs that know no RFC 6266.
    response.headers["Content-Disposition"] = f"attachment; filename=\"list-{day}.{form}\"; filename*=UTF-8''{full}"
    response.headers["Cache-Control"] = "no-store"
    return response


def _csv(columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> bytes:
    file = StringIO()
    writer = csv.writer(file)
    writer.writerow([guard_cell(column.heading) for column in columns])
    writer.writerows([_written(cell, column) for cell, column in zip(row, columns, strict=True)] for row in rows)
    return b"\xef\xbb\xbf" + file.getvalue().encode()


def _written(cell: Cell, column: Column) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return guard_cell(cell)
    if isinstance(cell, datetime):
        return f"{cell.astimezone(KST):%Y-%m-%d %H:%M:%S}"
    if isinstance(cell, date):
        return cell.isoformat()
    scale = _SCALES.get(column.kind, 0)
    return f"{Decimal(cell).scaleb(-scale):.{scale}f}"


def _xlsx(sheets: Sequence[Sheet]) -> bytes:
    file = BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as workbook:
        for one in sheets:
            _write_sheet(workbook, one)
    return file.getvalue()


def _write_sheet(workbook: xlsxwriter.Workbook, one: Sheet) -> None:
    sheet = workbook.add_worksheet(one.title or None)
    sheet.freeze_panes(1, 1)
    sheet.set_landscape()
    sheet.set_paper(_A4)
    if len(one.columns) <= _ONE_PAGE_WIDE:
        sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    bold = workbook.add_format({"bold": True, "bottom": 1})
    formats = [workbook.add_format({"num_format": _FORMATS.get(column.kind, "@")}) for column in one.columns]
    widths = [_width(column.heading) for column in one.columns]
    for place, column in enumerate(one.columns):
        sheet.write_string(0, place, guard_cell(column.heading), bold)
    for line, row in enumerate(one.rows, start=1):
        for place, (cell, column) in enumerate(zip(row, one.columns, strict=True)):
            _write(sheet, (line, place), cell, column, formats[place])
            widths[place] = max(widths[place], _width(_written(cell, column)))
    for place, width in enumerate(widths):
        sheet.set_column(place, place, min(max(width + 2, _NARROWEST), _WIDEST))


def _write(sheet: Any, at: tuple[int, int], cell: Cell, column: Column, style: Any) -> None:  # noqa: ANN401 - untyped
    if cell is None:
        return
    if isinstance(cell, str):
        # A text stays text even if the sheet is saved as CSV later and opened again.
        sheet.write_string(*at, guard_cell(cell), style)
    elif isinstance(cell, datetime):
        sheet.write_datetime(*at, cell.astimezone(KST).replace(tzinfo=None), style)
    elif isinstance(cell, date):
        sheet.write_datetime(*at, cell, style)
    else:
        sheet.write_number(*at, Decimal(cell).scaleb(-_SCALES.get(column.kind, 0)), style)


def _width(text: str) -> int:
    return sum(2 if ord(character) >= _WIDE_CHARACTERS else 1 for character in text)
