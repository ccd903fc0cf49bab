"""In which language somebody is written to, and until when they have seen what was written."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from fundapp.core.access import Viewer
from fundapp.core.errors import ForbiddenError
from fundapp.identity.tables import MailReader


def choose_language(session: Session, *, actor: Viewer, language: str) -> None:
    """Write to somebody in this language from now on: `ko` or `en`.

    Raises:
        ForbiddenError: if nobody is signed in.
    """
    reader = _reader(session, actor)
    if reader.language != language:
        reader.language = language
        session.flush()


def mark_seen(session: Session, *, actor: Viewer, at: datetime) -> None:
    """Record that somebody has looked at what was written to them up to this instant; it never moves back.

    Raises:
        ForbiddenError: if nobody is signed in.
    """
    reader = _reader(session, actor)
    if reader.seen_at is None or reader.seen_at < at:
        reader.seen_at = at
        session.flush()


def _reader(session: Session, actor: Viewer) -> MailReader:
    if actor.person_id is None:
        raise ForbiddenError(verb="edit", kind="person")
    found = session.get(MailReader, actor.person_id)
    if found is None:
        found = MailReader(person_id=actor.person_id, language="ko")
        session.add(found)
    return found
