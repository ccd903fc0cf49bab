"""What a posting, a rate and a period must be before the database sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from fundapp.core.errors import LedgerRefusedError
from fundapp.core.quantities import Quantity
from fundapp.core.quarters import Quarter

CASH = ("KRW", "USD")
"""Currencies that the ledger keeps, prices and converts."""

FX_SCALE = 6
_PAIRS = ("USDKRW",)


@dataclass(frozen=True, slots=True)
class Leg:
    """So much from the debited account path to the credited one."""

    debit: str
    credit: str
    quantity: Quantity


@dataclass(frozen=True, slots=True)
class Entry:
    """A set of legs that post all or none under one key."""

    key: str
    kind: str
    legs: tuple[Leg, ...]
    effective_on: date
    source_ref: str | None = None

    def request(self) -> dict[str, object]:
        """Return what makes this entry this entry, for the hash behind its key."""
        return {
            "kind": self.kind,
            "legs": [[leg.debit, leg.credit, leg.quantity.commodity, leg.quantity.minor] for leg in self.legs],
            "effective_on": self.effective_on.isoformat(),
            "source_ref": self.source_ref,
        }


def require_postable(legs: Sequence[Leg]) -> None:
    """Refuse empty sets, amounts that are not positive, and transfers to the same account.

    Raises:
        LedgerRefusedError: naming the reason.
    """
    if not legs:
        raise LedgerRefusedError(reason_ko="이체가 없습니다", reason_en="there is nothing to post")
    for leg in legs:
        if leg.quantity.minor <= 0:
            raise LedgerRefusedError(
                reason_ko=f"금액은 0보다 커야 합니다 ({leg.debit} → {leg.credit})",
                reason_en=f"an amount must be above zero ({leg.debit} → {leg.credit})",
            )
        if leg.debit == leg.credit:
            raise LedgerRefusedError(
                reason_ko=f"차변과 대변이 같습니다 ({leg.debit})",
                reason_en=f"debit and credit are the same account ({leg.debit})",
            )


def require_within(legs: Sequence[Leg], held: dict[tuple[str, str, str], int]) -> None:
    """Refuse to post more of a hold than it holds.

    Args:
        legs: What is to be posted.
        held: Minor units by (debit, credit, commodity).

    Raises:
        LedgerRefusedError: if a leg is not part of the hold or exceeds it.
    """
    asked: dict[tuple[str, str, str], int] = {}
    for leg in legs:
        slot = (leg.debit, leg.credit, leg.quantity.commodity)
        asked[slot] = asked.get(slot, 0) + leg.quantity.minor
    for slot, amount in asked.items():
        if amount > held.get(slot, 0):
            raise LedgerRefusedError(
                reason_ko=f"예약한 것보다 많습니다 ({slot[0]} → {slot[1]})",
                reason_en=f"more than was held ({slot[0]} → {slot[1]})",
            )


def require_currency(currency: str) -> None:
    """Refuse a currency that the ledger does not keep.

    Raises:
        LedgerRefusedError: naming the currency.
    """
    if currency not in CASH:
        raise LedgerRefusedError(
            reason_ko=f"원장에 없는 통화입니다: {currency}",
            reason_en=f"the ledger does not keep this currency: {currency}",
        )


def require_pair(pair: str) -> None:
    """Refuse a pair of currencies that is no exchange of a kept currency into won.

    Raises:
        LedgerRefusedError: naming the pair.
    """
    if pair not in _PAIRS:
        raise LedgerRefusedError(
            reason_ko=f"원장에 없는 환율입니다: {pair}",
            reason_en=f"the ledger does not keep this exchange rate: {pair}",
        )


def rate_e6(rate: Decimal | int | str) -> int:
    """Return an exchange rate in millionths, exactly.

    Raises:
        LedgerRefusedError: if it is no number above zero or has more than six decimals.
    """
    try:
        value = Decimal(rate).scaleb(FX_SCALE)
    except InvalidOperation:
        value = Decimal(0)
    if not value.is_finite() or value <= 0 or value != value.to_integral_value():
        raise LedgerRefusedError(
            reason_ko=f"환율은 0보다 크고 소수점 아래 여섯 자리까지입니다: {rate}",
            reason_en=f"an exchange rate is above zero with at most six decimals: {rate}",
        )
    return int(value)


@dataclass(frozen=True, slots=True)
class Span:
    """Days that become one period: a quarter, or what of it is closed."""

    name: str
    starts_on: date
    ends_on: date


def spans(closed_through: date | None, through: date, *, earliest: date) -> list[Span]:
    """Cut the days to be closed into periods.

    A period that ends with its quarter bears the quarter's name; one that ends earlier, the date of its last day.

    Args:
        closed_through: The end of the last period, or None before the first.
        through: The last day to close.
        earliest: Where the first period begins when there is none before.

    Returns:
        The periods in order; none if all these days are closed.
    """
    found: list[Span] = []
    day = earliest if closed_through is None else closed_through + timedelta(days=1)
    while day <= through:
        quarter = Quarter.of_date(day)
        end = min(quarter.last_day, through)
        found.append(Span(str(quarter) if end == quarter.last_day else end.isoformat(), day, end))
        day = end + timedelta(days=1)
    return found
