"""Who has pledged to have no interest in an application."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import func, select, true
from sqlalchemy.orm import Session

from fundapp.audit.tables import AuditEvent
from fundapp.committee.queries.phases import find_unmasked_at
from fundapp.committee.queries.sight import in_sight
from fundapp.core.access import Viewer
from fundapp.intake.tables import Application

PLEDGED = "conflict.pledged"


def find_pledge(session: Session, viewer: Viewer, application_id: uuid.UUID) -> datetime | None:
    """Return when the viewer pledged to have no interest in an application, or None if they have not."""
    if viewer.person_id is None:
        return None
    # Who pledged blind knew nobody's name: once names are open, that pledge says nothing.
    named = find_unmasked_at(session, application_id)
    since = AuditEvent.at >= named if named else true()
    return session.scalar(
        select(func.min(AuditEvent.at))
        .join(Application, Application.number == AuditEvent.subject)
        .where(
            Application.id == application_id,
            AuditEvent.verb == PLEDGED,
            AuditEvent.subject_kind == "application",
            AuditEvent.actor_id == viewer.person_id,
            in_sight(viewer),
            since,
        )
    )
