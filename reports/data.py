"""The report as data: one canonical JSON document, and a CSV and a Parquet file for each table.

Money is whole won, GPU time a decimal string of hours, ratios decimal strings: exact where the figure is exact, so the
same rows give the same bytes on any machine.
"""

import csv
import io
import json
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from importlib import resources
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from reports.charts import Chart
from reports.figures import Figure, Figures
from reports.formats import E4, Locale
from reports.sections.model import Cell, Kind, Section, Table, kind_of

SCHEMA_ID = "ax-fund-report/1"
_RATIO_PLACES = Decimal("0.00000001")
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def ratio_text(value: Fraction | float) -> str:
    """A ratio with eight decimals, the same on every machine."""
    exact = Fraction(value)
    return str((Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(_RATIO_PLACES, ROUND_HALF_EVEN))


def schema() -> dict[str, Any]:
    """The JSON Schema of the document."""
    text = resources.files("reports").joinpath("templates", "report.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def headline(figures: Figures) -> dict[str, int | str | None]:
    """The figures by name: won as integers, ratios as decimal strings, None where there is none to print."""
    return {figure.key: _figure_value(figure) for figure in figures.listed}


def _figure_value(figure: Figure) -> int | str | None:
    if figure.value is None:
        return None
    return figure.value if isinstance(figure.value, int) and figure.unit == "KRW" else ratio_text(figure.value)


def document(
    figures: Figures, sections: tuple[Section, ...], charts: dict[str, Chart], sha256: str, locale: Locale
) -> dict[str, Any]:
    """The whole report as plain JSON values."""
    rows = figures.rows
    return {
        "schema": SCHEMA_ID,
        "locale": locale,
        "fund": {
            "name_ko": rows.fund.name_ko,
            "name_en": rows.fund.name_en,
            "currency": rows.fund.currency,
            "legal_form": rows.fund.legal_form,
            "recognition_policy": rows.fund.recognition_policy,
        },
        "quarter": rows.quarter.code,
        "starts_on": rows.quarter.starts_on.isoformat(),
        "ends_on": rows.quarter.ends_on.isoformat(),
        "as_of": rows.as_of.isoformat(),
        "version": rows.version,
        "status": rows.status,
        "inputs_sha256": sha256,
        "figures": {
            figure.key: {
                "value": _figure_value(figure),
                "unit": figure.unit,
                "reason": figure.reason,
                "references": list(figure.references),
            }
            for figure in figures.listed
        },
        "sections": [_section(section) for section in sections],
        "charts": {
            key: {"title": chart.title, "sentence": chart.sentence, "table": chart.table}
            for key, chart in charts.items()
        },
    }


def to_json(value: dict[str, Any]) -> bytes:
    """Canonical bytes: sorted keys, two spaces, one final newline."""
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=2) + "\n").encode()


def _section(section: Section) -> dict[str, Any]:
    return {
        "number": section.number,
        "key": section.key,
        "title": section.title,
        "paragraphs": list(section.paragraphs),
        "charts": list(section.charts),
        "listings": [{"key": part.key, "title": part.title, "items": list(part.items)} for part in section.listings],
        "tables": [_table(table) for table in section.tables],
    }


def _table(table: Table) -> dict[str, Any]:
    return {
        "key": table.key,
        "title": table.title,
        "columns": [{"key": c.key, "label": c.label, "kind": c.kind} for c in table.columns],
        "rows": [
            {
                "key": row.key,
                "cells": {
                    column.key: plain(cell, kind_of(row, column))
                    for column, cell in zip(table.columns, row.cells, strict=True)
                },
                "references": list(row.references),
            }
            for row in table.rows
        ],
        "footnotes": list(table.footnotes),
    }


def plain(cell: Cell, kind: Kind) -> int | str | None:
    """A cell as an exact JSON value: integers for won and counts, strings for hours, ratios and dates."""
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, date):
        return cell.isoformat()
    if kind in {"hours_e4", "krw_e4"}:
        return f"{Decimal(int(cell)) / E4:.4f}"
    if kind in {"ratio", "percent"}:
        return ratio_text(cell)
    return int(cell)


def to_csv(table: Table) -> bytes:
    """A table as CSV: UTF-8 with byte order mark for spreadsheets, no cell that a spreadsheet would run."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([safe_text(column.label) for column in table.columns])
    for row in table.rows:
        cells = []
        for column, cell in zip(table.columns, row.cells, strict=True):
            value = plain(cell, kind_of(row, column))
            # Only words can be dangerous: a minus before digits is a number and must stay one.
            cells.append(safe_text(value) if isinstance(cell, str) else "" if value is None else value)
        writer.writerow(cells)
    return b"\xef\xbb\xbf" + buffer.getvalue().encode()


_ARROW: dict[Kind, pa.DataType] = {
    "krw": pa.int64(),
    "count": pa.int64(),
    "days": pa.int64(),
    "krw_e4": pa.decimal128(38, 4),
    "hours_e4": pa.decimal128(38, 4),
    "ratio": pa.decimal128(38, 8),
    "percent": pa.decimal128(38, 8),
    "date": pa.date32(),
    "text": pa.string(),
}


def to_parquet(table: Table) -> bytes:
    """A table as Parquet, exact like the CSV: a column in which a word stands or units differ is text."""
    fields, arrays = [], []
    for place, column in enumerate(table.columns):
        cells = [(row.cells[place], kind_of(row, column)) for row in table.rows]
        plain_words = any(isinstance(cell, str) for cell, _ in cells) and column.kind != "text"
        alike = not plain_words and all(kind == column.kind for _, kind in cells)
        kind: Kind = column.kind if alike else "text"
        fields.append(pa.field(column.key, _ARROW[kind], metadata={"label": column.label, "kind": kind}))
        arrays.append(pa.array([_arrow(cell, its, kind) for cell, its in cells], type=_ARROW[kind]))
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, schema=pa.schema(fields)), buffer)
    return buffer.getvalue()


def _arrow(cell: Cell, kind: Kind, column: Kind) -> int | str | date | Decimal | None:
    if cell is None or isinstance(cell, date):
        return cell.isoformat() if isinstance(cell, date) and column == "text" else cell
    value = plain(cell, kind)
    if column == "text":
        return None if value is None else str(value)
    return Decimal(value) if isinstance(value, str) else value


def safe_text(text: int | str | None) -> str:
    """Text with an apostrophe before a sign that spreadsheets take for a formula."""
    words = "" if text is None else str(text)
    return f"'{words}" if words.startswith(_DANGEROUS) else words
