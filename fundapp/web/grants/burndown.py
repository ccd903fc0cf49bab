"""Drawing how GPU grants are used up: what was left, an even pace, the forecast, and where what is left lapses.

Both the company's pages and the staff's show this drawing. Coordinates are of the drawing only and may be floats;
hours stay whole ten-thousandths.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from fundapp.core.quantities import HOUR
from fundapp.portfolio.queries import GrantFigures, Movement
from fundapp.portfolio.rules.forecast import even_left
from fundapp.web.shell.formats import grouped, hours_number
from fundapp.web.shell.language import gettext, pick

WIDTH, HEIGHT, LEFT, TOP, RIGHT = 400, 200, 40, 18, 12
DAY = timedelta(days=1)
_STEPS = (1, 2, 3, 5)
_LINES = 4
_MONTH_LABELS = 5
_MONTH_GAP = 34
_NARROW = 96
"""A label this close to an edge stands on the other side of its mark."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the drawing with one or two lines of text; `anchor` is the SVG text anchor."""

    x: str
    y: str
    text: str
    more: str = ""
    anchor: str = "end"


@dataclass(frozen=True, slots=True)
class Chart:
    """All paths and marks of one drawing.

    Attributes:
        area: Below the line of what was left.
        line: What was left.
        even: An even pace from the first to the last day.
        forecast: From the last record on; empty when nothing is left or the time is over.
        now: Where the record ends.
        exhausted: Where the forecast reaches nothing.
        expiries: Where what is left lapses.
    """

    area: str
    line: str
    even: str
    even_label: Mark
    forecast: str
    now: Mark
    exhausted: Mark | None
    expiries: tuple[Mark, ...]
    y_ticks: tuple[Mark, ...]
    x_ticks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class _Scale:
    first: date
    days: int
    top_e4: int

    def across(self, day: date) -> float:
        share = (day - self.first).days / max(1, self.days)
        return LEFT + (WIDTH - LEFT) * min(1.0, max(0.0, share))

    def x(self, day: date) -> str:
        return f"{self.across(day):.1f}"

    def y(self, hours_e4: int) -> str:
        return f"{TOP + HEIGHT - HEIGHT * (max(0, hours_e4) / max(1, self.top_e4)):.1f}"

    def path(self, points: Iterable[tuple[date, int]]) -> str:
        return "M" + "L".join(f"{self.x(day)} {self.y(left)}" for day, left in points)


