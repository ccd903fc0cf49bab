"""Balances, transfers and the check that one follows from the other."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from fundapp.core.quantities import Quantity, scale_of
from fundapp.ledger.rules import Leg
from fundapp.ledger.tables import Account, Balance, HoldResolution, RateCard, Transfer, Txn

_POSTED = ("posted", "post")


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """One account: posted = credits - debits, held = pending debits, free = posted - held; minor units."""

    account: str
    commodity: str
    posted: int
    held: int
    free: int


@dataclass(frozen=True, slots=True)
class TransferRow:
    """One transfer with the transaction it belongs to; amount in minor units."""

    txn_key: str
    kind: str
    status: str
    effective_on: date
    recorded_at: datetime
    actor: str
    debit: str
    credit: str
    commodity: str
    amount: int
    source_ref: str | None


@dataclass(frozen=True, slots=True)
class HoldRow:
    """A reservation and what became of it: open, posted or void."""

    key: str
    state: str
    source_ref: str | None
    legs: tuple[Leg, ...]


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether balances equal the fold of transfers and every invariant holds."""

    ok: bool
    transfers: int
    accounts: int
    problems: list[str]


def balances(session: Session, *, prefix: str = "", as_of: date | None = None) -> list[BalanceRow]:
    """Return the balances of accounts whose path starts with `prefix`, by path.

    With `as_of`, they are folded from transfers effective up to and including that day; holds are not dated and
    count as 0 then.
    """
    if as_of is not None:
        return _balances_as_of(session, prefix, as_of)
    rows = session.execute(
        select(
            Account.path,
            Account.commodity,
            Balance.credits_posted - Balance.debits_posted,
            Balance.debits_pending,
        )
        .join(Balance, Balance.account_id == Account.id)
        .where(Account.path.startswith(prefix, autoescape=True))
        .order_by(Account.path, Account.commodity)
    )
    return [BalanceRow(path, code, posted, held, posted - held) for path, code, posted, held in rows]


def find_balance(session: Session, path: str, commodity: str) -> BalanceRow | None:
    """Return one account's balance, or None if there is no such account."""
    row = session.execute(
        select(Balance.credits_posted - Balance.debits_posted, Balance.debits_pending)
        .join(Account, Account.id == Balance.account_id)
        .where(Account.path == path, Account.commodity == commodity)
    ).one_or_none()
    return None if row is None else BalanceRow(path, commodity, row[0], row[1], row[0] - row[1])


def _balances_as_of(session: Session, prefix: str, as_of: date) -> list[BalanceRow]:
    sums: dict[int, int] = defaultdict(int)
    for column, sign in ((Transfer.credit_id, 1), (Transfer.debit_id, -1)):
        query = (
            select(column, func.sum(Transfer.amount))
            .join(Txn, Txn.id == Transfer.txn_id)
            .where(Txn.status.in_(_POSTED), Txn.effective_on <= as_of)
            .group_by(column)
        )
        for account_id, amount in session.execute(query):
            sums[account_id] += sign * int(amount)
    accounts = session.execute(
        select(Account.id, Account.path, Account.commodity)
        .where(Account.path.startswith(prefix, autoescape=True))
        .order_by(Account.path, Account.commodity)
    )
    return [BalanceRow(path, code, sums[key], 0, sums[key]) for key, path, code in accounts]


def _transfer_query() -> Select[*tuple[Any, ...]]:
    debit, credit = aliased(Account), aliased(Account)
    return (
        select(
            Txn.key,
            Txn.kind,
            Txn.status,
            Txn.effective_on,
            Txn.recorded_at,
            Txn.actor,
            debit.path,
            credit.path,
            Transfer.commodity,
            Transfer.amount,
            Txn.source_ref,
        )
        .join(Txn, Txn.id == Transfer.txn_id)
        .join(debit, debit.id == Transfer.debit_id)
        .join(credit, credit.id == Transfer.credit_id)
        .order_by(Txn.effective_on, Txn.id, Transfer.id)
    )


