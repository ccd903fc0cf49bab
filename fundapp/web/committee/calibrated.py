"""Drawing severities and places, and the calibration as a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fundapp.committee.queries import CalibratedRow, CalibrationPage
from fundapp.committee.queries.calibration import SeverityRow
from fundapp.committee.rules import Official
from fundapp.web.shell.downloads import Cell, Column
from fundapp.web.shell.language import gettext

KINDS: tuple[Official, ...] = ("raw", "trimmed", "adjusted")
WIDTH, LINE, TOP = 480, 24, 26
_LEFT, _RIGHT = 104, 444
_LEAST = 50
_SLOPE_STEP, _SLOPE_TOP = 15, 26
_SHOWN = 24
_COLUMNS = (150, 250, 350)


@dataclass(frozen=True, slots=True)
class SeverityMark:
    """One reviewer in the drawing: where the plain severity stands, and where the shrunk one does."""

    row: SeverityRow
    y: float
    own: float
    shrunk: float


@dataclass(frozen=True, slots=True)
class SeverityPlot:
    """Severities around the middle line; `edge_tenths` is what the left and right end stand for."""

    height: int
    zero: float
    edge_tenths: int
    marks: tuple[SeverityMark, ...]


@dataclass(frozen=True, slots=True)
class Slope:
    """One application from its place by the mean to its place by the two other scores."""

    row: CalibratedRow
    points: tuple[tuple[float, float], ...]
    moves: bool


@dataclass(frozen=True, slots=True)
class SlopePlot:
    """Places side by side; what stands lower by every score is left out."""

    height: int
    columns: tuple[tuple[int, Official], ...]
    slopes: tuple[Slope, ...]
    shown: int


def draw_severities(rows: Sequence[SeverityRow]) -> SeverityPlot:
    """Draw how far each reviewer stands from colleagues, severe to the left and kind to the right."""
    edge = max([_LEAST, *(abs(value) for row in rows for value in (row.own_tenths, row.shrunk_tenths))])
    edge = -(-edge // _LEAST) * _LEAST
    middle = (_LEFT + _RIGHT) / 2

    def across(tenths: int) -> float:
        return round(middle + (_RIGHT - _LEFT) / 2 * tenths / edge, 1)

    marks = tuple(
        SeverityMark(row, TOP + LINE * place + LINE / 2, across(row.own_tenths), across(row.shrunk_tenths))
        for place, row in enumerate(rows)
    )
    return SeverityPlot(TOP + LINE * len(rows) + 6, middle, edge, marks)


def draw_places(rows: Sequence[CalibratedRow]) -> SlopePlot:
    """Draw how places change from score to score, for the first ones by any of them.

    Each column lists exactly these, one below the other: equal places and far ones have a line of their own too.
    """
    near = [row for row in rows if min(row.places.values()) <= _SHOWN]
    lines = {
        kind: {row.number: line for line, row in enumerate(sorted(near, key=lambda row: row.places[kind]), 1)}
        for kind in KINDS
    }
    slopes = tuple(
        Slope(
            row,
            tuple(
                (float(x), _SLOPE_TOP + _SLOPE_STEP * lines[kind][row.number])
                for x, kind in zip(_COLUMNS, KINDS, strict=True)
            ),
            moves=len(set(row.places.values())) > 1,
        )
        for row in near
    )
    columns = tuple(zip(_COLUMNS, KINDS, strict=True))
    return SlopePlot(_SLOPE_TOP + _SLOPE_STEP * (len(near) + 1), columns, slopes, min(_SHOWN, len(rows)))


def calibration_columns() -> list[Column]:
    """Return the columns of the file."""
    return [
        Column(gettext("번호")),
        Column(gettext("기업")),
        Column(gettext("심사 수"), "number"),
        Column(gettext("평균")),
        Column(gettext("절사평균")),
        Column(gettext("엄격도 보정")),
        Column(gettext("공식 점수")),
        Column(gettext("평균 순위"), "number"),
        Column(gettext("절사평균 순위"), "number"),
        Column(gettext("엄격도 보정 순위"), "number"),
        Column(gettext("경고")),
    ]


def calibration_cells(page: CalibrationPage) -> Iterator[list[Cell]]:
    """Return the rows of the file; a doubtful adjustment says so in every line, for lines travel alone."""
    doubt = gettext("표본이 작아 엄격도 보정을 믿기 어려움") if page.model and page.model.doubtful else ""
    for row in page.rows:
        scores = row.scores
        yield [
            row.number,
            row.company,
            row.reviews,
            *(_points(scores.of(kind)) for kind in KINDS),
            _points(scores.of(page.official)),
            *(row.places[kind] for kind in KINDS),
            doubt,
        ]


def _points(tenths: int) -> str:
    return f"{tenths // 10}.{tenths % 10}"
