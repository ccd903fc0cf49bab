"""How busy GPUs were, drawn day by day, and a grant's days as rows of a file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from fundapp.portfolio.queries import GrantPage, UtilisationRow
from fundapp.web.shell.downloads import Cell, Column
from fundapp.web.shell.formats import hours, percent
from fundapp.web.shell.language import current_locale, gettext

WIDTH, HEIGHT, LEFT, TOP = 400, 120, 40, 8
_FULL = 1000
_GOOD = (650, 900)
"""Between these, GPUs are well used: below they wait for work, above work waits for them."""
_TICKS = 4


@dataclass(frozen=True, slots=True)
class UtilisationShown:
    """Utilisation drawn: one path a run of days that were measured, and bars where GPUs stood idle."""

    finding: str
    lines: tuple[str, ...]
    dots: tuple[tuple[str, str], ...]
    idle_bars: tuple[tuple[str, str, str, str], ...]
    y_ticks: tuple[tuple[str, str], ...]
    x_ticks: tuple[tuple[str, str], ...]
    band: tuple[str, str]
    billed_e4: int
    observed_e4: int
    idle_e4: int
    unknown_e4: int


@dataclass(frozen=True, slots=True)
class _Place:
    """Where days and shares stand in the drawing."""

    first: date
    days: int

    def across(self, day: date) -> Fraction:
        return LEFT + Fraction((WIDTH - LEFT) * (day - self.first).days, self.days)

    def x(self, day: date) -> str:
        return f"{float(self.across(day)):.1f}"

    def y(self, permille: int) -> str:
        return f"{float(TOP + Fraction(HEIGHT * (_FULL - permille), _FULL)):.1f}"


def show_utilisation(rows: Sequence[UtilisationRow]) -> UtilisationShown | None:
    """Draw how busy GPUs were, day by day; None when no day was measured."""
    measured = [row for row in rows if row.busy_permille is not None]
    if not measured:
        return None
    place = _Place(rows[0].utc_day, max(1, (rows[-1].utc_day - rows[0].utc_day).days))
    runs = _runs(measured)
    seen = sum(row.observed_e4 for row in measured)
    busy = sum(row.observed_e4 * (row.busy_permille or 0) for row in measured) // max(1, seen)
    idle = sum(row.idle_e4 for row in rows)
    tick_days = [place.first + timedelta(days=place.days * step // (_TICKS - 1)) for step in range(_TICKS)]
    return UtilisationShown(
        finding=gettext(
            "GPU 사용률. 측정한 시간의 평균 %(busy)s, 유휴 %(idle)s.",
            busy=percent(busy, _FULL, 0),
            idle=hours(idle, current_locale()),
        ),
        lines=tuple(
            "M" + "L".join(f"{place.x(row.utc_day)} {place.y(row.busy_permille or 0)}" for row in run)
            for run in runs
            if len(run) > 1
        ),
        dots=tuple((place.x(run[-1].utc_day), place.y(run[-1].busy_permille or 0)) for run in runs),
        idle_bars=tuple(_idle_bar(place, row) for row in rows if row.idle_e4 and row.billed_e4),
        y_ticks=tuple((place.y(share), percent(share, _FULL, 0)) for share in (0, _FULL // 2, _FULL)),
        x_ticks=tuple((place.x(day), f"{day:%m-%d}") for day in dict.fromkeys(tick_days)),
        band=(place.y(_GOOD[1]), f"{float(Fraction(HEIGHT * (_GOOD[1] - _GOOD[0]), _FULL)):.1f}"),
        billed_e4=sum(row.billed_e4 for row in rows),
        observed_e4=seen,
        idle_e4=idle,
        unknown_e4=sum(row.unknown_e4 for row in rows),
    )


def _runs(measured: Sequence[UtilisationRow]) -> list[list[UtilisationRow]]:
    """Part days where a day is missing: a line over unknown days would say something about them."""
    runs: list[list[UtilisationRow]] = []
    for row in measured:
        if runs and row.utc_day - runs[-1][-1].utc_day == timedelta(days=1):
            runs[-1].append(row)
        else:
            runs.append([row])
    return runs


def _idle_bar(place: _Place, row: UtilisationRow) -> tuple[str, str, str, str]:
    """Return x, y, width and height of the share of the billed hours that stood idle."""
    width = max(Fraction(3, 2), Fraction(WIDTH - LEFT, place.days + 1) * Fraction(7, 10))
    share = min(_FULL, row.idle_e4 * _FULL // row.billed_e4)
    left = min(max(Fraction(LEFT), place.across(row.utc_day) - width / 2), WIDTH - width)
    return f"{float(left):.1f}", place.y(share), f"{float(width):.1f}", f"{float(Fraction(HEIGHT * share, _FULL)):.1f}"


def daily_columns() -> list[Column]:
    """Return the columns of a grant's daily use."""
    return [
        Column(gettext("날짜(UTC)"), "day"),
        Column(gettext("소진"), "hours"),
        Column(gettext("남은 시간"), "hours"),
        Column(gettext("청구"), "hours"),
        Column(gettext("측정"), "hours"),
        Column(gettext("사용률"), "share"),
        Column(gettext("유휴"), "hours"),
        Column(gettext("미확인"), "hours"),
    ]


def daily_cells(page: GrantPage) -> list[list[Cell]]:
    """Return a grant's days: what was drawn, what was left, and what meters saw."""
    used = page.figures.use
    change: defaultdict[date, int] = defaultdict(int)
    for day, amount in used.items():
        change[day] -= amount
    for one in page.movements:
        if not one.other.startswith("used:"):
            change[one.effective_on] += one.amount_e4
    seen = {row.utc_day: row for row in page.utilisation}
    rows: list[list[Cell]] = []
    left = 0
    for day in sorted(change.keys() | seen.keys()):
        left += change[day]
        meter = seen.get(day)
        cells: list[Cell] = [day, used.get(day, 0), left]
        cells += (
            [meter.billed_e4, meter.observed_e4, meter.busy_permille, meter.idle_e4, meter.unknown_e4]
            if meter
            else [None] * 5
        )
        rows.append(cells)
    return rows
