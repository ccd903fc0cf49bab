"""What a posting must be before the database sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from fundapp.core.errors import LedgerRefusedError
from fundapp.core.quantities import Quantity


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
