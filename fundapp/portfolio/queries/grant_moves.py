"""What moved on grants' accounts in the ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import TypeVar

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.orm import Session, aliased

from fundapp.ledger.tables import Account, Transfer, Txn

CHUNK = 1000
"""Most names in one condition."""
IMPUTED = "KRW-IMPUTED"
_POSTED = ("posted", "post")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Movement:
    """What one booking day did to a grant, by kind and by the account on the other side; positive is what came in.

    Attributes:
        recorded_at: When it was booked; everything of one import has the same instant.
    """

    effective_on: date
    recorded_at: datetime
    kind: str
    other: str
    amount_e4: int


def in_chunks(names: Iterable[T]) -> Iterator[tuple[T, ...]]:
    """Yield names in parts that fit one condition; nothing for no names."""
    rest = iter(names)
    while some := tuple(islice(rest, CHUNK)):
        yield some


def flows_by_head(session: Session, accounts: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return what came into each account less what went out, by the first part of the other account's path."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    own, other = aliased(Account), aliased(Account)
    sides = ((Transfer.credit_id, Transfer.debit_id, 1), (Transfer.debit_id, Transfer.credit_id, -1))
    for some in in_chunks(accounts):
        for mine, theirs, sign in sides:
            rows = session.execute(
                select(own.path, other.path, func.sum(Transfer.amount))
                .join(Transfer, mine == own.id)
                .join(other, theirs == other.id)
                .join(Txn, Txn.id == Transfer.txn_id)
                .where(own.path.in_(some), own.commodity != IMPUTED, Txn.status.in_(_POSTED))
                .group_by(own.path, other.path)
            )
            for path, counterpart, amount in rows:
                found[path][counterpart.partition(":")[0]] += sign * int(amount)
    return found


def movements_of(session: Session, accounts: Sequence[str]) -> dict[str, list[Movement]]:
    """Return what moved on some accounts, summed by day, kind, other account and instant of booking; one statement."""
    own, other = aliased(Account), aliased(Account)
    sides = [
        select(
            own.path.label("path"),
            Txn.effective_on.label("effective_on"),
            Txn.recorded_at.label("recorded_at"),
            Txn.kind.label("kind"),
            other.path.label("other"),
            (func.sum(Transfer.amount) * literal(sign)).label("amount"),
        )
        .join(Transfer, mine == own.id)
        .join(other, theirs == other.id)
        .join(Txn, Txn.id == Transfer.txn_id)
        .where(own.path.in_(accounts), own.commodity != IMPUTED, Txn.status.in_(_POSTED))
        .group_by(own.path, Txn.effective_on, Txn.recorded_at, Txn.kind, other.path)
        for mine, theirs, sign in (
            (Transfer.credit_id, Transfer.debit_id, 1),
            (Transfer.debit_id, Transfer.credit_id, -1),
        )
    ]
    both = union_all(*sides).subquery()
    found: dict[str, list[Movement]] = defaultdict(list)
    for path, effective_on, recorded_at, kind, counterpart, amount in session.execute(
        select(both).order_by(both.c.effective_on, both.c.recorded_at, both.c.kind, both.c.other)
    ):
        found[path].append(Movement(effective_on, recorded_at, kind, counterpart, int(amount)))
    return found


def sum_by_head(moved: Mapping[str, Sequence[Movement]]) -> dict[str, dict[str, int]]:
    """Return what `flows_by_head` does, of movements that are at hand."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for path, some in moved.items():
        for one in some:
            found[path][one.other.partition(":")[0]] += one.amount_e4
    return found
