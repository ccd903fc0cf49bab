"""How GPU grants are used up: one line of remaining hours for each SKU, an even pace, a forecast, and what lapses.

Coordinates are of the drawing only; hours stay whole ten-thousandths.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from fundapp.core.quantities import HOUR
from fundapp.core.quarters import Quarter
from fundapp.portfolio.queries import GrantRow, UsageRow
from fundapp.web.shell.formats import grouped
from fundapp.web.shell.language import pick

WIDTH, HEIGHT, LEFT, TOP = 400, 200, 40, 8
WINDOW_DAYS = 28
_TICKS = 3


@dataclass(frozen=True, slots=True)
class Tick:
    """A label on an axis at a place in the drawing."""

    at: str
    text: str


@dataclass(frozen=True, slots=True)
class Burndown:
    """The drawing and the sentence for one SKU.

    Attributes:
        left_e4: Hours that neither were used nor lapsed.
        pace_e4: Mean use of a day over the last 28 days of record.
        runs_out: Day when what is left is used up at that pace; None without use, or beyond the last expiry.
        at_risk_e4: What would lapse unused at that pace.
        months: Month, used and left at its end.
    """

    sku: str
    granted_e4: int
    used_e4: int
    left_e4: int
    expired_e4: int
    overage_e4: int
    last_day: date | None
    expires_on: date
    days_left: int
    pace_e4: int
    runs_out: date | None
    at_risk_e4: int
    area: str
    line: str
    even: str
    forecast: str
    end: tuple[str, str]
    expiries: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    x_ticks: tuple[Tick, ...]
    months: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class _Scale:
    first: date
    days: int
    top_e4: int

    def x(self, day: date) -> str:
        share = Fraction((day - self.first).days, max(1, self.days))
        return f"{float(LEFT + (WIDTH - LEFT) * min(Fraction(1), max(Fraction(0), share))):.1f}"

    def y(self, hours_e4: int) -> str:
        return f"{float(TOP + HEIGHT - HEIGHT * Fraction(max(0, hours_e4), max(1, self.top_e4))):.1f}"

    def point(self, day: date, hours_e4: int) -> str:
        return f"{self.x(day)} {self.y(hours_e4)}"


def draw_burndowns(grants: Sequence[GrantRow], usage: Sequence[UsageRow], today: date) -> list[Burndown]:
    """Return a burn-down for each SKU of an award.

    Args:
        grants: The award's grants.
        usage: Its use by UTC day.
        today: The UTC day.
    """
    return [
        _draw(sku, [row for row in grants if row.sku == sku], [row for row in usage if row.sku == sku], today)
        for sku in sorted({row.sku for row in grants})
    ]


def _steps(grants: Sequence[GrantRow], usage: Sequence[UsageRow], today: date) -> list[tuple[date, int]]:
    """Return what was left after each day on which something was used or lapsed."""
    change: defaultdict[date, int] = defaultdict(int)
    for row in usage:
        change[row.utc_day] += row.hours_e4
    for grant in grants:
        if grant.expired_e4 and grant.expires_on < today:
            change[grant.expires_on] += grant.expired_e4
    left = sum(grant.granted_e4 for grant in grants)
    points = []
    for day in sorted(change):
        left = max(0, left - change[day])
        points.append((day, left))
    return points


def _draw(sku: str, grants: Sequence[GrantRow], usage: Sequence[UsageRow], today: date) -> Burndown:
    first = min(Quarter.parse(row.quarter).first_day for row in grants)
    expires_on = max(row.expires_on for row in grants)
    granted = sum(row.granted_e4 for row in grants)
    left = sum(row.remaining_e4 for row in grants)
    last_day = max((row.utc_day for row in usage), default=None)
    pace = _pace(usage, last_day)
    scale = _Scale(first, (expires_on - first).days, granted)
    points = [(first, granted), *_steps(grants, usage, today)]
    until = min(max(today, points[-1][0]), expires_on)
    points.append((until, left))
    runs_out = until + timedelta(days=-(-left // pace)) if pace and left else None
    runs_out = runs_out if runs_out and runs_out < expires_on else None
    would_use = pace * max(0, (expires_on - until).days)
    end = (runs_out, 0) if runs_out else (expires_on, max(0, left - would_use))
    return Burndown(
        sku=sku.upper(),
        granted_e4=granted,
        used_e4=sum(row.used_e4 for row in grants),
        left_e4=left,
        expired_e4=sum(row.expired_e4 for row in grants),
        overage_e4=sum(row.overage_e4 for row in grants),
        last_day=last_day,
        expires_on=expires_on,
        days_left=max(0, (expires_on - today).days),
        pace_e4=pace,
        runs_out=runs_out,
        at_risk_e4=max(0, left - would_use),
        area="M" + "L".join(scale.point(*point) for point in points) + f"V{TOP + HEIGHT}H{LEFT}Z",
        line="M" + "L".join(scale.point(*point) for point in points),
        even=f"M{scale.point(first, granted)}L{scale.point(expires_on, 0)}",
        forecast=f"M{scale.point(until, left)}L{scale.point(*end)}" if left else "",
        end=(scale.x(until), scale.y(left)),
        expiries=tuple(Tick(scale.x(on), f"{on:%Y-%m-%d}") for on in sorted({row.expires_on for row in grants})),
        y_ticks=_y_ticks(scale),
        x_ticks=_x_ticks(scale, expires_on),
        months=_months(usage, granted, grants, today),
    )


def _pace(usage: Sequence[UsageRow], last_day: date | None) -> int:
    """Return the mean use of a day over the last days of record, rounded down."""
    if last_day is None:
        return 0
    since = last_day - timedelta(days=WINDOW_DAYS - 1)
    return max(0, sum(row.hours_e4 for row in usage if row.utc_day >= since)) // WINDOW_DAYS


def _y_ticks(scale: _Scale) -> tuple[Tick, ...]:
    hours = scale.top_e4 // HOUR
    step = 10 ** max(0, len(str(hours)) - 1)
    while hours // step < _TICKS and step > 1:
        step //= 2 if step % 10 else 5
    amounts = range(0, hours + 1, max(1, step * -(-(hours // max(1, step)) // 4)))
    return tuple(Tick(scale.y(amount * HOUR), _thousands(amount)) for amount in amounts)


def _thousands(amount: int) -> str:
    if amount == 0:
        return "0"
    if amount % 1000:
        return grouped(amount)
    return pick(f"{grouped(amount // 1000)}천", f"{grouped(amount // 1000)}k")


def _x_ticks(scale: _Scale, until: date) -> tuple[Tick, ...]:
    ticks, day = [], scale.first.replace(day=1)
    months = (until.year - day.year) * 12 + until.month - day.month + 1
    stride = max(1, -(-months // 5))
    for place in range(0, months, stride):
        month = day.month - 1 + place
        start = date(day.year + month // 12, month % 12 + 1, 1)
        text = pick(f"{start.month}월", f"{start:%b}")
        ticks.append(Tick(scale.x(start), f"{start:%y}.{start.month}" if start.month == 1 else text))
    return tuple(ticks)


def _months(
    usage: Sequence[UsageRow], granted: int, grants: Sequence[GrantRow], today: date
) -> tuple[tuple[str, int, int], ...]:
    used: defaultdict[str, int] = defaultdict(int)
    for row in usage:
        used[f"{row.utc_day:%Y-%m}"] += row.hours_e4
    left_on = {f"{day:%Y-%m}": left for day, left in _steps(grants, usage, today)}
    shown, left = [], granted
    for month in sorted(left_on):
        left = left_on[month]
        shown.append((month, used[month], left))
    return tuple(shown)
