"""What moved on grants' accounts in the ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import CompoundSelect, bindparam, func, literal, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

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
    for some in in_chunks(accounts):
        for path, counterpart, amount in session.connection().execute(_FLOWS, {"accounts": some}):
            found[path][counterpart.partition(":")[0]] += int(amount)
    return found


def movements_of(session: Session, accounts: Sequence[str]) -> dict[str, list[Movement]]:
    """Return what moved on some accounts, summed by day, kind, other account and instant of booking; one statement."""
    found: dict[str, list[Movement]] = defaultdict(list)
    rows = session.connection().execute(_MOVEMENTS, {"accounts": list(accounts)}).all()
    for path, day, booked, kind, other, amount in sorted(rows, key=lambda row: row[1:5]):
        found[path].append(Movement(day, booked, kind, other, int(amount)))
    return found


def _sums(*columns: InstrumentedAttribute[Any]) -> CompoundSelect[Any]:
    """Return the statement that sums transfers by both accounts and some columns; built once, for its parts are many.

    Columns: the account's path, those asked for, the other account's path, and what came in less what went out.
    """
    return union_all(
        *(
            select(_OWN.path, *columns, _OTHER.path, func.sum(Transfer.amount) * literal(sign))
            .join(Transfer, mine == _OWN.id)
            .join(_OTHER, theirs == _OTHER.id)
            .join(Txn, Txn.id == Transfer.txn_id)
            .where(
                _OWN.path.in_(bindparam("accounts", expanding=True)),
                _OWN.commodity != IMPUTED,
                Txn.status.in_(_POSTED),
            )
            .group_by(_OWN.path, *columns, _OTHER.path)
            for mine, theirs, sign in (
                (Transfer.credit_id, Transfer.debit_id, 1),
                (Transfer.debit_id, Transfer.credit_id, -1),
            )
        )
    )


_OWN, _OTHER = aliased(Account), aliased(Account)
_FLOWS = _sums()
_MOVEMENTS = _sums(Txn.effective_on, Txn.recorded_at, Txn.kind)


def sum_by_head(moved: Mapping[str, Sequence[Movement]]) -> dict[str, dict[str, int]]:
    """Return what `flows_by_head` does, of movements that are at hand."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for path, some in moved.items():
        for one in some:
            found[path][one.other.partition(":")[0]] += one.amount_e4
    return found