def draw_grants(figures: Sequence[GrantFigures], moved: Mapping[str, Sequence[Movement]], today: date) -> Chart:
    """Draw grants that share their use as one, their hours added up.

    Args:
        figures: At least one grant, of one award, SKU and region.
        moved: Movements by the grants' accounts.
        today: The UTC day.
    """
    steps = left_by_day(figures, moved)
    used = [min(one.use) for one in figures if one.use]
    first = min(today, *(one.standing.first_day for one in figures), *used)
    last = max(one.standing.usable_until for one in figures)
    since = _record_end(figures, steps, today)
    granted = sum(one.standing.granted_e4 for one in figures)
    step = _round_step(max([granted, *(left for _, left in steps)], default=HOUR))
    scale = _Scale(first, (last - first).days + 1, step * _LINES)
    points = [*steps, (since, steps[-1][1])] if steps else [(first, 0), (since, 0)]
    ahead = _forecast_points(figures, since) if since <= last else []
    exhausted = _exhausted_on(figures)
    line = scale.path(points)
    return Chart(
        area=f"{line}V{TOP + HEIGHT}H{scale.x(points[0][0])}Z",
        line=line,
        even=scale.path(_even_points(figures)),
        even_label=_even_label(scale, figures, since),
        forecast=scale.path(ahead) if ahead else "",
        now=_now_mark(scale, since, points[-1][1], today),
        exhausted=_exhausted_mark(scale, exhausted) if exhausted else None,
        expiries=_expiry_marks(scale, figures),
        y_ticks=tuple(
            Mark("34", scale.y(step * place), _thousands(step * place // HOUR)) for place in range(_LINES + 1)
        ),
        x_ticks=_month_marks(scale, last),
    )


def left_by_day(figures: Sequence[GrantFigures], moved: Mapping[str, Sequence[Movement]]) -> list[tuple[date, int]]:
    """Return what was left at the start of each day on which that changed, before and after what came in then.

    Use comes by its own day, because the ledger may book a month of it at once; everything else by its booking day.
    """
    change: defaultdict[date, int] = defaultdict(int)
    for one in figures:
        for day, hours in one.use.items():
            change[day + DAY] -= hours
        for move in moved.get(one.account, ()):
            if move.other.startswith("used:"):
                continue
            # What lapses is gone at the end of its day; what is given is there at its beginning.
            change[move.effective_on + DAY if move.other.startswith("expired:") else move.effective_on] += (
                move.amount_e4
            )
    points: list[tuple[date, int]] = []
    left = 0
    for day in sorted(change):
        if points and change[day] > 0:
            points.append((day, left))
        left += change[day]
        points.append((day, left))
    return points


def _record_end(figures: Sequence[GrantFigures], steps: Sequence[tuple[date, int]], today: date) -> date:
    """Return the first day of which no use is known yet: forecasts start there."""
    through = [one.data_through + DAY for one in figures if one.data_through]
    known = max([*through, *(day for day, _ in steps[-1:])], default=today)
    return min(known, max(today, *(one.standing.usable_until + DAY for one in figures)))


def _forecast_points(figures: Sequence[GrantFigures], since: date) -> list[tuple[date, int]]:
    """Return the breaks of the forecast: each grant stays, falls at the pace, then is empty or lapses."""
    live = [one for one in figures if one.standing.usable_until >= since and one.standing.remaining_e4 > 0]
    if not live:
        return []
    breaks = {since}
    for one in live:
        ends = one.forecast.exhausted_on, one.standing.usable_until + DAY, one.forecast.starts_on
        breaks |= {day for day in ends if day is not None and day >= since}
    points: list[tuple[date, int]] = []
    for day in sorted(breaks):
        if points and not points[-1][1]:
            break
        points.append((day, sum(_left_on(one, day, since) for one in live)))
        lapsing = sum(one.forecast.at_risk_e4 for one in live if one.standing.usable_until + DAY == day)
        if lapsing:
            points.append((day, max(0, points[-1][1] - lapsing)))
    return points


def _left_on(one: GrantFigures, day: date, since: date) -> int:
    """Return what the forecast leaves of a grant at the start of a day, on its last day before it lapses."""
    end, last = one.standing.usable_until + DAY, one.forecast.at_risk_e4
    if day > end:
        return 0
    start = one.forecast.starts_on or end
    if one.forecast.exhausted_on is not None:
        end, last = one.forecast.exhausted_on, 0
    start = max(start, since)
    if day <= start:
        return one.standing.remaining_e4
    if day >= end:
        return last
    return one.standing.remaining_e4 - (one.standing.remaining_e4 - last) * (day - start).days // (end - start).days


def _exhausted_on(figures: Sequence[GrantFigures]) -> date | None:
    """Return the day on which nothing is left of any grant, if that is before the last one ends."""
    last = max(figures, key=lambda one: one.standing.usable_until)
    return last.forecast.exhausted_on


def _even_points(figures: Sequence[GrantFigures]) -> list[tuple[date, int]]:
    days = sorted({day for one in figures for day in (one.standing.first_day, one.standing.usable_until + DAY)})
    return [(day, sum(even_left(one.standing, day) for one in figures)) for day in days]


def _even_label(scale: _Scale, figures: Sequence[GrantFigures], since: date) -> Mark:
    """Set the label to the lower left of the falling line, and away from the mark of today."""
    points = _even_points(figures)
    young = scale.across(since) < LEFT + (WIDTH - LEFT) * 0.45
    day = points[0][0] + (points[-1][0] - points[0][0]) * (4 if young else 1) // 5
    left = sum(even_left(one.standing, day) for one in figures)
    y = min(float(scale.y(left)) + (4 if young else 18), TOP + HEIGHT - 6)
    return Mark(f"{max(scale.across(day), LEFT + 66):.1f}", f"{y:.1f}", gettext("고르게 쓸 때"))


def _now_mark(scale: _Scale, since: date, left_e4: int, today: date) -> Mark:
    said = gettext("오늘") if since == today else f"{min(since, today) - DAY:%m-%d}"
    beyond = scale.across(since) < LEFT + _NARROW
    return Mark(scale.x(since), scale.y(left_e4), f"{said} {hours_number(left_e4)}", "", "start" if beyond else "end")


def _exhausted_mark(scale: _Scale, day: date) -> Mark:
    beyond = scale.across(day) < LEFT + _NARROW
    return Mark(scale.x(day), f"{TOP + HEIGHT}", gettext("소진 예상"), _short_day(day), "start" if beyond else "end")


def _expiry_marks(scale: _Scale, figures: Sequence[GrantFigures]) -> tuple[Mark, ...]:
    """Return one mark a day of lapse; the first ones carry no text where the next is too close to read both."""
    days = sorted({one.standing.usable_until for one in figures})
    marks = []
    for place, day in enumerate(days):
        here = scale.across(day + DAY)
        crowded = place + 1 < len(days) and scale.across(days[place + 1] + DAY) - here < _NARROW
        text = ("", "") if crowded else (gettext("만료"), _short_day(day))
        marks.append(Mark(f"{here:.1f}", f"{TOP}", *text, "start" if here < LEFT + _NARROW else "end"))
    return tuple(marks)


def _short_day(day: date) -> str:
    return pick(f"{day.year}.{day.month}.{day.day}", f"{day.day} {day:%b} {day.year}")


def _round_step(most_e4: int) -> int:
    """Return a round distance of grid lines so that four of them hold the most hours."""
    need = max(1, -(-most_e4 // (_LINES * HOUR)))
    power = 1
    while need > _STEPS[-1] * power:
        power *= 10
    found: int = next(step * power for step in _STEPS if step * power >= need) * HOUR
    return found


def _thousands(amount: int) -> str:
    if amount == 0:
        return "0"
    if amount % 1000:
        return grouped(amount)
    return pick(f"{grouped(amount // 1000)}천", f"{grouped(amount // 1000)}k")


def _month_marks(scale: _Scale, until: date) -> tuple[Mark, ...]:
    first = scale.first.replace(day=1)
    months = (until.year - first.year) * 12 + until.month - first.month + 1
    stride = max(1, -(-months // _MONTH_LABELS))
    marks: list[Mark] = []
    year = None
    for place in range(0, months, stride):
        month = first.month - 1 + place
        start = date(first.year + month // 12, month % 12 + 1, 1)
        more = "" if start.year == year else pick(f"{start.year}년", f"{start.year}")
        year = start.year
        x = scale.across(start)
        if marks and x - float(marks[-1].x) < _MONTH_GAP:
            marks.pop()
            more = more or pick(f"{start.year}년", f"{start.year}")
        marks.append(Mark(f"{x:.1f}", f"{TOP + HEIGHT + 16}", pick(f"{start.month}월", f"{start:%b}"), more, "middle"))
    return tuple(marks)
