"""Recording what happens to awards."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Viewer


def record(session: Session, actor: Viewer, verb: str, subject: str, at: datetime, **details: object) -> None:
    """Append an event about an award, named by its number."""
    record_event(session, actor=actor, verb=verb, subject_kind="award", subject=subject, at=at, details=dict(details))
