"""Whether balances follow from transfers, and closed periods are as they were closed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.ledger.queries.transfers import count_transfers
from fundapp.ledger.sealing import Header, seal, sums_through
from fundapp.ledger.tables import Account, Balance, Book, HoldResolution, Period, Snapshot, Transfer, Txn


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether balances equal the fold of transfers and every invariant holds."""

    ok: bool
    transfers: int
    accounts: int
    problems: list[str]


def verify(session: Session) -> Verification:
    """Fold all transfers and compare with running balances, floors, commodities, holds and closed periods."""
    folded = _fold(session)
    problems: list[str] = []
    sums: dict[str, int] = defaultdict(int)
    accounts = session.execute(
        select(Account, Balance).outerjoin(Balance, Balance.account_id == Account.id).order_by(Account.id)
    ).all()
    for account, balance in accounts:
        expected = folded[account.id]
        sums[account.commodity] += expected[1] - expected[0]
        problems += _account_problems(account, balance, expected)
    problems += [f"{code}: debits and credits differ by {left}" for code, left in sums.items() if left]
    problems += _txn_problems(session)
    problems += _period_problems(session)
    return Verification(not problems, count_transfers(session), len(accounts), problems)


def _fold(session: Session) -> dict[int, list[int]]:
    """Return [debits, credits, pending debits, pending credits, transfers] by account number."""
    folded: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
    for side, column in enumerate((Transfer.debit_id, Transfer.credit_id)):
        posted = select(column, func.sum(Transfer.amount), func.count()).where(Transfer.effective_on.is_not(None))
        for account_id, amount, count in session.execute(posted.group_by(column)):
            folded[account_id][side] = int(amount)
            folded[account_id][4] += count
        pending = (
            select(column, func.sum(Transfer.amount))
            .outerjoin(HoldResolution, HoldResolution.hold_id == Transfer.txn_id)
            .where(Transfer.effective_on.is_(None), HoldResolution.hold_id.is_(None))
        )
        for account_id, amount in session.execute(pending.group_by(column)):
            folded[account_id][2 + side] = int(amount)
    return folded


def _account_problems(account: Account, balance: Balance | None, expected: list[int]) -> list[str]:
    name = f"{account.path} [{account.commodity}]"
    if balance is None:
        return [f"{name}: no balance row"]
    actual = [balance.debits_posted, balance.credits_posted, balance.debits_pending, balance.credits_pending]
    found = []
    if actual != expected[:4]:
        found.append(f"{name}: balance {actual} but transfers say {expected[:4]}")
    if balance.transfers_posted != expected[4]:
        found.append(f"{name}: counts {balance.transfers_posted} transfers but there are {expected[4]}")
    free = expected[1] - expected[0] - expected[2]
    if balance.floor is not None and free < balance.floor:
        found.append(f"{name}: {free} is below its floor {balance.floor}")
    return found


def _txn_problems(session: Session) -> Iterator[str]:
    empty = (
        select(Txn.key)
        .where(Txn.status != "void", ~select(Transfer.id).where(Transfer.txn_id == Txn.id).exists())
        .order_by(Txn.id)
    )
    yield from (f"{key}: a transaction without transfers" for key in session.scalars(empty))
    misdated = (
        select(Txn.key)
        .join(Transfer, Transfer.txn_id == Txn.id)
        .where(
            ((Txn.status == "hold") & Transfer.effective_on.is_not(None))
            | ((Txn.status != "hold") & Transfer.effective_on.is_distinct_from(Txn.effective_on))
        )
        .distinct()
    )
    yield from (f"{key}: a transfer bears another day than its transaction" for key in session.scalars(misdated))
    unended = (
        select(Txn.key)
        .outerjoin(HoldResolution, HoldResolution.txn_id == Txn.id)
        .where(Txn.hold_id.is_not(None), HoldResolution.hold_id.is_distinct_from(Txn.hold_id))
    )
    yield from (f"{key}: ends a hold that it is not recorded for" for key in session.scalars(unended))


def _period_problems(session: Session) -> Iterator[str]:
    closed = session.scalar(select(Book.closed_through).where(Book.id == 1))
    previous: Period | None = None
    for period in session.scalars(select(Period).order_by(Period.ends_on)).all():
        if period.previous_sha256 != (None if previous is None else previous.sha256):
            yield f"{period.name}: does not follow from the period before"
        kept = {
            account_id: (debits, credits_)
            for account_id, debits, credits_ in session.execute(
                select(Snapshot.account_id, Snapshot.debits_posted, Snapshot.credits_posted).where(
                    Snapshot.period_id == period.id
                )
            )
        }
        if kept != sums_through(session, period.ends_on, since=previous):
            yield f"{period.name}: its snapshot is not what the transfers come to"
        sealed = seal(session, Header(period.name, period.starts_on, period.ends_on, period.previous_sha256), kept)
        if sealed.sha256 != period.sha256:
            yield f"{period.name}: its hash is {sealed.sha256}, but {period.sha256} was recorded when it closed"
        if closed is None or closed < period.ends_on:
            yield f"{period.name}: was closed, but the books are open again"
        previous = period
