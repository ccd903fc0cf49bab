"""Drawing machine against committee: one dot an application, and lines where each begins to say fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fundapp.committee.queries.agreement import PairRow
from fundapp.screening.agreement import FITS_TENTHS

SIDE, LEFT, TOP = 300, 44, 12
_FULL = 1000


@dataclass(frozen=True, slots=True)
class Dot:
    """One application; `tone` is both, machine, committee or neither: who says fit."""

    x: float
    y: float
    tone: str


@dataclass(frozen=True, slots=True)
class Scatter:
    """The drawing. `across` is where the machine, `up` where the committee begins to say fit."""

    dots: tuple[Dot, ...]
    across: float
    up: float
    ticks: tuple[tuple[float, float, int], ...]


def draw_agreement(rows: Sequence[PairRow], score_from: int) -> Scatter:
    """Draw pairs; both axes run from 0 to 100 points."""
    return Scatter(
        tuple(Dot(_x(row.pair.score_tenths), _y(row.pair.rating_tenths), tone_of(row, score_from)) for row in rows),
        _x(min(score_from, _FULL)),
        _y(FITS_TENTHS),
        tuple((_x(tenths), _y(tenths), tenths // 10) for tenths in range(0, _FULL + 1, 200)),
    )


def tone_of(row: PairRow, score_from: int) -> str:
    """Say who calls an application fit."""
    machine = row.pair.score_tenths >= score_from
    if machine == row.pair.fits:
        return "both" if machine else "neither"
    return "machine" if machine else "committee"


def _x(tenths: int) -> float:
    return LEFT + SIDE * tenths / _FULL


def _y(tenths: int) -> float:
    return TOP + SIDE - SIDE * tenths / _FULL
