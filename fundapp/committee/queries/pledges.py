"""Who has pledged to have no interest in an application, or in the items of a meeting."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, literal, select
from sqlalchemy.orm import Session

from fundapp.audit.tables import AuditEvent
from fundapp.committee.queries.people import BOARD
from fundapp.committee.queries.phases import unmasked_at
from fundapp.committee.queries.sight import in_sight, require_sight
from fundapp.committee.rules import read_conflict_terms
from fundapp.committee.tables import Ballot, Meeting, MeetingPledge
from fundapp.core.access import VIEWERS_KEPT, Kind, Viewer
from fundapp.core.errors import NotFoundError
from fundapp.identity.tables import Person
from fundapp.intake.queries import company_shown
from fundapp.intake.tables import Application, Call, Company

PLEDGED = "conflict.pledged"
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PledgeItem:
    """One item of a meeting that the viewer has not signed for."""

    application_id: uuid.UUID
    number: str
    company: str


@dataclass(frozen=True, slots=True)
class PledgeRow:
    """One signature for one item of a meeting."""

    meeting_id: uuid.UUID
    person: str
    number: str
    submission_version: int | None
    signed_at: datetime


def find_pledge(session: Session, viewer: Viewer, application_id: uuid.UUID) -> datetime | None:
    """Return when the viewer pledged to have no interest in an application, or None if they have not."""
    if viewer.person_id is None:
        return None
    return session.connection().scalar(pledged(viewer), {"application_id": application_id})


@lru_cache(VIEWERS_KEPT)
def pledged(viewer: Viewer) -> Select[datetime]:
    """Select when the viewer pledged for `application_id`; said once for each of them, each page of a case asks it.

    Who pledged blind knew nobody's name: once names are open, that pledge says nothing.
    """
    since = func.coalesce(unmasked_at(Application.call_id.expression), literal(_EVER, AuditEvent.at.type))
    return (
        select(func.min(AuditEvent.at))
        .join(Application, Application.number == AuditEvent.subject)
        .where(
            Application.id == bindparam("application_id"),
            AuditEvent.verb == PLEDGED,
            AuditEvent.subject_kind == "application",
            AuditEvent.actor_id == viewer.person_id,
            AuditEvent.at >= since,
            in_sight(viewer),
        )
    )


def _unsigned(viewer: Viewer, meeting_id: uuid.UUID) -> ColumnElement[bool]:
    signed = select(MeetingPledge.id).where(
        MeetingPledge.meeting_id == meeting_id,
        MeetingPledge.person_id == viewer.person_id,
        MeetingPledge.application_id == Ballot.application_id,
    )
    return and_(Ballot.meeting_id == meeting_id, ~signed.exists(), in_sight(viewer))


def unsigned_items(session: Session, viewer: Viewer, meeting_id: uuid.UUID) -> list[PledgeItem]:
    """Return the items of a meeting that the viewer sees and has not signed for, by number.

    Raises:
        NotFoundError: if there is no such meeting, or the viewer holds no seat.
    """
    require_sight(viewer, Kind.BALLOT)
    if not viewer.has(*BOARD) or session.get(Meeting, meeting_id) is None:
        raise NotFoundError(meeting=str(meeting_id))
    rows = session.execute(
        select(Application.id, Application.number, company_shown(viewer).label("name"))
        .join(Ballot, Ballot.application_id == Application.id)
        .join(Company, Company.id == Application.company_id)
        .where(_unsigned(viewer, meeting_id))
        .distinct()
        .order_by(Application.number)
    )
    return [PledgeItem(row.id, row.number, row.name) for row in rows]


def must_sign_meeting(session: Session, viewer: Viewer, meeting_id: uuid.UUID) -> bool:
    """Say whether the meeting stays shut until the viewer has signed: it does for everybody who votes.

    A call may do without (`meeting_pledge = false` in `[conflicts]`).
    """
    if not viewer.has(*BOARD):
        return False
    document = session.scalar(
        select(Call.document)
        .join(Meeting, Meeting.call_id == Call.id)
        .join(Ballot, Ballot.meeting_id == Meeting.id)
        .join(Application, Application.id == Ballot.application_id)
        .where(_unsigned(viewer, meeting_id))
        .limit(1)
    )
    return document is not None and read_conflict_terms(document).meeting_pledge


def find_meeting_of(session: Session, viewer: Viewer, ballot_id: uuid.UUID) -> uuid.UUID | None:
    """Return the meeting that a ballot in sight belongs to; None for one that is absent or out of sight alike."""
    return session.scalar(
        select(Ballot.meeting_id)
        .join(Application, Application.id == Ballot.application_id)
        .where(Ballot.id == ballot_id, in_sight(viewer))
    )


def list_meeting_pledges(session: Session, viewer: Viewer, meeting_id: uuid.UUID) -> list[PledgeRow]:
    """Return who has signed for which item of a meeting, for its record; items out of sight are left out.

    Raises:
        ForbiddenError: if the viewer sees no ballots at all.
    """
    require_sight(viewer, Kind.BALLOT)
    rows = session.execute(
        select(
            MeetingPledge.meeting_id,
            Person.name,
            Application.number,
            MeetingPledge.submission_version,
            MeetingPledge.signed_at,
        )
        .join(Person, Person.id == MeetingPledge.person_id)
        .join(Application, Application.id == MeetingPledge.application_id)
        .where(MeetingPledge.meeting_id == meeting_id, in_sight(viewer))
        .order_by(Application.number, Person.name)
    )
    return [PledgeRow(*row) for row in rows]
