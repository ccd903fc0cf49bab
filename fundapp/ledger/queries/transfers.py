"""Transfers, in order of effect or newest first, and how many there are."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, tuple_, union_all
from sqlalchemy.orm import Session, aliased

from fundapp.ledger.tables import Account, Balance, Transfer, Txn


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
    newest_first: bool = False,
    older_than: str | None = None,
) -> list[TransferRow]:
    """Return transfers; all filters are optional and dates are inclusive.

    Args:
        session: Any session.
        account: Only those that touch this path.
        source_ref: Only those recorded for this source.
        kind: Only those of this kind.
        from_date: First day of effect.
        to_date: Last day of effect.
        posted_only: Leave out what is or was only held.
        limit: At most so many; with `newest_first` and an account the last transaction is completed, so that
            pages never cut one in two.
        newest_first: From the newest day of effect backwards, at a cost that does not grow with the ledger.
        older_than: With `newest_first`: only transactions before the one with this key; the last key of one page
            opens the next.
    """
    marks = _marks(session, older_than) if newest_first and older_than is not None else None
    day = Transfer.effective_on if posted_only else Txn.effective_on
    wanted: list[ColumnElement[bool]] = [Transfer.effective_on.is_not(None)] if posted_only else []
    if from_date is not None:
        wanted.append(day >= from_date)
    if to_date is not None:
        wanted.append(day <= to_date)
    named: list[ColumnElement[bool]] = []
    if source_ref is not None:
        named.append(Txn.source_ref == source_ref)
    if kind is not None:
        named.append(Txn.kind == kind)
    debit, credit = aliased(Account), aliased(Account)
    query = _transfer_query(debit, credit).where(*wanted, *named, *_before(Txn, marks))
    if account is not None:
        ids = _account_ids(session, account)
        if newest_first and limit is not None and posted_only:
            newest = _newest(session, ids, [*wanted, *_before(Transfer, marks)], named, limit)
            # By path, not by number: else SQLite reads all transfers of the account to find these few.
            query = query.where(Txn.id.in_(newest), (debit.path == account) | (credit.path == account))
            limit = None
        else:
            query = query.where(Transfer.debit_id.in_(ids) | Transfer.credit_id.in_(ids))
    query = query.order_by(*_order(newest_first=newest_first)).limit(limit)
    return [TransferRow(*row) for row in session.execute(query)]


def transfers_under(session: Session, keys: Collection[str]) -> list[TransferRow]:
    """Return the posted transfers of a few transactions, in order of effect; one statement.

    Args:
        session: Any session.
        keys: Of the transactions, as many as a page shows; unknown ones are passed over.
    """
    if not keys:
        return []
    query = _transfer_query(aliased(Account), aliased(Account))
    query = query.where(Txn.key.in_(keys), Transfer.effective_on.is_not(None))
    return [TransferRow(*row) for row in session.execute(query.order_by(*_order(newest_first=False)))]


def count_transfers(session: Session, *, account: str | None = None) -> int:
    """Return how many transfers were posted to a path, kept beside its balance; or how many the ledger has in all."""
    if account is None:
        return session.scalar(select(func.count()).select_from(Transfer)) or 0
    total = select(func.sum(Balance.transfers_posted)).join(Account, Account.id == Balance.account_id)
    return int(session.scalar(total.where(Account.path == account)) or 0)


def _transfer_query(debit: type[Account], credit: type[Account]) -> Select[*tuple[Any, ...]]:
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
    )


def _order(*, newest_first: bool) -> list[ColumnElement[Any]]:
    if newest_first:
        return [Txn.effective_on.desc(), Txn.id.desc(), Transfer.id.asc()]
    return [Txn.effective_on.asc(), Txn.id.asc(), Transfer.id.asc()]


def _account_ids(session: Session, path: str) -> list[int]:
    return list(session.scalars(select(Account.id).where(Account.path == path)))


def _marks(session: Session, key: str) -> tuple[date, int] | None:
    row = session.execute(select(Txn.effective_on, Txn.id).where(Txn.key == key)).one_or_none()
    return None if row is None else (row[0], row[1])


def _before(table: type[Txn | Transfer], marks: tuple[date, int] | None) -> list[ColumnElement[bool]]:
    if marks is None:
        return []
    number = table.txn_id if issubclass(table, Transfer) else table.id
    return [tuple_(table.effective_on, number) < tuple_(*marks)]


def _newest(
    session: Session,
    ids: list[int],
    wanted: list[ColumnElement[bool]],
    named: list[ColumnElement[bool]],
    limit: int,
) -> list[int]:
    """Return the transactions of the newest `limit` transfers of accounts, read from the end of each side's index."""
    sides = []
    for number in ids:
        for column in (Transfer.debit_id, Transfer.credit_id):
            side = select(Transfer.effective_on, Transfer.txn_id).where(column == number, *wanted)
            if named:
                side = side.join(Txn, Txn.id == Transfer.txn_id).where(*named)
            newest = side.order_by(Transfer.effective_on.desc(), Transfer.txn_id.desc()).limit(limit)
            sides.append(select(newest.subquery()))
    if not sides:
        return []
    found = union_all(*sides).subquery()
    rows = session.execute(select(found).order_by(found.c.effective_on.desc(), found.c.txn_id.desc()).limit(limit))
    return list(dict.fromkeys(row.txn_id for row in rows))
