"""What the fund believes about learning: when there is enough to learn from, and how long a model shadows."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

NIGHTS_A_WEEK = 7
SHADOW_WEEKS = 4
NEW_LABELS = 10
BLIND_REVIEWERS = 2
LOW_SCORER_BELOW_TENTHS = 500
"""Under half of the points an application is a low scorer: unless drawn, it would seldom get a full review."""

OUTCOME_DAYS = 182
"""What became of an award is read half a year after it was signed, and again whenever more of its hours are over."""

USED_FROM_PERMILLE = 500
"""Who used half of the awarded hours whose time is over put them to use."""

_STEP_TENTHS = 200
_TOP = 4


@dataclass(frozen=True, slots=True)
class FiledRating:
    """A reviewer's first rating of an application, given before the score was open to them.

    Attributes:
        reviewer: The reviewer's identifier.
        name: How pages call the reviewer.
        total_tenths: The weighted total, 200 (all ones) to 1,000 (all fives).
    """

    application_id: uuid.UUID
    reviewer: uuid.UUID
    name: str
    total_tenths: int
    filed_at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an application that was awarded GPU time, read once half a year had passed.

    Attributes:
        awarded_at: When it was awarded; what was submitted by then is what was judged.
        awarded_value: Awarded hours whose time is over, in ten-thousandths of an hour times KRW an hour; above 0.
        used_value: What of them was used, and of the hours that they were changed into, in the same unit.
        first_known_at: When the first of the hours were over and the half year had passed.
        known_at: When this was known: a later grant that lapses moves it on.
    """

    application_id: uuid.UUID
    awarded_at: datetime
    awarded_value: int
    used_value: int
    first_known_at: datetime
    known_at: datetime

    @property
    def fits(self) -> int:
        """1 for a company that came on board and used its hours, 0 for one that left most of them."""
        return int(self.used_value * 1000 >= self.awarded_value * USED_FROM_PERMILLE)


def fit_rating(total_tenths: int) -> int:
    """Return a review's weighted total as a fit rating from 0 to 4: the mean of 1 to 5, less one, half up."""
    return max(0, min(_TOP, (total_tenths + _STEP_TENTHS // 2) // _STEP_TENTHS - 1))


def blind_pair(ratings: Sequence[FiledRating]) -> tuple[FiledRating, FiledRating] | None:
    """Return the first two ratings of one application, or None while there are fewer."""
    ordered = sorted(ratings, key=lambda rating: (rating.filed_at, rating.reviewer))
    return (ordered[0], ordered[1]) if len(ordered) >= BLIND_REVIEWERS else None


def may_be_explained(check: str) -> bool:
    """Return whether a reason on record may let a finding of the gate pass: one of groups or of directions."""
    return check.startswith(("group:", "sign:"))


def weeks_of_nights(nights: int) -> int:
    """Return how many whole weeks so many nights are; a stopped clock has no nights."""
    return nights // NIGHTS_A_WEEK


def shadow_stopped(last: date | None, trained: date, today: date) -> bool:
    """Return whether a challenger's shadow has stood still for longer than the night that may still come today."""
    return today - max(last or trained, trained) > timedelta(days=1)
