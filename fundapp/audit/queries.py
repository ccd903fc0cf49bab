"""Reading and verifying the chain."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.audit.actions import event_content
from fundapp.audit.rules import GENESIS, link_hash
from fundapp.audit.tables import AuditEvent, AuditHead
from fundapp.core.access import Kind, Thing, Verb, Viewer, require


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event as a page shows it."""

    seq: int
    at: datetime
    actor: str
    verb: str
    subject_kind: str
    subject: str
    details: dict[str, Any]
    hash: str


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """The verdict over the chain: how many events, and the number of the first that does not fit."""

    ok: bool
    events: int
    first_bad: int | None
    head: str


def verify_chain(session: Session, *, checkpoint: tuple[int, str] | None = None) -> ChainCheck:
    """Walk the chain from the first event; compare with the head and with a checkpoint kept elsewhere.

    Args:
        session: Any session.
        checkpoint: `(seq, hash)` noted outside the database; it alone shows a truncated or rewritten history.
    """
    previous, expected = GENESIS, 1
    query = select(AuditEvent).order_by(AuditEvent.seq).execution_options(yield_per=2000)
    with closing(session.scalars(query)) as events_read:
        for event in events_read:
            fits = (
                event.seq == expected
                and event.previous_hash == previous
                and event.hash == link_hash(previous, event.seq, event.at, event_content(event))
                and (checkpoint is None or checkpoint[0] != event.seq or checkpoint[1] == event.hash)
            )
            if not fits:
                return ChainCheck(ok=False, events=event.seq, first_bad=expected, head=previous)
            previous, expected = event.hash, expected + 1
    events = expected - 1
    head = session.execute(select(AuditHead.seq, AuditHead.hash)).one_or_none()
    whole = events == 0 if head is None else tuple(head) == (events, previous)
    if checkpoint is not None and checkpoint[0] > events:
        whole = False
    return ChainCheck(ok=whole, events=events, first_bad=None if whole else expected, head=previous)


def list_events(session: Session, viewer: Viewer, *, limit: int = 100, before: int | None = None) -> list[EventRow]:
    """Return the newest events, newest first."""
    require(viewer, Verb.VIEW, Thing(Kind.AUDIT))
    query = select(AuditEvent).order_by(AuditEvent.seq.desc()).limit(limit)
    if before is not None:
        query = query.where(AuditEvent.seq < before)
    return [
        EventRow(e.seq, e.at, e.actor, e.verb, e.subject_kind, e.subject, e.details, e.hash)
        for e in session.scalars(query)
    ]
