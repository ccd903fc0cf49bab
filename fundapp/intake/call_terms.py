"""What a call says of conditions, appeals, certifiers, reminders and grace: defaults, checked when it is opened."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from fundapp.core.errors import InvalidInputError
from fundapp.intake.eligibility import parse_check

REMIND_DAYS = 7
APPEAL_DAYS = 10
DEADLINE_DAYS = (7, 2, 0)
_MOST_DEADLINE_DAYS = 5
_MOST_REMIND_DAYS = 90
_MOST_APPEAL_DAYS = 60
_MOST_GRACE_SECONDS = 3600


def remind_days(document: Mapping[str, Any]) -> int:
    """Return how many days before its due date the owner of a condition is reminded: `[conditions] remind_days`.

    Raises:
        InvalidInputError: if the call says anything but a whole number from 1 to 90.
    """
    return _days(document, "conditions", "remind_days", REMIND_DAYS, 1, _MOST_REMIND_DAYS)


def appeal_days(document: Mapping[str, Any]) -> int:
    """Return how many days after its letter a decision may be appealed: `[appeal] days`; with 0 none may be.

    Raises:
        InvalidInputError: if the call says anything but a whole number from 0 to 60.
    """
    return _days(document, "appeal", "days", APPEAL_DAYS, 0, _MOST_APPEAL_DAYS)


def deadline_days(document: Mapping[str, Any]) -> tuple[int, ...]:
    """Return how many days before the call closes those with a draft are reminded: `[reminders] days`, 7, 2 and 0.

    With an empty list nobody is.

    Raises:
        InvalidInputError: if the call says anything but up to five whole numbers from 0 to 90.
    """
    part = document.get("reminders", {})
    days = part.get("days", list(DEADLINE_DAYS)) if isinstance(part, Mapping) else None
    if (
        not isinstance(days, list)
        or len(days) > _MOST_DEADLINE_DAYS
        or not all(type(one) is int and 0 <= one <= _MOST_REMIND_DAYS for one in days)
    ):
        raise InvalidInputError(
            field="reminders.days",
            reason_ko=f"0에서 {_MOST_REMIND_DAYS}까지의 날수를 {_MOST_DEADLINE_DAYS}개까지 적습니다",
            reason_en=f"takes up to {_MOST_DEADLINE_DAYS} numbers of days from 0 to {_MOST_REMIND_DAYS}",
        )
    return tuple(sorted(set(days), reverse=True))


def certifier_required(document: Mapping[str, Any]) -> bool:
    """Return whether a second person of the company must sign before sending: `[certifying] required`, else no.

    Raises:
        InvalidInputError: if the call says anything but true or false.
    """
    part = document.get("certifying", {})
    required = part.get("required", False) if isinstance(part, Mapping) else None
    if not isinstance(required, bool):
        raise InvalidInputError(
            field="certifying.required", reason_ko="true 또는 false여야 합니다", reason_en="must be true or false"
        )
    return required


def grace_of(document: Mapping[str, Any]) -> timedelta:
    """Return how long after the deadline what was begun may still be finished: `grace_seconds`, none by default.

    Raises:
        InvalidInputError: if the call says anything but a whole number of seconds up to an hour.
    """
    seconds = document.get("grace_seconds", 0)
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 <= seconds <= _MOST_GRACE_SECONDS:
        raise InvalidInputError(
            field="grace_seconds",
            reason_ko=f"0에서 {_MOST_GRACE_SECONDS}까지의 초여야 합니다",
            reason_en=f"must be a number of seconds from 0 to {_MOST_GRACE_SECONDS}",
        )
    return timedelta(seconds=seconds)


def _days(document: Mapping[str, Any], section: str, key: str, default: int, least: int, most: int) -> int:
    part = document.get(section, {})
    days = part.get(key, default) if isinstance(part, Mapping) else None
    if not isinstance(days, int) or isinstance(days, bool) or not least <= days <= most:
        raise InvalidInputError(
            field=f"{section}.{key}",
            reason_ko=f"{least}에서 {most}까지의 날수여야 합니다",
            reason_en=f"must be a number of days from {least} to {most}",
        )
    return days


def check_terms(document: Mapping[str, Any]) -> None:
    """Read every section, so that a call with a wrong one is not opened.

    Raises:
        InvalidInputError: naming section and key.
    """
    remind_days(document)
    appeal_days(document)
    deadline_days(document)
    certifier_required(document)
    parse_check(document)
    grace_of(document)
