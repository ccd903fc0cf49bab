"""Minutes as their reader may see them: what somebody is recused from is blank."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.committee.queries.people import members
from fundapp.committee.queries.sight import in_sight, require_sight
from fundapp.committee.tables import Ballot, Meeting, Minutes, MinutesApproval
from fundapp.core.access import Kind, Viewer
from fundapp.core.errors import NotFoundError
from fundapp.intake.tables import Application


@dataclass(frozen=True, slots=True)
class MinutesSection:
    """One section; `hidden` where it speaks of an item that the reader may know nothing of."""

    place: int
    title: str
    body: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class MinutesVersion:
    """Who wrote which version and when."""

    version: int
    written_by: str
    written_at: datetime


@dataclass(frozen=True, slots=True)
class MinutesPage:
    """The newest version of a meeting's minutes.

    Attributes:
        version: 0 before the first draft.
        versions: All of them, newest first.
        sha256: Of the approved version, over all sections.
        signers: Members in office, for the signatures on paper.
    """

    meeting_id: uuid.UUID
    title: str
    held_on: date
    kind: str
    meeting_state: str
    version: int
    sections: tuple[MinutesSection, ...]
    versions: tuple[MinutesVersion, ...]
    approved_by: str | None
    approved_at: datetime | None
    sha256: str | None
    signers: tuple[str, ...]


def minutes_page(session: Session, viewer: Viewer, meeting_id: uuid.UUID) -> MinutesPage:
    """Return the newest minutes of a meeting.

    Raises:
        NotFoundError: if there is no such meeting, or the viewer sees no ballots at all.
    """
    require_sight(viewer, Kind.BALLOT)
    meeting = session.get(Meeting, meeting_id)
    if meeting is None:
        raise NotFoundError(meeting=str(meeting_id))
    rows = session.scalars(
        select(Minutes).where(Minutes.meeting_id == meeting_id).order_by(Minutes.version.desc())
    ).all()
    approval, seen = session.get(MinutesApproval, meeting_id), visible_ballots(session, viewer, meeting_id)
    sections = []
    for place, section in enumerate(rows[0].sections if rows else ()):
        hidden = section["ballot"] is not None and uuid.UUID(section["ballot"]) not in seen
        sections.append(
            MinutesSection(
                place=place,
                title=section["number"] if hidden else section["title"],
                body="" if hidden else section["body"],
                hidden=hidden,
            )
        )
    return MinutesPage(
        meeting_id=meeting.id,
        title=meeting.title,
        held_on=meeting.held_on,
        kind=meeting.kind,
        meeting_state=meeting.state,
        version=rows[0].version if rows else 0,
        sections=tuple(sections),
        versions=tuple(MinutesVersion(row.version, row.written_by, row.written_at) for row in rows),
        approved_by=approval.approved_by if approval else None,
        approved_at=approval.approved_at if approval else None,
        sha256=approval.sha256 if approval else None,
        signers=tuple(member.name for member in members(session)),
    )


def visible_ballots(session: Session, viewer: Viewer, meeting_id: uuid.UUID) -> set[uuid.UUID]:
    """Return the ballots of a meeting that the viewer may know of."""
    return set(
        session.scalars(
            select(Ballot.id)
            .join(Application, Application.id == Ballot.application_id)
            .where(Ballot.meeting_id == meeting_id, in_sight(viewer))
        )
    )
