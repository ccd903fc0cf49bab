"""What posted use was valued at: a correction takes value back as it was posted, whatever a pool says today."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session, aliased

from fundapp.ledger.queries import balances
from fundapp.ledger.tables import Account, Transfer, Txn

IMPUTED = "KRW-IMPUTED"
_OWNERS = 500


@dataclass(frozen=True, slots=True)
class Valued:
    """Use posted so far, in ten-thousandths of a GPU-hour, and its imputed value, in ten-thousandths of a won."""

    hours_e4: int = 0
    value_e4: int = 0

    def plus(self, hours_e4: int, value_e4: int) -> Valued:
        """Return the sum."""
        return Valued(self.hours_e4 + hours_e4, self.value_e4 + value_e4)


def value_of_change(posted: Valued, hours_e4: int, rate_krw: int | None) -> int:
    """Return the imputed value of a change in use, with the sign of the change.

    Hours that undo posted ones carry those hours' value pro rata, rounded towards zero, and nothing where nothing
    was valued; hours beyond that are new use at today's rate.

    Args:
        posted: What is posted at the place.
        hours_e4: The change; negative for a correction downwards.
        rate_krw: Whole won an hour today, or None when there is none.

    Returns:
        Ten-thousandths of a won; 0 when the change has no value.
    """
    undone = min(abs(hours_e4), abs(posted.hours_e4)) if posted.hours_e4 * hours_e4 < 0 else 0
    share = abs(posted.value_e4) * undone // abs(posted.hours_e4) if posted.hours_e4 * posted.value_e4 > 0 else 0
    value = share + (abs(hours_e4) - undone) * (rate_krw or 0)
    return value if hours_e4 > 0 else -value


def overage_posted(session: Session) -> dict[str, Valued]:
    """Return use beyond grants by overage account."""
    found: dict[str, Valued] = {}
    for row in balances(session, prefix="overage:"):
        hours, value = (0, -row.posted) if row.commodity == IMPUTED else (-row.posted, 0)
        found[row.account] = found.get(row.account, Valued()).plus(hours, value)
    return found


def suspense_posted(session: Session, owners: Collection[str]) -> dict[str, Valued]:
    """Return use without an award by place: the transaction key up to and including the UTC day.

    All bills of a day count together, because a later bill may correct an earlier one.

    Args:
        session: A session.
        owners: Owner codes.
    """
    codes, found = sorted(owners), dict[str, Valued]()
    debit = aliased(Account)
    amount = func.sum(case((debit.path.startswith("suspense:"), Transfer.amount), else_=-Transfer.amount))
    for start in range(0, len(codes), _OWNERS):
        refs = [f"usage:{code}" for code in codes[start : start + _OWNERS]]
        rows = session.execute(
            select(Txn.key, Transfer.commodity, amount)
            .join(Transfer, Transfer.txn_id == Txn.id)
            .join(debit, debit.id == Transfer.debit_id)
            .where(Txn.source_ref.in_(refs), Txn.kind == "suspense")
            .group_by(Txn.key, Transfer.commodity)
        )
        for key, commodity, posted in rows:
            place = day_of_key(key)
            hours, value = (0, int(posted)) if commodity == IMPUTED else (int(posted), 0)
            found[place] = found.get(place, Valued()).plus(hours, value)
    return found


def day_of_key(key: str) -> str:
    """Return a usage key without its bill and its posting: `usage:owner:sku:region:day`."""
    return key.rsplit(":", 2)[0]
