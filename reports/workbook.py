"""The workbook: a sheet for each section, live formulas with the stored value beside them, ready to print.

Cells hold whole won and exact hours, not the rounded figures of the page. Text is always written as text, so a company
name that begins with `=` stays a name.
"""

import re
from datetime import date, datetime
from fractions import Fraction
from io import BytesIO

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from reports.charts.palette import LIGHT
from reports.figures import Figures
from reports.formats import E4, Locale, Scale, quarter_name, say
from reports.sections.model import Cell, Formula, Kind, Section, Table, kind_of, unit_label

_NUMBER_FORMATS: dict[Kind, str] = {
    "krw": "#,##0;−#,##0",
    "krw_e4": "#,##0.0000;−#,##0.0000",
    "hours_e4": "#,##0.0000;−#,##0.0000",
    "ratio": '0.00"x";−0.00"x"',
    "percent": "0.0%;−0.0%",
    "count": "#,##0",
    "days": "#,##0",
    "date": "yyyy-mm-dd",
    "text": "@",
}
_WON = Scale(1, 0, "KRW")
_REFERENCE = re.compile(r"\[([^\]@]+)(?:@([^\]:]+)(?::([^\]]+))?)?\]")
_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")
_LONGEST_SHEET_NAME = 31
_A4 = 9


def render_workbook(figures: Figures, sections: tuple[Section, ...], sha256: str, locale: Locale) -> bytes:
    """The report as XLSX bytes, the same for the same rows."""
    buffer = BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "constant_memory": False, "strings_to_formulas": False})
    rows = figures.rows
    made = datetime(rows.as_of.year, rows.as_of.month, rows.as_of.day)  # noqa: DTZ001 - the format knows no zone
    fund = say(locale, rows.fund.name_ko, rows.fund.name_en)
    name = quarter_name(rows.quarter.code, locale)
    title = say(locale, f"{fund} {name} 보고서", f"{fund} report for {name}")
    book.set_properties({"title": title, "author": fund, "comments": f"SHA-256 {sha256}", "created": made})
    writer = _Writer(book, locale, f"SHA-256 {sha256[:12]}")
    for section in sections:
        writer.section(section, title)
    writer.checks(say(locale, "검산", "Checks"))
    book.close()
    return buffer.getvalue()


