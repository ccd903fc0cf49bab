"""Giving one review out or taking it back by hand, and noting who knows which field."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.entrance import enter, load_recused
from fundapp.committee.fixing import freeze_terms
from fundapp.committee.queries.people import members
from fundapp.committee.recording import end_assignment
from fundapp.committee.rules import REVIEWABLE
from fundapp.committee.tables import Assignment, AssignmentEvent, Expertise, Review
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.intake.rules import counts_as
from fundapp.intake.tables import Application

Origin = Literal["hand", "file"]
_LONGEST_TAG = 40


def add_reviewer(
    session: Session,
    *,
    application_id: uuid.UUID,
    person_id: uuid.UUID,
    reason: str,
    actor: Viewer,
    at: datetime,
    origin: Origin = "hand",
) -> bool:
    """Give an application to a member; a repeat changes nothing, and False is returned.

    Args:
        session: A writing session.
        application_id: What to review.
        person_id: Who is to.
        reason: Why this member; kept with the assignment.
        actor: Who assigns.
        at: Now.
        origin: By hand, or from a file.

    Raises:
        NotFoundError: if the application is out of sight, or the person holds no seat.
        InvalidInputError: if the member is recused, or no reason is given.
        TransitionRefusedError: if reviews are no longer taken.
    """
    application = enter(session, application_id, actor=actor, verb=Verb.ASSIGN, kind=Kind.APPLICATION)
    if person_id not in {seat.person_id for seat in members(session)}:
        raise NotFoundError(person=str(person_id))
    _require_reason(reason)
    if counts_as(application.state) not in REVIEWABLE:
        raise TransitionRefusedError(thing="application", state=application.state, verb="add")
    if person_id in load_recused(session, application_id):
        raise InvalidInputError(
            field="person",
            reason_ko="이해충돌로 이 안건에서 물러난 위원입니다",
            reason_en="is recused from this application",
        )
    if _find(session, application_id, person_id) is not None:
        return False
    # Reviews open with the first assignment: from here on nobody changes what they are judged by.
    freeze_terms(session, application.call_id, actor=actor, at=at)
    assignment = Assignment(
        application_id=application_id, person_id=person_id, assigned_by=actor.name or actor.email, at=at
    )
    try:
        with session.begin_nested():
            session.add(assignment)
    except IntegrityError:
        return False
    _record(session, application, person_id, "added", origin, reason, actor, at)
    return True


def remove_reviewer(
    session: Session, *, application_id: uuid.UUID, person_id: uuid.UUID, reason: str, actor: Viewer, at: datetime
) -> None:
    """Take an application off a member's list, as long as they have filed nothing.

    Raises:
        NotFoundError: if the application is out of sight, or not the member's.
        InvalidInputError: without a reason.
        TransitionRefusedError: if a review is filed: what somebody has judged stays.
    """
    application = enter(session, application_id, actor=actor, verb=Verb.ASSIGN, kind=Kind.APPLICATION)
    if _find(session, application_id, person_id) is None:
        raise NotFoundError(person=str(person_id))
    _require_reason(reason)
    filed = select(Review.id).where(Review.application_id == application_id, Review.person_id == person_id)
    if session.scalar(filed.limit(1)) is not None:
        raise TransitionRefusedError(thing="assignment", state="filed", verb="take_off")
    end_assignment(session, application_id, person_id)
    _record(session, application, person_id, "removed", "hand", reason, actor, at)


def set_expertise(session: Session, *, person_id: uuid.UUID, tags: Iterable[str], actor: Viewer, at: datetime) -> None:
    """Replace the fields that a member knows: industries of the calls' forms, and tracks.

    Raises:
        NotFoundError: if the person holds no seat, or the actor does not assign.
        InvalidInputError: if a tag is too long.
    """
    require(actor, Verb.ASSIGN, Thing(Kind.APPLICATION))
    if person_id not in {seat.person_id for seat in members(session)}:
        raise NotFoundError(person=str(person_id))
    wanted = sorted({tag.strip() for tag in tags if tag.strip()})
    if any(len(tag) > _LONGEST_TAG for tag in wanted):
        raise InvalidInputError(field="tags", reason_ko="40자까지입니다", reason_en="40 characters at most")
    session.execute(delete(Expertise).where(Expertise.person_id == person_id))
    session.add_all(Expertise(person_id=person_id, tag=tag) for tag in wanted)
    session.flush()
    record_event(
        session,
        actor=actor,
        verb="expertise.set",
        subject_kind="person",
        subject=str(person_id),
        at=at,
        details={"tags": wanted},
    )


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise InvalidInputError(field="reason", reason_ko="사유를 적어 주세요", reason_en="give a reason")


def _find(session: Session, application_id: uuid.UUID, person_id: uuid.UUID) -> uuid.UUID | None:
    return session.scalar(
        select(Assignment.id).where(Assignment.application_id == application_id, Assignment.person_id == person_id)
    )


def _record(
    session: Session,
    application: Application,
    person_id: uuid.UUID,
    verb: Literal["added", "removed"],
    origin: Origin,
    reason: str,
    actor: Viewer,
    at: datetime,
) -> None:
    session.add(
        AssignmentEvent(
            application_id=application.id,
            person_id=person_id,
            verb=verb,
            origin=origin,
            reason=reason.strip(),
            by=actor.name or actor.email,
            at=at,
        )
    )
    session.flush()
    record_event(
        session,
        actor=actor,
        verb="application.assigned" if verb == "added" else "application.unassigned",
        subject_kind="application",
        subject=application.number,
        at=at,
        details={"reviewers": [str(person_id)], "origin": origin},
    )
