"""What a call says of conditions, appeals, certifiers and the deadline's grace: defaults, checked when it is opened."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from fundapp.core.errors import InvalidInputError
from fundapp.intake.eligibility import parse_check

REMIND_DAYS = 7
APPEAL_DAYS = 10
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
    certifier_required(document)
    parse_check(document)
    grace_of(document)
