"""Quarters and the two clocks of the fund.

Cash quarters follow the date in Seoul (KST, UTC+9, no daylight saving). GPU periods follow the UTC day, because
cloud usage exports are daily in UTC and a KST cut of a UTC day would be false.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import total_ordering
from typing import Self

KST = timezone(timedelta(hours=9), "KST")
_PATTERN = re.compile(r"(19[0-9]{2}|2[0-9]{3})Q([1-4])")
"""From 1900 to 2999: every such quarter has a neighbour that the calendar knows."""


@total_ordering
@dataclass(frozen=True, slots=True)
class Quarter:
    """A calendar quarter, written `2026Q3`."""

    year: int
    number: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= 4:  # noqa: PLR2004 - a year has four quarters
            raise ValueError(f"no such quarter: {self.number}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `2026Q3`.

        Raises:
            ValueError: if the text has another shape.
        """
        match = _PATTERN.fullmatch(text.strip().upper())
        if match is None:
            raise ValueError(f"not a quarter: {text!r}, expected for example 2026Q3")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of_date(cls, day: date) -> Self:
        """Return the quarter that holds a calendar date."""
        return cls(day.year, (day.month + 2) // 3)

    @classmethod
    def of_instant_kst(cls, at: datetime) -> Self:
        """Return the cash quarter of an instant: decided by its date in Seoul."""
        return cls.of_date(kst_date(at))

    @property
    def first_day(self) -> date:
        """The first calendar day."""
        return date(self.year, 3 * self.number - 2, 1)

    @property
    def last_day(self) -> date:
        """The last calendar day."""
        return self.next.first_day - timedelta(days=1)

    @property
    def next(self) -> Quarter:
        """The following quarter."""
        return Quarter(self.year + 1, 1) if self.number == 4 else Quarter(self.year, self.number + 1)  # noqa: PLR2004

    @property
    def previous(self) -> Quarter:
        """The preceding quarter."""
        return Quarter(self.year - 1, 4) if self.number == 1 else Quarter(self.year, self.number - 1)

    @property
    def days(self) -> int:
        """Length in days."""
        return (self.next.first_day - self.first_day).days

    def is_over(self, at: datetime) -> bool:
        """Return whether the quarter has ended by both clocks: its last UTC day ends nine hours after Seoul's."""
        return utc_day(at) > self.last_day

    def __contains__(self, day: date) -> bool:
        return self.first_day <= day <= self.last_day

    def __lt__(self, other: Quarter) -> bool:
        return (self.year, self.number) < (other.year, other.number)

    def __str__(self) -> str:
        return f"{self.year}Q{self.number}"


def kst_date(at: datetime) -> date:
    """Return the calendar date in Seoul of an aware instant."""
    return require_aware(at).astimezone(KST).date()


def utc_day(at: datetime) -> date:
    """Return the UTC calendar date of an aware instant."""
    return require_aware(at).astimezone(UTC).date()


def require_aware(at: datetime) -> datetime:
    """Return `at` unchanged.

    Raises:
        ValueError: if it has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return at
