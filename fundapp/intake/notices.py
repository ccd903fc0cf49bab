"""What happened to an applicant's applications, as the mail to them said it, and how much of it they have not seen."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Text, and_, false, func, or_, select, type_coerce
from sqlalchemy.orm import Session

from fundapp.core.access import Role, Viewer
from fundapp.core.errors import NotFoundError
from fundapp.core.outbox import AGAIN, OutboxMessage
from fundapp.identity.tables import MailReader
from fundapp.intake.tables import Application


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """One notice.

    Attributes:
        number: Of the application that it speaks of; the first, where it speaks of several.
        unread: Whether it came since the viewer last looked.
        dated: Whether it has a calendar file.
    """

    id: uuid.UUID
    subject: str
    body: str
    at: datetime
    application_id: uuid.UUID
    number: str
    unread: bool
    dated: bool


def list_notices(session: Session, viewer: Viewer, *, limit: int, offset: int = 0) -> tuple[list[NoticeRow], int]:
    """Return some of the viewer's notices, newest first, and how many there are."""
    own = _own_applications(session, viewer)
    told = _told(viewer, own)
    total = session.scalar(select(func.count()).select_from(OutboxMessage).where(told)) or 0
    rows = session.execute(
        select(OutboxMessage, MailReader.seen_at)
        .outerjoin(MailReader, MailReader.person_id == viewer.person_id)
        .where(told)
        .order_by(OutboxMessage.created_at.desc(), OutboxMessage.id.desc())
        .limit(limit)
        .offset(offset)
    )
    found = []
    for mail, seen_at in rows:
        application_id = next(key for key in map(uuid.UUID, mail.about) if key in own)
        found.append(
            NoticeRow(
                id=mail.id,
                subject=mail.subject,
                body=mail.body,
                at=mail.created_at,
                application_id=application_id,
                number=own[application_id],
                unread=seen_at is None or mail.created_at > seen_at,
                dated=mail.calendar is not None,
            )
        )
    return found, total


def count_unread(session: Session, viewer: Viewer) -> int:
    """Return how many notices came since the viewer last looked; one statement where there is none."""
    if not _listens(viewer):
        return 0
    seen = select(MailReader.seen_at).where(MailReader.person_id == viewer.person_id).scalar_subquery()
    abouts = session.scalars(
        select(OutboxMessage.about).where(_addressed(viewer), or_(seen.is_(None), OutboxMessage.created_at > seen))
    ).all()
    if not any(abouts):
        return 0
    own = {str(key) for key in _own_applications(session, viewer)}
    return sum(not own.isdisjoint(about) for about in abouts)


def notice_calendar(session: Session, viewer: Viewer, notice_id: uuid.UUID) -> str:
    """Return the calendar file of one of the viewer's notices.

    Raises:
        NotFoundError: if there is no such notice, or it has none.
    """
    told = _told(viewer, _own_applications(session, viewer))
    found = session.scalar(select(OutboxMessage.calendar).where(OutboxMessage.id == notice_id, told))
    if found is None:
        raise NotFoundError(notice=str(notice_id))
    return found


def _listens(viewer: Viewer) -> bool:
    """Whether mail to the viewer's address may be shown to them: an address nobody proved may be another's."""
    return viewer.has(Role.APPLICANT) and viewer.confirmed and bool(viewer.company_ids)


def _own_applications(session: Session, viewer: Viewer) -> dict[uuid.UUID, str]:
    if not _listens(viewer):
        return {}
    rows = session.execute(
        select(Application.id, Application.number).where(
            Application.company_id.in_(viewer.company_ids), Application.id.not_in(viewer.recused_from)
        )
    )
    return {row.id: row.number for row in rows}


def _addressed(viewer: Viewer) -> ColumnElement[bool]:
    return and_(
        OutboxMessage.recipient == viewer.email,
        OutboxMessage.state != "withheld",
        ~OutboxMessage.dedupe_key.startswith(AGAIN),
    )


def _told(viewer: Viewer, own: dict[uuid.UUID, str]) -> ColumnElement[bool]:
    """Return the condition on mail that went to the viewer and speaks of an application of their own company."""
    if not own:
        return false()
    about = type_coerce(OutboxMessage.about, Text)
    return and_(_addressed(viewer), or_(*(about.contains(str(key)) for key in sorted(own))))
