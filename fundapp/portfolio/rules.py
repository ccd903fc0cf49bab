"""What the fund believes about awards: how cash is split, when grants lapse, from where use is drawn."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from fundapp.core.errors import FundError
from fundapp.core.quarters import Quarter

INSTRUMENTS = ("RCPS", "CB", "common", "SAFE", "none")
FIRST_MILESTONE = "협약 체결"
SECOND_MILESTONE = "중간 점검 통과"
SECOND_TRANCHE_DAYS = 182
_LONGEST_SLUG = 60


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


class PoolMissingError(FundError):
    """A decision grants GPU time for which there is no pool."""

    code = "pool_missing"
    ko = "GPU 출자분이 없습니다: {sku} {region} {quarter}"
    en = "There is no pool: {sku} {region} {quarter}"


@dataclass(frozen=True, slots=True)
class PlannedTranche:
    """One part of an award's cash as it is planned on signing."""

    number: int
    amount_krw: int
    due_on: date
    milestone: str


@dataclass(frozen=True, slots=True)
class Stock:
    """What one grant can give, in ten-thousandths of an hour.

    Attributes:
        free: hours neither used nor lapsed.
        lapsed: hours that expired unused; late records of earlier use may still claim them.
        overage: hours used beyond the grant so far.
    """

    free: int
    lapsed: int
    overage: int


@dataclass(frozen=True, slots=True)
class Draw:
    """How a change in use is divided; negative parts go back to where they came from."""

    granted: int
    recovered: int
    overage: int


def plan_tranches(amount_krw: int, signed_on: date) -> tuple[PlannedTranche, ...]:
    """Split cash into half on signing and half after the milestone; the odd won is paid first."""
    second = amount_krw // 2
    planned = (
        PlannedTranche(1, amount_krw - second, signed_on, FIRST_MILESTONE),
        PlannedTranche(2, second, signed_on + timedelta(days=SECOND_TRANCHE_DAYS), SECOND_MILESTONE),
    )
    return tuple(tranche for tranche in planned if tranche.amount_krw > 0)


def grant_expiry(quarter: Quarter, grace_days: int) -> date:
    """Return the last UTC day on which a grant stands: the end of its quarter plus the call's grace."""
    return quarter.last_day + timedelta(days=grace_days)


def draw(change: int, stock: Stock) -> Draw:
    """Divide a change in use over a grant so that overage is always what exceeds the grant, and nothing else.

    More use takes free hours first, then hours that lapsed before the record arrived, then overage. Less use takes
    back overage first. However a total is reached, the same total gives the same division.

    Args:
        change: Hours in ten-thousandths; negative for a correction downwards.
        stock: What the grant holds before the change.
    """
    if change >= 0:
        granted = min(max(stock.free, 0), change)
        recovered = min(stock.lapsed, change - granted)
        return Draw(granted, recovered, change - granted - recovered)
    returned = min(max(stock.overage, 0), -change)
    return Draw(change + returned, 0, -returned)


def after_draw(stock: Stock, taken: Draw) -> Stock:
    """Return what a grant holds after a draw."""
    return Stock(stock.free - taken.granted, stock.lapsed - taken.recovered, stock.overage + taken.overage)


def award_number(year: int, ordinal: int) -> str:
    """Return an award's public number, e.g. `AW-2026-0001`."""
    return f"AW-{year}-{ordinal:04d}"


def slug(text: str) -> str:
    """Return a code for account paths: the last segment of a cloud resource id, lower case, safe signs only.

    Names that had to be changed or cut carry a digest, so that two of them never share an account.
    """
    last = text.strip().lower().rstrip("/").rsplit("/", 1)[-1]
    safe = re.sub(r"[^a-z0-9._-]+", "-", last).strip("-")[:_LONGEST_SLUG]
    return safe if safe == last and safe else f"{safe or 'owner'}-{digest(text)}"


def digest(text: str) -> str:
    """Return a short stable code of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def grant_account(award: str, sku: str, region: str, quarter: str) -> str:
    """Return the account of one grant."""
    return f"grant:{award}:{sku}:{region}:{quarter}"


def overage_account(award: str, sku: str, region: str, quarter: str) -> str:
    """Return the account that use beyond a quarter's grant comes from."""
    return f"overage:{award}:{sku}:{region}:{quarter}"


def used_account(award: str, sku: str) -> str:
    """Return the account of GPU time an award has used."""
    return f"used:{award}:{sku}"


def expired_account(investor: str, sku: str) -> str:
    """Return the account of lapsed GPU time of one investor."""
    return f"expired:{investor}:{sku}"


def suspense_account(sku: str) -> str:
    """Return the account that use by nobody known comes from."""
    return f"suspense:{sku}"


def unmapped_account(owner: str, sku: str) -> str:
    """Return the account of use by an owner without an award."""
    return f"unmapped:{owner}:{sku}"


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
