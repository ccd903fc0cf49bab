"""What the room writes to the audit record, and as whom."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Viewer
from fundapp.identity.tables import Person


def as_viewer(person: Person) -> Viewer:
    """Return somebody as the actor of what they do before they are signed in."""
    return Viewer(person_id=person.id, name=person.name)


def record_of(
    session: Session, actor: Viewer, verb: str, person_id: uuid.UUID, at: datetime, **details: object
) -> None:
    """Record what happened to an account; no address and nothing secret goes into the chain."""
    record_event(
        session,
        actor=actor,
        verb=verb,
        subject_kind=str(Kind.PERSON),
        subject=str(person_id),
        at=at,
        details=details,
    )
