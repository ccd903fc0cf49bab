"""The docket as a file: what the viewer's own page shows, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response

from fundapp.core.quantities import Quantity, gpu_commodity, round_to_won
from fundapp.web.committee.board import Line
from fundapp.web.shell.downloads import Cell, Column, Form, table_download
from fundapp.web.shell.language import gettext


def docket_sheet(lines: Sequence[Line], name: str, form: Form) -> Response:
    """Return the rows as CSV or XLSX, in full won and exact numbers; sealed figures are empty cells."""
    return table_download(name, _columns(), [_cells(line) for line in lines], form=form)


def _columns() -> list[Column]:
    return [
        Column(gettext("번호")),
        Column(gettext("기업")),
        Column(gettext("제안")),
        Column(gettext("지역")),
        Column(gettext("업종")),
        Column(gettext("연계")),
        Column(gettext("설립일"), "day"),
        Column(gettext("현금 신청"), "won"),
        Column(gettext("GPU 신청")),
        Column(gettext("GPU 신청 합계"), "hours"),
        Column(gettext("GPU 상당액"), "won"),
        Column(gettext("적합도"), "points"),
        Column(gettext("공식 점수"), "points"),
        Column(gettext("평균"), "points"),
        Column(gettext("중앙값"), "points"),
        Column(gettext("절사평균"), "points"),
        Column(gettext("표준편차"), "points"),
        Column(gettext("저장된 심사"), "number"),
        Column(gettext("배정된 심사"), "number"),
        Column(gettext("내 심사")),
        Column(gettext("단계")),
    ]


def _cells(line: Line) -> list[Cell]:
    row = line.row
    figures = row.statistics
    return [
        row.number,
        row.company,
        row.solution_title,
        row.region,
        row.sector,
        " ".join(row.linkages),
        row.founded_on,
        row.requested_krw,
        " ".join(f"{sku} {Quantity(hours, gpu_commodity(sku)).decimal.normalize():f}" for sku, hours in line.gpu),
        row.requested_hours_e4,
        None if line.value_e4 is None else round_to_won(line.value_e4),
        row.score_tenths,
        row.official_tenths,
        figures.mean_tenths if figures else None,
        figures.median_tenths if figures else None,
        figures.trimmed_tenths if figures else None,
        figures.deviation_tenths if figures else None,
        row.reviews_filed,
        row.reviews_assigned,
        row.own_state,
        row.state,
    ]
