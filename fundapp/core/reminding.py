"""Which reminder of a day is due, and how days and instants are written in a mail."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from fundapp.core.quarters import KST

_WEEKDAYS_KO = "월화수목금토일"


def step_due(due_on: date, today: date, steps: Iterable[int], since: date) -> int | None:
    """Return which reminder a day falls to: the nearest step that has passed; None before the first and after.

    A step that was missed, because no clock ran, is still due the day after; one from before there was anything to
    remind of is not.

    Args:
        due_on: The last day.
        today: The day of asking, in the same calendar.
        steps: Days before the last day, 0 for the day itself.
        since: From when on there is something to remind of.
    """
    left = (due_on - today).days
    if left < 0:
        return None
    step = min((days for days in steps if left <= days), default=None)
    return None if step is None or (due_on - since).days < step else step


def day_words(day: date) -> dict[str, str]:
    """Return a day as each language writes it in a mail: `2026-05-08(금)`, `Fri 8 May 2026`."""
    return {"ko": f"{day.isoformat()}({_WEEKDAYS_KO[day.weekday()]})", "en": f"{day:%a} {day.day} {day:%b %Y}"}


def instant_words(at: datetime) -> dict[str, str]:
    """Return an instant likewise, in Korean time."""
    local = at.astimezone(KST)
    day = day_words(local.date())
    return {"ko": f"{day['ko']} {local:%H:%M}(한국 시각)", "en": f"{day['en']}, {local:%H:%M} KST"}


def left_words(days: int) -> dict[str, str]:
    """Return how long is left: `오늘`, `내일`, `7일 뒤`, `today`, `tomorrow`, `in 7 days`."""
    if days <= 1:
        return {"ko": "내일" if days else "오늘", "en": "tomorrow" if days else "today"}
    return {"ko": f"{days}일 뒤", "en": f"in {days} days"}
