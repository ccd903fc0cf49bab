"""Conditions: what they keep back, when their owner hears of them, and what counts as a link."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Literal
from urllib.parse import urlsplit

from fundapp.core.errors import InvalidInputError

Scope = Literal["cash", "gpu", "both"]
Side = Literal["company", "fund"]
Reminder = Literal["before", "overdue"]

SCOPES: tuple[Scope, ...] = ("cash", "gpu", "both")
SIDES: tuple[Side, ...] = ("company", "fund")
MOST_LINKS = 10
LONGEST_EVIDENCE = 4000
_LONGEST_LINK = 500


def keeps_back(scope: str, what: Literal["cash", "gpu"]) -> bool:
    """Say whether an open condition of this scope keeps cash, or GPU time, from being released."""
    return scope in {what, "both"}


def keeps_signing(scope: str) -> bool:
    """Say whether it keeps the agreement itself: one that holds both back leaves nothing to agree on."""
    return scope == "both"


def reminder_of(due_on: date | None, today: date, days: int) -> Reminder | None:
    """Return what the owner of an open condition has to hear by today: that its day comes near, or is over."""
    if due_on is None or today < due_on - timedelta(days=days):
        return None
    return "overdue" if today > due_on else "before"


def read_links(lines: Sequence[str]) -> list[str]:
    """Return the addresses that evidence refers to, each once.

    Raises:
        InvalidInputError: for what is no web address, or too many of them.
    """
    links = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
    if len(links) > MOST_LINKS:
        raise InvalidInputError(
            field="links", reason_ko=f"{MOST_LINKS}개까지 적을 수 있습니다", reason_en=f"at most {MOST_LINKS}"
        )
    for link in links:
        if len(link) > _LONGEST_LINK or not _is_address(link):
            raise InvalidInputError(
                field="links",
                reason_ko=f"https://로 시작하는 주소를 한 줄에 하나씩 적어 주세요: {link[:80]}",
                reason_en=f"one address a line that begins with https://: {link[:80]}",
            )
    return links


def _is_address(link: str) -> bool:
    try:
        parts = urlsplit(link)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and link.isprintable() and " " not in link
