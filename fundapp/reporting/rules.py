"""What has to hold before a quarter is frozen, who signs a report, and when it counts as approved."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from fundapp.core.errors import FundError

SIDES = ("fund", "kt", "microsoft")
CHAPTERS = (
    "summary",
    "accounts",
    "performance",
    "flows",
    "gpu",
    "holdings",
    "valuation",
    "dealflow",
    "compliance",
    "notes",
)
"""Keys of the report's sections, which comments are about."""


class FreezeRefusedError(FundError):
    """A quarter cannot be frozen as it stands."""

    code = "freeze_refused"
    ko = "분기를 확정할 수 없습니다: {reasons_ko}"
    en = "The quarter cannot be frozen: {reasons_en}"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the list that is gone through before a freeze."""

    key: str
    ok: bool
    detail_ko: str
    detail_en: str


def require_ready(checks: Collection[Check], *, excused: frozenset[str] = frozenset()) -> None:
    """Refuse unless every check holds or is excused.

    Raises:
        FreezeRefusedError: naming what is in the way, in both languages.
    """
    failed = [check for check in checks if not check.ok and check.key not in excused]
    if failed:
        raise FreezeRefusedError(
            reasons_ko=" / ".join(check.detail_ko for check in failed),
            reasons_en=" / ".join(check.detail_en for check in failed),
        )


def status_of(sides: Collection[str]) -> Literal["draft", "reviewed", "approved"]:
    """Return a report's status by who has signed: the fund reviews, both partners approve."""
    if set(SIDES) <= set(sides):
        return "approved"
    return "reviewed" if "fund" in sides else "draft"
