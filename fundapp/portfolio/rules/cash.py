"""How the cash of an award is split, and how its worth is divided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from fundapp.core.errors import FundError, InvalidInputError
from fundapp.core.quantities import split_pro_rata

BANK = "bank:fund"
DISTRIBUTIONS = ("dividend", "interest", "redemption", "exit")
"""How cash comes back from a company."""
INSTRUMENTS = ("RCPS", "CB", "common", "SAFE", "none")


FIRST_MILESTONE = "협약 체결"


SECOND_MILESTONE = "중간 점검 통과"


SECOND_TRANCHE_DAYS = 182


class ConditionsOpenError(FundError):
    """An award cannot be signed, or GPU time released, while conditions of the decision keep it back."""

    code = "conditions_open"
    ko = "이행조건이 남아 있습니다: {conditions}"
    en = "Conditions are still open: {conditions}"


class HoursHeldError(FundError):
    """Hours that a condition kept back come first; what follows them waits."""

    code = "hours_held"
    ko = "조건부로 미뤄 둔 GPU시간을 먼저 열어 주세요: {award}"
    en = "Release the hours that a condition held back first: {award}"


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


@dataclass(frozen=True, slots=True)
class TrancheTerms:
    """One part of a schedule as agreed.

    Attributes:
        milestone: What it is paid for, in words.
        conditions: `(kind, text)` pairs; kind is `precedent` (선행조건) or `milestone`.
    """

    amount_krw: int
    due_on: date
    milestone: str
    conditions: tuple[tuple[str, str], ...] = ()


def require_schedule(schedule: Sequence[TrancheTerms], committed_krw: int, signed_on: date) -> None:
    """Refuse a schedule that does not add up to the commitment, or is out of order.

    Raises:
        InvalidInputError: naming the difference or the tranche.
    """
    for number, one in enumerate(schedule, start=1):
        if one.amount_krw <= 0 or not one.milestone.strip() or one.due_on < signed_on:
            raise InvalidInputError(
                field="schedule",
                reason_ko=f"{number}차분은 금액, 협약일 이후의 예정일, 이정표가 모두 필요합니다",
                reason_en=f"tranche {number} needs an amount, a date from the agreement on and a milestone",
            )
        if number > 1 and one.due_on < schedule[number - 2].due_on:
            raise InvalidInputError(
                field="schedule",
                reason_ko=f"{number}차분이 앞 차수보다 이릅니다",
                reason_en=f"tranche {number} is due before the one ahead of it",
            )
    difference = sum(one.amount_krw for one in schedule) - committed_krw
    if difference:
        raise InvalidInputError(
            field="schedule",
            reason_ko=f"차수의 합이 약정과 {difference:+,}원 다릅니다",
            reason_en=f"the tranches differ from the commitment by {difference:+,} won",
        )


def plan_calls(tranches: Mapping[int, int], promised: Mapping[str, int]) -> dict[int, dict[str, int]]:
    """Split every tranche of an award over its investors, so that each ends exactly at what it promised.

    Each tranche goes by what the ones before it left of each promise. The plan does not depend on what has been called:
    in which order tranches are called, or called again, changes nobody's part.

    Args:
        tranches: Won by number.
        promised: Won by investor, adding up to at least the tranches.
    """
    left, plan = dict(promised), {}
    for number in sorted(tranches):
        plan[number] = split_pro_rata(tranches[number], left)
        left = {code: amount - plan[number].get(code, 0) for code, amount in left.items()}
    return plan


def split_within(amount_krw: int, weights: Mapping[str, int], caps: Mapping[str, int]) -> dict[str, int]:
    """Split won by weights where nobody gets more than its cap; what does not fit goes to those with room.

    Args:
        amount_krw: Whole won, not negative.
        weights: By name; without any above zero the room that is left decides.
        caps: By name.

    Returns:
        Parts by name that add up to the amount, zero parts left out.

    Raises:
        InvalidInputError: if the amount is more than all caps together.
    """
    room = {name: cap for name, cap in caps.items() if cap > 0}
    if amount_krw > sum(room.values()):
        raise InvalidInputError(
            field="lines",
            reason_ko="출자자에게 남은 약정보다 많습니다. 나머지를 부른 요청을 먼저 거두세요",
            reason_en="more than is left of the promises; take the calls for the rest back first",
        )
    parts = dict.fromkeys(room, 0)
    while amount_krw:
        wanted = {name: weights.get(name, 0) for name in room}
        for name, part in split_pro_rata(amount_krw, wanted if any(wanted.values()) else room).items():
            taken = min(part, room[name])
            parts[name] += taken
            room[name] -= taken
            amount_krw -= taken
        room = {name: left for name, left in room.items() if left}
    return {name: part for name, part in sorted(parts.items()) if part}


def call_number(year: int, ordinal: int) -> str:
    """Return a capital call's number, e.g. `CC-2026-0001`."""
    return f"CC-{year}-{ordinal:04d}"


def movement_number(year: int, ordinal: int) -> str:
    """Return the number of a cash movement, e.g. `CM-2026-0001`."""
    return f"CM-{year}-{ordinal:04d}"


def correction_number(year: int, ordinal: int) -> str:
    """Return the number of a payment's correction, e.g. `PC-2026-0001`."""
    return f"PC-{year}-{ordinal:04d}"


def award_number(year: int, ordinal: int) -> str:
    """Return an award's public number, e.g. `AW-2026-0001`."""
    return f"AW-{year}-{ordinal:04d}"


def proceeds_steps(kind: str, award: str, amount_krw: int, cost_krw: int) -> list[tuple[str, str, int]]:
    """Return what cash from a company, or a lost cost, moves: (debited account, credited account, won).

    Proceeds give up cost first; what exceeds it is gain, what falls short of it is loss. Dividends and interest are
    income and give up no cost.

    Args:
        kind: One of `DISTRIBUTIONS`, or `write_off`.
        award: The award's number.
        amount_krw: What came in; 0 for a write-off.
        cost_krw: Cash cost given up.
    """
    cost, gain = f"investment:{award}", f"gain:{award}"
    if kind == "write_off":
        return [(cost, f"written-off:{award}", cost_krw)]
    if kind in {"dividend", "interest"}:
        return [(f"income:{award}", BANK, amount_krw)]
    steps = (
        (cost, BANK, min(amount_krw, cost_krw)),
        (gain, BANK, amount_krw - cost_krw),
        (cost, gain, cost_krw - amount_krw),
    )
    return [step for step in steps if step[2] > 0]


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
