"""What a period's hash is made of, and the sums that its snapshot keeps.

The hash is SHA-256 over lines of canonical JSON, each ended by a line feed: a header, then every transfer that takes
effect in the period, then every account of the snapshot. `docs/ledger.md` defines the lines. Each header names the
hash of the period before, so that a change anywhere shows in every later period.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.ledger.tables import Account, Period, Snapshot, Transfer, Txn

Sums = dict[int, tuple[int, int]]
"""Debits and credits posted by account number, in minor units."""

_AT_ONCE = 5000
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
"""As `canonical_json`, made once."""


@dataclass(frozen=True, slots=True)
class Header:
    """A period as its hash names it."""

    name: str
    starts_on: date
    ends_on: date
    previous_sha256: str | None


@dataclass(frozen=True, slots=True)
class Sealed:
    """A period's hash and the number of transfers beneath it."""

    sha256: str
    transfers: int


def sums_through(session: Session, day: date, *, since: Period | None) -> Sums:
    """Return what has been posted through a day: an earlier period's snapshot plus the transfers after it.

    Args:
        session: Any session.
        day: The last day counted.
        since: The period whose snapshot to start from; None counts from the beginning.
    """
    found: dict[int, list[int]] = {}
    if since is not None:
        rows = select(Snapshot.account_id, Snapshot.debits_posted, Snapshot.credits_posted)
        for account_id, debits, credits_ in session.execute(rows.where(Snapshot.period_id == since.id)):
            found[account_id] = [debits, credits_]
    for side, column in enumerate((Transfer.debit_id, Transfer.credit_id)):
        query = select(column, func.sum(Transfer.amount)).where(Transfer.effective_on <= day).group_by(column)
        if since is not None:
            query = query.where(Transfer.effective_on > since.ends_on)
        for account_id, amount in session.execute(query):
            found.setdefault(account_id, [0, 0])[side] += int(amount)
    return {account_id: (found[account_id][0], found[account_id][1]) for account_id in sorted(found)}


def seal(session: Session, header: Header, sums: Sums) -> Sealed:
    """Return a period's hash, computed from the transfers as they are and the sums given."""
    digest = hashlib.sha256()
    _add(digest, [header.name, header.starts_on.isoformat(), header.ends_on.isoformat(), header.previous_sha256])
    count = 0
    for line in _transfer_lines(session, header):
        _add(digest, line)
        count += 1
    for line in _snapshot_lines(session, sums):
        _add(digest, line)
    return Sealed(digest.hexdigest(), count)


def _add(digest: hashlib._Hash, line: list[object]) -> None:
    digest.update(_encode(line).encode() + b"\n")


def _transfer_lines(session: Session, header: Header) -> Iterator[list[object]]:
    # Tables rather than classes: a period may hold a million transfers, and rows of columns come twice as fast.
    transfer, txn = Transfer.__table__.c, Txn.__table__.c
    debit, credit = Account.__table__.alias("debit"), Account.__table__.alias("credit")
    rows = session.connection().execute(
        select(
            txn.key,
            txn.kind,
            transfer.effective_on,
            txn.recorded_at,
            txn.actor,
            txn.source_ref,
            debit.c.path,
            credit.c.path,
            transfer.commodity,
            transfer.amount,
        )
        .join_from(Transfer.__table__, Txn.__table__, txn.id == transfer.txn_id)
        .join(debit, debit.c.id == transfer.debit_id)
        .join(credit, credit.c.id == transfer.credit_id)
        .where(transfer.effective_on >= header.starts_on, transfer.effective_on <= header.ends_on)
        .order_by(transfer.effective_on, transfer.txn_id, transfer.id),
        execution_options={"yield_per": _AT_ONCE},
    )
    last = said = None  # neighbours were often recorded at the same instant
    for key, kind, day, recorded, *rest in rows:
        if recorded != last:
            last, said = recorded, recorded.isoformat(timespec="microseconds")
        yield [key, kind, day.isoformat(), said, *rest]


def _snapshot_lines(session: Session, sums: Sums) -> Iterator[list[object]]:
    names = {
        number: (path, commodity)
        for number, path, commodity in session.execute(select(Account.id, Account.path, Account.commodity))
    }
    for (path, commodity), (debits, credits_) in sorted((names[number], pair) for number, pair in sums.items()):
        yield [path, commodity, debits, credits_]
