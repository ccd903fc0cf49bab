"""The terms of a call that govern its grants after signing, as the call's document states them.

| key | default | meaning |
| --- | --- | --- |
| `gpu_release` | `at_once` | `half`: half on signing and half after a progress report (read when proposing) |
| `grant_grace_days` | 0 | days after the last usable day until what is left lapses |
| `gpu_max_extension_days` | 90 | how far past its quarter a grant may be extended: what the contributor allows |
| `gpu_offer_days` | 5 | how long hours are held for somebody on the waitlist |
| `gpu_overage` | `warn` | what follows use beyond a grant: `warn`, `block` or `charge` |
| `[gpu_reclaim] idle_days` | 30 | full UTC days without use after which a grant counts as idle; 0 turns the rule off |
| `[gpu_reclaim] minimal_use_percent` | 25 | least share of a grant to be used by the day below; 0 turns the rule off |
| `[gpu_reclaim] minimal_use_by_day_of_quarter` | 45 | from 1 |
| `[gpu_reclaim] notice_days` | 14 | from the notice to the day on which hours are taken back |
| `[gpu_reclaim] at_quarter_end` | true | hours lapse with their quarter; nothing else is possible |

Without a table `gpu_reclaim` nothing is taken back before a grant lapses: companies were not told of such a rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fundapp.core.errors import InvalidInputError

OVERAGE_POLICIES = ("warn", "block", "charge")
_MOST_DAYS = 366
_PERCENT = 100
_RECLAIM_KEYS = frozenset(
    {"idle_days", "minimal_use_percent", "minimal_use_by_day_of_quarter", "notice_days", "at_quarter_end"}
)


@dataclass(frozen=True, slots=True)
class ReclaimTerms:
    """When unused hours are taken back before their quarter ends; 0 turns a rule off."""

    idle_days: int = 30
    minimal_use_percent: int = 25
    minimal_use_by_day: int = 45
    notice_days: int = 14


@dataclass(frozen=True, slots=True)
class GrantTerms:
    """What a call says about its grants; `reclaim` is None where it has no such rule."""

    grace_days: int
    max_extension_days: int
    offer_days: int
    overage: str
    reclaim: ReclaimTerms | None


def grant_terms(document: Mapping[str, Any]) -> GrantTerms:
    """Read the terms of a call's document.

    Raises:
        InvalidInputError: naming the key that is no whole number in range, or that nothing reads.
    """
    overage = document.get("gpu_overage", "warn")
    if overage not in OVERAGE_POLICIES:
        raise InvalidInputError(
            field="gpu_overage",
            reason_ko="warn, block, charge 가운데 하나여야 합니다",
            reason_en="must be warn, block or charge",
        )
    return GrantTerms(
        grace_days=_whole(document, "grant_grace_days", 0),
        max_extension_days=_whole(document, "gpu_max_extension_days", 90),
        offer_days=_whole(document, "gpu_offer_days", 5, lowest=1),
        overage=str(overage),
        reclaim=_reclaim(document.get("gpu_reclaim")),
    )


def _reclaim(table: object) -> ReclaimTerms | None:
    if table is None:
        return None
    if not isinstance(table, Mapping):
        raise InvalidInputError(field="gpu_reclaim", reason_ko="표여야 합니다", reason_en="must be a table")
    for key in sorted(set(table) - _RECLAIM_KEYS):
        raise InvalidInputError(field=key, reason_ko="모르는 회수 조건입니다", reason_en="is no term of reclaim")
    if table.get("at_quarter_end", True) is not True:
        raise InvalidInputError(
            field="at_quarter_end",
            reason_ko="한 분기의 시간은 분기가 끝나면 소멸하므로 true여야 합니다",
            reason_en="must be true: a quarter's hours lapse with it",
        )
    return ReclaimTerms(
        idle_days=_whole(table, "idle_days", 30),
        minimal_use_percent=_whole(table, "minimal_use_percent", 25, most=_PERCENT),
        minimal_use_by_day=_whole(table, "minimal_use_by_day_of_quarter", 45, lowest=1),
        notice_days=_whole(table, "notice_days", 14, lowest=1),
    )


def _whole(table: Mapping[str, Any], key: str, default: int, *, lowest: int = 0, most: int = _MOST_DAYS) -> int:
    value = table.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= most:
        raise InvalidInputError(
            field=key,
            reason_ko=f"{lowest}부터 {most}까지의 정수여야 합니다",
            reason_en=f"must be a whole number from {lowest} to {most}",
        )
    return value
