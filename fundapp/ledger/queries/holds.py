"""Reservations and what became of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, aliased

from fundapp.core.quantities import Quantity
from fundapp.ledger.rules import Leg
from fundapp.ledger.tables import Account, HoldResolution, Transfer, Txn

_STATES = {None: "open", "post": "posted", "void": "void"}


@dataclass(frozen=True, slots=True)
class HoldRow:
    """A reservation and what became of it: open, posted or void."""

    key: str
    state: str
    source_ref: str | None
    legs: tuple[Leg, ...]
    kind: str
    held_on: date
    expires_at: datetime | None


def find_holds(session: Session, source_ref: str, *, keys: Collection[str] = ()) -> list[HoldRow]:
    """Return the holds placed for a source, e.g. `ballot:…`, and those of the keys, oldest first."""
    placed = Txn.source_ref == source_ref
    return _rows(session, _query().where(or_(placed, Txn.key.in_(keys)) if keys else placed))


def open_holds(session: Session, *, account: str) -> list[HoldRow]:
    """Return the open holds that touch an account, whatever they were placed for, oldest first."""
    # Numbers rather than a subquery: PostgreSQL then reads the end of two indexes and not the table.
    ids = list(session.scalars(select(Account.id).where(Account.path == account)))
    touching = select(Transfer.txn_id).where(
        Transfer.effective_on.is_(None), Transfer.debit_id.in_(ids) | Transfer.credit_id.in_(ids)
    )
    return _rows(session, _query().where(Txn.id.in_(touching), HoldResolution.hold_id.is_(None)))


def _query() -> Select[*tuple[Any, ...]]:
    ending = aliased(Txn)
    return (
        select(Txn.id, Txn.key, Txn.source_ref, ending.status, Txn.kind, Txn.effective_on, Txn.expires_at)
        .outerjoin(HoldResolution, HoldResolution.hold_id == Txn.id)
        .outerjoin(ending, ending.id == HoldResolution.txn_id)
        .where(Txn.status == "hold")
        .order_by(Txn.id)
    )


def _rows(session: Session, query: Select[*tuple[Any, ...]]) -> list[HoldRow]:
    rows = session.execute(query).all()
    legs = _legs_by_txn(session, [row[0] for row in rows])
    return [
        HoldRow(key, _STATES[state], ref, tuple(legs[txn_id]), kind, held_on, expires_at)
        for txn_id, key, ref, state, kind, held_on, expires_at in rows
    ]


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
