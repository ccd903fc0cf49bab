"""Reserving transfers, and posting, voiding or letting lapse what was reserved."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import Viewer
from fundapp.core.errors import LedgerRefusedError
from fundapp.core.quarters import kst_date
from fundapp.ledger.actions.postings import Posting
from fundapp.ledger.recording import Held, legs_of, record
from fundapp.ledger.rules import Entry, Leg, require_postable, require_within
from fundapp.ledger.tables import Book, HoldResolution, Txn
from fundapp.ledger.wires import Stamp

_KEY_LENGTH = 200


def hold(
    session: Session,
    *,
    key: str,
    kind: str,
    legs: Sequence[Leg],
    effective_on: date,
    actor: Viewer,
    at: datetime,
    expires_at: datetime | None = None,
    source_ref: str | None = None,
) -> Posting:
    """Reserve transfers: they count against the debited accounts' floors at once, and are posted or voided later.

    Raises:
        HeadroomExceededError, LedgerRefusedError, IdempotencyConflictError: as `post`.
    """
    entry = Entry(key, kind, tuple(legs), effective_on, source_ref)
    stamp = Stamp(actor.name or actor.email, at, status="hold", expires_at=expires_at, about="hold")
    return Posting(key, replayed=not record(session, [entry], stamp))


def post_hold(
    session: Session,
    *,
    hold_key: str,
    key: str,
    effective_on: date,
    actor: Viewer,
    at: datetime,
    legs: Sequence[Leg] | None = None,
) -> Posting:
    """Post a hold, wholly or in part; the rest of it is released.

    Raises:
        LedgerRefusedError: if there is no such hold, it has ended or its time is over, or more is asked than it
            holds.
    """
    held = _load_hold(session, hold_key)
    wanted = tuple(legs) if legs is not None else held.legs
    require_postable(wanted)
    require_within(wanted, held.by_slot())
    entry = Entry(key, held.kind, wanted, effective_on, held.source_ref)
    return _resolve(session, held, entry, status="post", actor=actor, at=at)


def void_hold(session: Session, *, hold_key: str, key: str, effective_on: date, actor: Viewer, at: datetime) -> Posting:
    """Release a hold without posting anything.

    Raises:
        LedgerRefusedError: if there is no such hold or it has ended.
    """
    held = _load_hold(session, hold_key)
    entry = Entry(key, held.kind, (), effective_on, held.source_ref)
    return _resolve(session, held, entry, status="void", actor=actor, at=at)


def expire_holds(session: Session, *, actor: Viewer, at: datetime) -> int:
    """Void every open hold whose time is over, on the day in Seoul or the first open day after it; return how many."""
    due = session.scalars(
        select(Txn.key)
        .outerjoin(HoldResolution, HoldResolution.hold_id == Txn.id)
        .where(Txn.status == "hold", Txn.expires_at <= at, HoldResolution.hold_id.is_(None))
        .order_by(Txn.id)
    ).all()
    if not due:
        return 0
    closed = session.scalar(select(Book.closed_through).where(Book.id == 1))
    day = kst_date(at) if closed is None else max(kst_date(at), closed + timedelta(days=1))
    voided = 0
    for key in due:
        try:
            void_hold(session, hold_key=key, key=_expiry_key(key), effective_on=day, actor=actor, at=at)
        except LedgerRefusedError:
            continue  # somebody has just ended it, or closed the books of that day: the next run looks again
        voided += 1
    return voided


def _expiry_key(key: str) -> str:
    wanted = f"expire:{key}"
    return wanted if len(wanted) <= _KEY_LENGTH else f"expire:{hashlib.sha256(key.encode()).hexdigest()}"


def _load_hold(session: Session, hold_key: str) -> Held:
    txn = session.scalars(select(Txn).where(Txn.key == hold_key, Txn.status == "hold")).one_or_none()
    if txn is None:
        raise LedgerRefusedError(reason_ko=f"예약이 없습니다: {hold_key}", reason_en=f"no such hold: {hold_key}")
    return Held(txn.id, txn.key, txn.kind, txn.source_ref, txn.expires_at, legs_of(session, txn.id))


def _resolve(session: Session, held: Held, entry: Entry, *, status: str, actor: Viewer, at: datetime) -> Posting:
    stamp = Stamp(actor.name or actor.email, at, status=status, hold_id=held.id, about=f"{status} {held.key}")
    fresh = record(session, [entry], stamp, held=held)
    return Posting(entry.key, replayed=not fresh)