def transfers(
    session: Session,
    *,
    account: str | None = None,
    source_ref: str | None = None,
    kind: str | None = None,
    from_date: date | None = None,
    to_date: date | None = None,
    posted_only: bool = True,
    limit: int | None = None,
) -> list[TransferRow]:
    """Return transfers in order of effect; all filters are optional and dates are inclusive."""
    query = _transfer_query()
    if posted_only:
        query = query.where(Txn.status.in_(_POSTED))
    if account is not None:
        ids = select(Account.id).where(Account.path == account).scalar_subquery()
        query = query.where(Transfer.debit_id.in_(ids) | Transfer.credit_id.in_(ids))
    if source_ref is not None:
        query = query.where(Txn.source_ref == source_ref)
    if kind is not None:
        query = query.where(Txn.kind == kind)
    if from_date is not None:
        query = query.where(Txn.effective_on >= from_date)
    if to_date is not None:
        query = query.where(Txn.effective_on <= to_date)
    if limit is not None:
        query = query.limit(limit)
    return [TransferRow(*row) for row in session.execute(query)]


def find_holds(session: Session, source_ref: str) -> list[HoldRow]:
    """Return the holds placed for a source, e.g. `ballot:…`, oldest first."""
    ending = aliased(Txn)
    rows = session.execute(
        select(Txn.id, Txn.key, Txn.source_ref, ending.status)
        .outerjoin(HoldResolution, HoldResolution.hold_id == Txn.id)
        .outerjoin(ending, ending.id == HoldResolution.txn_id)
        .where(Txn.status == "hold", Txn.source_ref == source_ref)
        .order_by(Txn.id)
    ).all()
    states = {None: "open", "post": "posted", "void": "void"}
    legs = _legs_by_txn(session, [row[0] for row in rows])
    return [HoldRow(key, states[state], ref, tuple(legs[txn_id])) for txn_id, key, ref, state in rows]


def _legs_by_txn(session: Session, ids: list[int]) -> dict[int, list[Leg]]:
    debit, credit = aliased(Account), aliased(Account)
    found: dict[int, list[Leg]] = defaultdict(list)
    rows = session.execute(
        select(Transfer.txn_id, debit.path, credit.path, Transfer.amount, Transfer.commodity)
        .join(debit, debit.id == Transfer.debit_id)
        .join(credit, credit.id == Transfer.credit_id)
        .where(Transfer.txn_id.in_(ids))
        .order_by(Transfer.id)
    )
    for txn_id, source, target, amount, commodity in rows:
        found[txn_id].append(Leg(source, target, Quantity(amount, commodity)))
    return found


def rate_on(session: Session, commodity: str, day: date) -> int | None:
    """Return the rate card's price in whole won an hour on a day, or None before the first line."""
    return session.scalar(
        select(RateCard.unit_price)
        .where(RateCard.commodity == commodity, RateCard.valid_from <= day)
        .order_by(RateCard.valid_from.desc(), RateCard.version.desc())
        .limit(1)
    )


def verify(session: Session) -> Verification:
    """Fold all transfers and compare with the running balances, floors, commodities and holds."""
    folded: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    count = session.scalar(select(func.count()).select_from(Transfer)) or 0
    pending = (Txn.status == "hold") & HoldResolution.hold_id.is_(None)
    for offset, condition in ((0, Txn.status.in_(_POSTED)), (2, pending)):
        for column, side in ((Transfer.debit_id, 0), (Transfer.credit_id, 1)):
            query = (
                select(column, func.sum(Transfer.amount))
                .join(Txn, Txn.id == Transfer.txn_id)
                .outerjoin(HoldResolution, HoldResolution.hold_id == Txn.id)
                .where(condition)
                .group_by(column)
            )
            for account_id, amount in session.execute(query):
                folded[account_id][offset + side] = int(amount)
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
    return Verification(not problems, count, len(accounts), problems)


def _account_problems(account: Account, balance: Balance | None, expected: list[int]) -> list[str]:
    name = f"{account.path} [{account.commodity}]"
    if balance is None:
        return [f"{name}: no balance row"]
    actual = [balance.debits_posted, balance.credits_posted, balance.debits_pending, balance.credits_pending]
    found = []
    if actual != expected:
        found.append(f"{name}: balance {actual} but transfers say {expected}")
    free = expected[1] - expected[0] - expected[2]
    if balance.floor is not None and free < balance.floor:
        found.append(f"{name}: {free} is below its floor {balance.floor}")
    return found


def decimal_text(minor: int, commodity: str) -> str:
    """Return an exact decimal of minor units, for exports."""
    return f"{Quantity(minor, commodity).decimal:.{scale_of(commodity)}f}"
