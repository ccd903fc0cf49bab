"""Posting transfers and taking them back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import Viewer
from fundapp.core.errors import LedgerRefusedError
from fundapp.ledger.recording import legs_of, record, record_both
from fundapp.ledger.rules import Entry, Leg
from fundapp.ledger.tables import Txn
from fundapp.ledger.wires import Stamp

_CHUNK = 2000


@dataclass(frozen=True, slots=True)
class Posting:
    """What became of a request: its key, and whether it had been carried out before."""

    key: str
    replayed: bool


def post(
    session: Session,
    *,
    key: str,
    kind: str,
    legs: Sequence[Leg],
    effective_on: date,
    actor: Viewer,
    at: datetime,
    source_ref: str | None = None,
) -> Posting:
    """Post transfers, all or none.

    Raises:
        HeadroomExceededError: if an account would fall below its floor.
        LedgerRefusedError: if the period is closed, an account is missing or the legs are malformed.
        IdempotencyConflictError: if the key was used with other content.
    """
    entry = Entry(key, kind, tuple(legs), effective_on, source_ref)
    return Posting(key, replayed=not record(session, [entry], Stamp(actor.name or actor.email, at)))


def post_many(session: Session, entries: Sequence[Entry], *, actor: Viewer, at: datetime) -> int:
    """Post many entries in one go; return how many were new. Same guarantees and errors as `post`."""
    stamp = Stamp(actor.name or actor.email, at)
    return sum(record(session, entries[start : start + _CHUNK], stamp) for start in range(0, len(entries), _CHUNK))


def reverse(session: Session, *, txn_key: str, key: str, effective_on: date, actor: Viewer, at: datetime) -> Posting:
    """Post the mirror image of a posted transaction.

    Each can be reversed once, and a reversal not at all: what was taken back by mistake is posted anew under a key
    of its own, so that a reader never has to count how often something was turned round.

    Raises:
        LedgerRefusedError: if there is no such posting, it has been reversed, or it is a reversal.
        HeadroomExceededError: if what it gave has been spent.
    """
    entry, stamp = _mirror(session, txn_key, key, effective_on, actor, at)
    return Posting(key, replayed=not record(session, [entry], stamp))


def replace(
    session: Session,
    *,
    txn_key: str,
    reversed_on: date,
    key: str,
    legs: Sequence[Leg],
    effective_on: date,
    actor: Viewer,
    at: datetime,
) -> Posting:
    """Reverse a posted transaction and post what should have been posted instead, both or none.

    Floors are asked once, for what both come to: what is put right may have been passed on long ago, and neither
    order of the two would then find the room that they leave together.

    Args:
        session: A writing session.
        txn_key: What is put right; its reversal bears the key `reverse:<txn_key>`.
        reversed_on: The day on which the reversal takes effect.
        key: Of what is posted instead, with the kind and source of what it replaces.
        legs: What should have been posted.
        effective_on: The day on which that takes effect.
        actor: Who.
        at: Now.

    Raises:
        As `post` and `reverse`.
    """
    mirror, reversing = _mirror(session, txn_key, f"reverse:{txn_key}", reversed_on, actor, at)
    kind = mirror.kind.removesuffix("_reversal")
    entry = Entry(key, kind, tuple(legs), effective_on, mirror.source_ref)
    right = Stamp(reversing.actor, at, about=f"replace {txn_key}")
    return Posting(key, replayed=not record_both(session, (mirror, reversing), (entry, right)))


def _mirror(
    session: Session, txn_key: str, key: str, effective_on: date, actor: Viewer, at: datetime
) -> tuple[Entry, Stamp]:
    """Return the entry that turns a posted transaction round.

    Raises:
        LedgerRefusedError: if there is no such posting, it has been reversed, or it is a reversal.
    """
    original = session.scalars(select(Txn).where(Txn.key == txn_key)).one_or_none()
    if original is None or original.status not in {"posted", "post"}:
        raise LedgerRefusedError(
            reason_ko=f"되돌릴 거래가 없습니다: {txn_key}", reason_en=f"no such posting: {txn_key}"
        )
    if original.reverses_id is not None:
        raise LedgerRefusedError(
            reason_ko=f"되돌린 거래는 다시 되돌릴 수 없습니다. 새로 기록하세요: {txn_key}",
            reason_en=f"a reversal cannot be reversed, post anew: {txn_key}",
        )
    reversed_by = session.scalar(select(Txn.key).where(Txn.reverses_id == original.id))
    if reversed_by not in {None, key}:
        raise LedgerRefusedError(
            reason_ko=f"이미 되돌린 거래입니다: {txn_key}", reason_en=f"already reversed: {txn_key}"
        )
    legs = tuple(Leg(leg.credit, leg.debit, leg.quantity) for leg in legs_of(session, original.id))
    entry = Entry(key, f"{original.kind}_reversal"[:40], legs, effective_on, original.source_ref)
    return entry, Stamp(actor.name or actor.email, at, reverses_id=original.id, about=f"reverse {txn_key}")
