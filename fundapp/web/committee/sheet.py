"""The docket as a file: what the viewer's own page shows, and nothing else."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import StringIO

from flask import Response

from fundapp.core.quantities import Quantity, gpu_commodity, round_to_won
from fundapp.web.committee.board import Line
from fundapp.web.shell.language import gettext

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_BOM = "\ufeff"  # spreadsheets take a file without it for the local code page


def docket_sheet(lines: Sequence[Line], file_name: str) -> Response:
    """Return the rows as CSV in UTF-8, full won and plain numbers; sealed figures are empty cells."""
    file = StringIO()
    writer = csv.writer(file)
    writer.writerow(_headers())
    writer.writerows([_harmless(cell) for cell in _cells(line)] for line in lines)
    response = Response(_BOM + file.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return response


def _headers() -> list[str]:
    return [
        gettext("번호"),
        gettext("기업"),
        gettext("제안"),
        gettext("지역"),
        gettext("업종"),
        gettext("연계"),
        gettext("설립일"),
        gettext("현금 신청 (원)"),
        gettext("GPU 신청 (GPU시간)"),
        gettext("GPU 상당액 (원)"),
        gettext("적합도"),
        gettext("절사평균"),
        gettext("표준편차"),
        gettext("저장된 심사"),
        gettext("배정된 심사"),
        gettext("내 심사"),
        gettext("단계"),
    ]


def _cells(line: Line) -> list[str]:
    row = line.row
    figures = row.statistics
    return [
        row.number,
        row.company,
        row.solution_title,
        row.region,
        row.sector,
        " ".join(row.linkages),
        row.founded_on.isoformat() if row.founded_on else "",
        str(row.requested_krw),
        " ".join(f"{sku} {Quantity(hours, gpu_commodity(sku)).decimal.normalize():f}" for sku, hours in line.gpu),
        "" if line.value_e4 is None else str(round_to_won(line.value_e4)),
        _tenths(row.score_tenths),
        _tenths(figures.trimmed_tenths if figures else None),
        _tenths(figures.deviation_tenths if figures else None),
        str(row.reviews_filed),
        str(row.reviews_assigned),
        row.own_state,
        row.state,
    ]


def _tenths(value: int | None) -> str:
    return "" if value is None else f"{value // 10}.{value % 10}"


def _harmless(cell: str) -> str:
    """Keep a spreadsheet from reading a cell as a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