class _Writer:
    """Writes sections one after another and remembers where each live formula went."""

    def __init__(self, book: xlsxwriter.Workbook, locale: Locale, mark: str) -> None:
        self._book = book
        self._locale = locale
        self._mark = mark
        self._formats: dict[tuple[str, bool], Format] = {}
        self._live: list[tuple[str, str, int | float]] = []

    def _format(self, kind: str, *, strong: bool = False) -> Format:
        key = (kind, strong)
        if key not in self._formats:
            made = self._book.add_format({"font_size": 10, "valign": "vcenter", "bold": strong})
            if kind == "title":
                made.set_font_size(14)
            elif kind == "heading":
                made.set_font_color(LIGHT["fill"])
                made.set_font_size(11)
            elif kind == "header":
                made.set_bg_color(LIGHT["canvas"])
                made.set_bottom(1)
                made.set_text_wrap()
            elif kind == "note":
                made.set_font_color(LIGHT["ink-2"])
                made.set_font_size(9)
            else:
                made.set_num_format(_NUMBER_FORMATS[kind])  # type: ignore[index]
                made.set_bottom(4)
                made.set_bottom_color(LIGHT["line"])
            self._formats[key] = made
        return self._formats[key]

    def section(self, section: Section, title: str) -> None:
        """One sheet: title, then tables one under the other, then lists."""
        name = _FORBIDDEN.sub(" ", f"{section.number}. {section.title}")[:_LONGEST_SHEET_NAME]
        sheet = self._book.add_worksheet(name)
        _set_up_page(sheet, title, self._mark)
        sheet.write_string(0, 0, f"{section.number}. {section.title}", self._format("title", strong=True))
        sheet.write_string(1, 0, title, self._format("note"))
        sheet.freeze_panes(2, 1)
        sheet.repeat_rows(0, 1)
        sheet.set_column(0, 0, 26)
        sheet.set_column(1, 12, 17)
        row = 3
        for paragraph in section.paragraphs:
            sheet.write_string(row, 0, paragraph, self._format("note"))
            row += 1
        for table in section.tables:
            row = self._table(sheet, name, table, row + 1)
        for listing in section.listings:
            sheet.write_string(row + 1, 0, listing.title, self._format("heading", strong=True))
            for offset, item in enumerate(listing.items):
                sheet.write_string(row + 2 + offset, 0, item, self._format("text"))
            row += 2 + len(listing.items)

    def _table(self, sheet: Worksheet, sheet_name: str, table: Table, top: int) -> int:
        sheet.write_string(top, 0, table.title, self._format("heading", strong=True))
        for index, column in enumerate(table.columns):
            unit = unit_label(column, _WON, self._locale)
            label = f"{column.label} ({unit})" if unit else column.label
            sheet.write_string(top + 1, index, label, self._format("header", strong=True))
        first = top + 2
        places = {row.key: first + offset for offset, row in enumerate(table.rows)}
        columns = {column.key: index for index, column in enumerate(table.columns)}
        live = {(formula.row, formula.column): formula for formula in table.formulas}
        for row in table.rows:
            for index, (column, cell) in enumerate(zip(table.columns, row.cells, strict=True)):
                kind = kind_of(row, column)
                shape = self._format(kind, strong=row.strong)
                formula = live.get((row.key, column.key))
                if formula is not None and isinstance(cell, int | float | Fraction):
                    self._formula(
                        sheet, sheet_name, (places[row.key], index), formula, (places, columns), cell, kind, shape
                    )
                else:
                    _write(sheet, places[row.key], index, cell, kind, shape)
        if table.rows:
            self._name(table, sheet_name, first, first + len(table.rows) - 1)
        row_number = first + len(table.rows)
        notes = table.footnotes if table.rows else (table.empty,)
        for offset, note in enumerate(notes):
            sheet.write_string(row_number + offset, 0, note, self._format("note"))
        return row_number + len(notes)

    def _formula(
        self,
        sheet: Worksheet,
        sheet_name: str,
        at: tuple[int, int],
        formula: Formula,
        index: tuple[dict[str, int], dict[str, int]],
        cell: float | Fraction,
        kind: Kind,
        shape: Format,
    ) -> None:
        places, columns = index

        def address(match: re.Match[str]) -> str:
            column = columns[match[1]]
            start = xl_rowcol_to_cell(places[match[2]] if match[2] else at[0], column)
            return f"{start}:{xl_rowcol_to_cell(places[match[3]], column)}" if match[3] else start

        stored = _number(cell, kind)
        sheet.write_formula(at[0], at[1], "=" + _REFERENCE.sub(address, formula.expression), shape, stored)
        where = f"'{sheet_name}'!{xl_rowcol_to_cell(at[0], at[1], row_abs=True, col_abs=True)}"
        self._live.append((f"{formula.row}.{formula.column}", where, stored))

    def _name(self, table: Table, sheet_name: str, first: int, last: int) -> None:
        start = xl_rowcol_to_cell(first, 0, row_abs=True, col_abs=True)
        end = xl_rowcol_to_cell(last, len(table.columns) - 1, row_abs=True, col_abs=True)
        safe = re.sub(r"\W", "_", table.key)
        self._book.define_name(f"table_{safe}", f"='{sheet_name}'!{start}:{end}")

    def checks(self, name: str) -> None:
        """The last sheet: every live formula beside the value that was stored, and their difference."""
        sheet = self._book.add_worksheet(name)
        _set_up_page(sheet, name, self._mark)
        labels = (
            say(self._locale, "셀", "Cell"),
            say(self._locale, "항목", "Figure"),
            say(self._locale, "저장된 값", "Stored"),
            say(self._locale, "산식 값", "Formula"),
            say(self._locale, "차이", "Difference"),
        )
        for index, label in enumerate(labels):
            sheet.write_string(0, index, label, self._format("header", strong=True))
        sheet.freeze_panes(1, 0)
        sheet.repeat_rows(0)
        sheet.set_column(0, 1, 34)
        sheet.set_column(2, 4, 20)
        shape = self._book.add_format({"num_format": "#,##0.000000;−#,##0.000000", "font_size": 10})
        for row, (figure, where, stored) in enumerate(self._live, 1):
            sheet.write_string(row, 0, where)
            sheet.write_string(row, 1, figure)
            sheet.write_number(row, 2, stored, shape)
            sheet.write_formula(row, 3, f"={where}", shape, stored)
            sheet.write_formula(row, 4, f"=ROUND(D{row + 1}-C{row + 1},6)", shape, 0)


def _set_up_page(sheet: Worksheet, title: str, mark: str) -> None:
    sheet.set_paper(_A4)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(0.5, 0.5, 0.7, 0.7)
    # An ampersand opens a code in a footer, so the report's own is doubled.
    sheet.set_footer(f"&L{title.replace('&', '&&')}&C{mark}&R&P / &N")


def _number(cell: float | Fraction, kind: Kind) -> int | float:
    if kind in {"krw_e4", "hours_e4"}:
        return float(Fraction(cell) / E4)
    return cell if isinstance(cell, int) else float(cell)


def _write(sheet: Worksheet, row: int, column: int, cell: Cell, kind: Kind, shape: Format) -> None:
    if isinstance(cell, str):
        sheet.write_string(row, column, cell, shape)
    elif isinstance(cell, date):
        sheet.write_datetime(row, column, cell, shape)
    elif cell is None:
        sheet.write_blank(row, column, None, shape)
    else:
        sheet.write_number(row, column, _number(cell, kind), shape)
