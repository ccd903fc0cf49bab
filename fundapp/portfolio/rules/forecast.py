"""How long GPU grants last at their present pace, what would lapse, and how worrying that is.

Everything counts in UTC days and ten-thousandths of a GPU-hour. The pace is the mean use of the last 28 days that bills
cover and on which a grant could be used; a day without a bill yet is unknown, not a day without use. From the day
after, each day draws the pace from the grants that are open, the one that ends first before the others, which is how
use is booked. The arithmetic is exact: hours are multiplied by the number of days of the mean instead of dividing use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

WINDOW_DAYS = 28
IDLE_DAYS = 14
"""So many billed days without any use make a grant idle; fewer are too few to tell."""
JUDGED_FROM_DAYS = 7
"""With fewer billed days, a slow start is no sign that hours will lapse."""
EARLY_DAYS = 7
"""Running out less than so many days before the end is a good fit, no worry."""
SOON_DAYS = 14
CLOSE_TO_END_DAYS = 28
LAPSE_PERMILLE = 100
GRAVE_LAPSE_PERMILLE = 500
_PERMILLE = 1000

WAITING, ON_COURSE, RUNS_OUT, WILL_LAPSE, IDLE, OVER, ENDED = VERDICTS = (
    "waiting",
    "on_course",
    "runs_out_before_end",
    "will_lapse",
    "idle",
    "over",
    "ended",
)
INFO, WARNING, CRITICAL = SEVERITIES = ("info", "warning", "critical")
"""From least to most worrying."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a grant stands after the last day that bills cover; hours in ten-thousandths.

    Attributes:
        granted_e4: What the company was given: what is left, used and lapsed of it.
        remaining_e4: What is left.
        overage_e4: What was used beyond it.
        first_day: First UTC day whose use may draw on it.
        usable_until: Last such day.
    """

    granted_e4: int
    remaining_e4: int
    overage_e4: int
    first_day: date
    usable_until: date


@dataclass(frozen=True, slots=True)
class Pace:
    """Use of the last days of record: `used_e4` over `days`; no days when there is no record yet."""

    used_e4: int
    days: int

    @property
    def daily(self) -> Fraction:
        """Exact mean use of a day, 0 without a record."""
        return Fraction(self.used_e4, self.days) if self.days else Fraction(0)

    @property
    def daily_e4(self) -> int:
        """Mean use of a day, rounded down to a ten-thousandth of an hour."""
        return self.used_e4 // self.days if self.days else 0


@dataclass(frozen=True, slots=True)
class Forecast:
    """What becomes of one grant at the present pace.

    Attributes:
        verdict: One of `VERDICTS`.
        severity: One of `SEVERITIES`.
        exhausted_on: First UTC day at whose start nothing is left, None if some is left at the end.
        at_risk_e4: What would lapse unused.
        overage_e4: What would be used beyond the grant by its end, what already is included.
        starts_on: First day that draws on it from now on, None when none does.
        usable_days: Days of use that are left, from the day after the record to the last usable day.
    """

    verdict: str
    severity: str
    exhausted_on: date | None
    at_risk_e4: int
    overage_e4: int
    starts_on: date | None
    usable_days: int


@dataclass(slots=True)
class _Stock:
    """A grant while its future is counted; `left` and `over` are hours times the days of the mean."""

    standing: Standing
    left: int
    over: int = 0
    starts_on: date | None = None
    exhausted_on: date | None = None


def measure_pace(use: Mapping[date, int], grants: Sequence[Standing], data_through: date | None) -> Pace:
    """Return the pace: the last 28 billed days on which some grant could be used, or as many as there are.

    Args:
        use: Use by UTC day; negative days are corrections and count as they are.
        grants: All grants that the use may draw on.
        data_through: Last UTC day that bills cover; None when there is no bill.
    """
    if data_through is None:
        return Pace(0, 0)
    days = [
        day
        for day in (data_through - timedelta(days=back) for back in range(WINDOW_DAYS))
        if use.get(day) or any(one.first_day <= day <= one.usable_until for one in grants)
    ]
    return Pace(max(0, sum(use.get(day, 0) for day in days)), len(days))


def even_left(standing: Standing, day: date) -> int:
    """Return what would be left at the start of a day, had the grant been used evenly from first to last day."""
    whole = (standing.usable_until - standing.first_day).days + 1
    gone = min(max(0, (day - standing.first_day).days), whole)
    return standing.granted_e4 * (whole - gone) // whole


def project(grants: Sequence[Standing], pace: Pace, data_through: date | None, today: date) -> tuple[Forecast, ...]:
    """Say what becomes of each grant that the same use draws on, in the order given.

    Args:
        grants: Grants of one award, SKU and region.
        pace: Their common pace.
        data_through: Last UTC day that bills cover; None when there is no bill.
        today: The UTC day.
    """
    since = (data_through or today - timedelta(days=1)) + timedelta(days=1)
    stocks = [_Stock(one, one.remaining_e4 * max(1, pace.days)) for one in grants]
    if pace.used_e4:
        _draw_on(stocks, pace.used_e4, since)
    return tuple(_judge(stock, pace, since, today) for stock in stocks)


def _draw_on(stocks: Sequence[_Stock], need: int, since: date) -> None:
    """Draw the pace day by day, from the grant that ends first; what no grant covers is overage of the newest."""
    waiting = sorted(stocks, key=lambda stock: (stock.standing.usable_until, stock.standing.first_day))
    day = since
    while waiting := [stock for stock in waiting if stock.standing.usable_until >= day]:
        usable = [stock for stock in waiting if stock.standing.first_day <= day]
        wanted = need
        for stock in usable:
            if not wanted:
                break
            stock.starts_on = stock.starts_on or day
            if stock.left <= 0:
                stock.exhausted_on = stock.exhausted_on or day
                continue
            taken = min(stock.left, wanted)
            stock.left, wanted = stock.left - taken, wanted - taken
            if not stock.left:
                stock.exhausted_on = day + timedelta(days=1)
        if usable and wanted:
            max(usable, key=lambda stock: stock.standing.first_day).over += wanted
        day += timedelta(days=1)


def _judge(stock: _Stock, pace: Pace, since: date, today: date) -> Forecast:
    one, scale = stock.standing, max(1, pace.days)
    at_risk = max(0, stock.left) // scale
    verdict, severity = _verdict(stock, pace, at_risk, since, today)
    return Forecast(
        verdict=verdict,
        severity=severity,
        exhausted_on=stock.exhausted_on if stock.exhausted_on and stock.exhausted_on <= one.usable_until else None,
        at_risk_e4=at_risk,
        overage_e4=max(0, one.overage_e4) + stock.over // scale,
        starts_on=stock.starts_on,
        usable_days=max(0, (one.usable_until - max(since, one.first_day)).days + 1),
    )


def _verdict(stock: _Stock, pace: Pace, at_risk_e4: int, since: date, today: date) -> tuple[str, str]:
    one = stock.standing
    if one.overage_e4 > 0:
        return OVER, CRITICAL
    if one.usable_until < max(today, since):
        return ENDED, INFO
    if one.first_day > today or not pace.days:
        return WAITING, INFO
    if not pace.used_e4 and one.remaining_e4 > 0:
        return (IDLE, CRITICAL if _is_close(one, today) else WARNING) if pace.days >= IDLE_DAYS else (WAITING, INFO)
    return _projected(stock, pace, at_risk_e4, today)


def _projected(stock: _Stock, pace: Pace, at_risk_e4: int, today: date) -> tuple[str, str]:
    """Judge a grant that is in use by what its pace leads to."""
    one = stock.standing
    if stock.exhausted_on and (one.usable_until - stock.exhausted_on).days >= EARLY_DAYS:
        soon = (stock.exhausted_on - today).days <= SOON_DAYS
        return RUNS_OUT, CRITICAL if soon else WARNING
    share = at_risk_e4 * _PERMILLE
    if pace.days >= JUDGED_FROM_DAYS and at_risk_e4 and share >= one.granted_e4 * LAPSE_PERMILLE:
        grave = _is_close(one, today) and share >= one.granted_e4 * GRAVE_LAPSE_PERMILLE
        return WILL_LAPSE, CRITICAL if grave else WARNING
    return ON_COURSE, INFO


def _is_close(one: Standing, today: date) -> bool:
    return (one.usable_until - today).days <= CLOSE_TO_END_DAYS
