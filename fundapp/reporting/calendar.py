"""Days of the fund's year: when a quarter's draft is due, and when its report is."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

import holidays

from fundapp.core.quarters import Quarter

DELIVERY_DAYS = 60
"""Days from a quarter's end to the delivery of its report (ILPA; the fund's agreement may set less)."""
REMINDERS = (14, 3)
"""Days before delivery on which those who have not signed are reminded; once more on the day after it."""


@lru_cache(maxsize=8)
def _closed_days(year: int) -> frozenset[date]:
    # Substitute holidays and election days are in it; a day declared at short notice is not.
    return frozenset(holidays.country_holidays("KR", years=year))


def is_business_day(day: date) -> bool:
    """Return whether offices in Korea are open: no weekend, no public or substitute holiday, no Labour Day."""
    closed = day.weekday() >= 5 or day in _closed_days(day.year)  # noqa: PLR2004 - Saturday
    return not closed and (day.month, day.day) != (5, 1)


def draft_day(quarter: Quarter) -> date:
    """Return the first business day after a quarter."""
    return _business_day_from(quarter.next.first_day)


def _business_day_from(day: date) -> date:
    while not is_business_day(day):
        day += timedelta(days=1)
    return day


def mailing_day(schedule: str, today: date) -> date:
    """Return the day of the week, month or quarter of `today` on which its mail is due.

    Args:
        schedule: `monday` (every week), `month` or `quarter`: each the first business day from its first day on.
        today: A day in Seoul.
    """
    first = {
        "monday": today - timedelta(days=today.weekday()),
        "month": today.replace(day=1),
        "quarter": Quarter.of_date(today).first_day,
    }[schedule]
    return _business_day_from(first)


def delivery_day(quarter: Quarter) -> date:
    """Return the day by which a quarter's report is with its investors."""
    return quarter.last_day + timedelta(days=DELIVERY_DAYS)


def reminder_of(quarter: Quarter, today: date) -> str | None:
    """Return which reminder a day falls to: `14`, `3` or `overdue`, or None before the first.

    A clock that stood still sends only the one that is due by now.
    """
    left = (delivery_day(quarter) - today).days
    if left < 0:
        return "overdue"
    return next((str(days) for days in sorted(REMINDERS) if left <= days), None)
