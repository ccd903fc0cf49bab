"""Recording an event."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, update
from sqlalchemy.orm import Session

from fundapp.audit.rules import GENESIS, link_hash
from fundapp.audit.tables import AuditEvent, AuditHead
from fundapp.core.access import Viewer

_TAKE_NEXT = (
    update(AuditHead).where(AuditHead.id == 1).values(seq=AuditHead.seq + 1).returning(AuditHead.seq, AuditHead.hash)
)
_BEGIN = insert(AuditHead).values(id=1, seq=1, hash=GENESIS).returning(AuditHead.seq, AuditHead.hash)
_APPEND = insert(AuditEvent)
_KEEP = update(AuditHead).where(AuditHead.id == 1).values(hash=bindparam("newest"))
# Names of their own: those of columns would also be taken for columns of the head.
_NAMED = {column.key: f"new_{column.key}" for column in AuditEvent.__table__.columns}
_APPEND_AND_KEEP = (
    insert(AuditEvent)
    .values({column: bindparam(name) for column, name in _NAMED.items()})
    .add_cte(update(AuditHead).where(AuditHead.id == 1).values(hash=bindparam(_NAMED["hash"])).cte("kept"))
)
"""Both at once, as only PostgreSQL can: there each statement is a trip to the server."""


def record_event(
    session: Session,
    *,
    actor: Viewer,
    verb: str,
    subject_kind: str,
    subject: str,
    at: datetime,
    details: dict[str, Any] | None = None,
) -> None:
    """Append one event to the chain.

    Args:
        session: The session of the change that the event records; both commit or neither.
        actor: Who did it.
        verb: `noun.verb`, e.g. `application.submitted`.
        subject_kind: What kind of object it was done to.
        subject: The object's public identifier.
        at: When.
        details: JSON-able facts. Personal data stays out: the chain can never forget.
    """
    # Said to the connection itself: a demonstration records two thousand events, and half their time was bookkeeping.
    session.flush()
    connection = session.connection()
    # The relative update takes the row lock before the hash is read, so two writers cannot link to one event.
    newest = connection.execute(_TAKE_NEXT).one_or_none()
    if newest is None:
        newest = connection.execute(_BEGIN).one()
    seq, previous = newest
    values: dict[str, Any] = {
        "seq": seq,
        "at": at,
        "actor": actor.name or actor.email or "anonymous",
        "actor_id": actor.person_id,
        "verb": verb,
        "subject_kind": subject_kind,
        "subject": subject,
        "details": details or {},
        "previous_hash": previous,
    }
    digest = link_hash(previous, seq, at, event_content(AuditEvent(**values)))
    values["hash"] = digest
    if connection.dialect.name == "postgresql":
        connection.execute(_APPEND_AND_KEEP, {_NAMED[column]: value for column, value in values.items()})
    else:
        connection.execute(_APPEND, values)
        connection.execute(_KEEP, {"newest": digest})


def event_content(event: AuditEvent) -> dict[str, object]:
    """Return what the hash covers besides number, instant and previous hash."""
    return {
        "actor": event.actor,
        "actor_id": str(event.actor_id) if event.actor_id else None,
        "verb": event.verb,
        "subject_kind": event.subject_kind,
        "subject": event.subject,
        "details": event.details,
    }
