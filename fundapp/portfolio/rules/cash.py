"""How the cash of an award is split, and how its worth is divided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from fundapp.core.errors import FundError

INSTRUMENTS = ("RCPS", "CB", "common", "SAFE", "none")


FIRST_MILESTONE = "협약 체결"


SECOND_MILESTONE = "중간 점검 통과"


SECOND_TRANCHE_DAYS = 182


class ConditionsOpenError(FundError):
    """An award cannot be signed while conditions of its decision are open."""

    code = "conditions_open"
    ko = "이행조건이 남아 있습니다: {conditions}"
    en = "Conditions are still open: {conditions}"


class TrancheNotReadyError(FundError):
    """A tranche cannot be prepared or paid yet."""

    code = "tranche_not_ready"
    ko = "{number}차분을 집행할 수 없습니다: {reason_ko}"
    en = "Tranche {number} cannot be paid: {reason_en}"


@dataclass(frozen=True, slots=True)
class PlannedTranche:
    """One part of an award's cash as it is planned on signing."""

    number: int
    amount_krw: int
    due_on: date
    milestone: str


def plan_tranches(amount_krw: int, signed_on: date) -> tuple[PlannedTranche, ...]:
    """Split cash into half on signing and half after the milestone; the odd won is paid first."""
    second = amount_krw // 2
    planned = (
        PlannedTranche(1, amount_krw - second, signed_on, FIRST_MILESTONE),
        PlannedTranche(2, second, signed_on + timedelta(days=SECOND_TRANCHE_DAYS), SECOND_MILESTONE),
    )
    return tuple(tranche for tranche in planned if tranche.amount_krw > 0)


def award_number(year: int, ordinal: int) -> str:
    """Return an award's public number, e.g. `AW-2026-0001`."""
    return f"AW-{year}-{ordinal:04d}"


def split_by_cost(value_krw: int, cash_cost_krw: int, in_kind_cost_krw: int) -> tuple[int, int]:
    """Split a fair value over the cash and the GPU time that bought it, by cost; the odd won goes to cash.

    Returns:
        `(cash part, in-kind part)` in won, adding up to `value_krw`.
    """
    cost = cash_cost_krw + in_kind_cost_krw
    in_kind = value_krw * in_kind_cost_krw // cost if cost else 0
    return value_krw - in_kind, in_kind


def whole_won(values_e4: Sequence[int]) -> list[int]:
    """Round a series of imputed values to won so that every running total is the rounded exact total.

    Args:
        values_e4: Ten-thousandths of a won, in order.

    Returns:
        Won, one for each value; their sum differs from the exact sum by half a won at most.
    """
    rounded: list[int] = []
    exact = shown = 0
    for value in values_e4:
        exact += value
        total = (exact + 5_000) // 10_000
        rounded.append(total - shown)
        shown = total
    return rounded
