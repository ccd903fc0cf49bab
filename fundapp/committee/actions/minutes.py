"""Minutes: drafted from the record, edited by the secretary, approved by the chair."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.actions.meetings import load_meeting
from fundapp.committee.entrance import require_person
from fundapp.committee.minuting import compose
from fundapp.committee.queries.minutes import visible_ballots
from fundapp.committee.tables import Ballot, Minutes, MinutesApproval
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import NotFoundError, TransitionRefusedError
from fundapp.core.orm import canonical_json


def draft_minutes(session: Session, *, meeting_id: uuid.UUID, actor: Viewer, at: datetime) -> int:
    """Write the minutes anew from what happened, as their next version; return its number.

    Raises:
        NotFoundError: if there is no such meeting.
        TransitionRefusedError: if they have been approved.
    """
    require(actor, Verb.PROPOSE, Thing(Kind.BALLOT))
    load_meeting(session, meeting_id)
    newest = _newest(session, meeting_id)
    return _write(session, meeting_id, compose(session, meeting_id), 1 + (newest.version if newest else 0), actor, at)


def edit_minutes(
    session: Session,
    *,
    meeting_id: uuid.UUID,
    version: int,
    bodies: Mapping[int, str],
    actor: Viewer,
    at: datetime,
) -> int:
    """Write a new version of the minutes; older ones stay. Sections that the actor may not see are carried over.

    Args:
        session: A writing session.
        meeting_id: The meeting.
        version: The one that was edited; if it is not the newest any more, nothing is overwritten.
        bodies: New texts by place of their section, from 0.
        actor: Analyst or chair.
        at: Now.

    Raises:
        NotFoundError: if there are no minutes.
        TransitionRefusedError: if they have been approved, or somebody else has written a newer version.
    """
    require(actor, Verb.PROPOSE, Thing(Kind.BALLOT))
    newest = _newest(session, meeting_id)
    if newest is None:
        raise NotFoundError(meeting=str(meeting_id))
    if newest.version != version:
        raise TransitionRefusedError(thing="minutes", state="changed", verb="write")
    seen = visible_ballots(session, actor, meeting_id)
    sections = [
        section | {"body": bodies[place].strip().replace("\r\n", "\n")}
        if place in bodies and (section["ballot"] is None or uuid.UUID(section["ballot"]) in seen)
        else section
        for place, section in enumerate(newest.sections)
    ]
    if sections == newest.sections:
        return version
    return _write(session, meeting_id, sections, version + 1, actor, at)


def approve_minutes(session: Session, *, meeting_id: uuid.UUID, version: int, actor: Viewer, at: datetime) -> str:
    """Approve a version of the minutes; it stands from then on. Return its SHA-256.

    Raises:
        NotFoundError: if there are no minutes, or the actor does not chair.
        TransitionRefusedError: if it is not the newest version, something is still put to the vote, or they have been
            approved.
    """
    require(actor, Verb.CLOSE, Thing(Kind.BALLOT))
    person_id, newest = require_person(actor), _newest(session, meeting_id)
    if newest is None:
        raise NotFoundError(meeting=str(meeting_id))
    if newest.version != version:
        raise TransitionRefusedError(thing="minutes", state="changed", verb="approve")
    voting = select(func.count()).select_from(Ballot)
    if session.scalar(voting.where(Ballot.meeting_id == meeting_id, Ballot.state.in_(("open", "waiting")))):
        raise TransitionRefusedError(thing="ballot", state="open", verb="approve")
    digest = minutes_hash(meeting_id, version, newest.sections)
    approval = MinutesApproval(
        meeting_id=meeting_id,
        version=version,
        sha256=digest,
        approved_by_id=person_id,
        approved_by=actor.name or actor.email,
        approved_at=at,
    )
    try:
        with session.begin_nested():
            session.add(approval)
    except IntegrityError as error:
        raise TransitionRefusedError(thing="minutes", state="approved", verb="approve") from error
    _record(session, "minutes.approved", meeting_id, actor, at, version=version, sha256=digest)
    return digest


def minutes_hash(meeting_id: uuid.UUID, version: int, sections: Sequence[Mapping[str, Any]]) -> str:
    """Return the SHA-256 of a version of a meeting's minutes in canonical form."""
    document = {"meeting": str(meeting_id), "version": version, "sections": [dict(one) for one in sections]}
    return hashlib.sha256(canonical_json(document).encode()).hexdigest()


def _newest(session: Session, meeting_id: uuid.UUID) -> Minutes | None:
    return session.scalars(
        select(Minutes).where(Minutes.meeting_id == meeting_id).order_by(Minutes.version.desc()).limit(1)
    ).one_or_none()


def _write(
    session: Session, meeting_id: uuid.UUID, sections: list[Any], version: int, actor: Viewer, at: datetime
) -> int:
    if session.get(MinutesApproval, meeting_id) is not None:
        raise TransitionRefusedError(thing="minutes", state="approved", verb="write")
    row = Minutes(
        meeting_id=meeting_id,
        version=version,
        sections=sections,
        written_by=actor.name or actor.email,
        written_at=at,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise TransitionRefusedError(thing="minutes", state="changed", verb="write") from error
    _record(session, "minutes.written", meeting_id, actor, at, version=version)
    return version


def _record(session: Session, verb: str, meeting_id: uuid.UUID, actor: Viewer, at: datetime, **details: object) -> None:
    record_event(
        session, actor=actor, verb=verb, subject_kind="meeting", subject=str(meeting_id), at=at, details=dict(details)
    )
