"""What happens in a sitting: opened, items called, people in and out, ended; and the order of its agenda."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.actions.meetings import load_meeting
from fundapp.committee.entrance import enter, load_recused
from fundapp.committee.queries.agenda import ordered_ballots
from fundapp.committee.queries.ballot_state import whereabouts
from fundapp.committee.queries.people import members
from fundapp.committee.queries.sight import in_sight
from fundapp.committee.tables import Attendance, Ballot, Meeting, MeetingStep
from fundapp.core.access import Kind, Thing, Verb, Viewer, may, require
from fundapp.core.errors import ForbiddenError, InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.sessions import RetryTransactionError
from fundapp.intake.tables import Application

Step = Literal["opened", "item", "pause", "ended"]


def open_meeting(session: Session, *, meeting_id: uuid.UUID, actor: Viewer, at: datetime) -> None:
    """Open a sitting.

    Raises:
        NotFoundError: if there is no such sitting.
        TransitionRefusedError: if it has been opened, is over or cancelled.
    """
    _move(session, meeting_id, "scheduled", "running", "open", actor)
    _take(session, meeting_id, "opened", None, actor, at)


def end_meeting(session: Session, *, meeting_id: uuid.UUID, actor: Viewer, at: datetime) -> None:
    """End a sitting. Ballots that nobody closed are deferred by closing them, which is the chair's.

    Raises:
        NotFoundError: if there is no such sitting.
        TransitionRefusedError: if it has not been opened, or still votes on something.
    """
    voting = select(func.count()).select_from(Ballot)
    if session.scalar(voting.where(Ballot.meeting_id == meeting_id, Ballot.state.in_(("open", "waiting")))):
        require(actor, Verb.PROPOSE, Thing(Kind.BALLOT))
        raise TransitionRefusedError(thing="ballot", state="open", verb="end")
    _move(session, meeting_id, "running", "ended", "end", actor)
    _return_all(session, meeting_id, frozenset(), actor, at)
    _take(session, meeting_id, "ended", None, actor, at)


def call_item(
    session: Session, *, meeting_id: uuid.UUID, ballot_id: uuid.UUID | None, actor: Viewer, at: datetime
) -> None:
    """Say which item a sitting deals with now; None for a pause between items.

    Whoever is recused from it goes out by the attendance record, and whoever went out for the last one comes back.

    Raises:
        NotFoundError: if the item is not of the meeting, or the actor is recused from it.
        TransitionRefusedError: if the sitting is not running.
    """
    require(actor, Verb.PROPOSE, Thing(Kind.BALLOT))
    meeting = _load_sitting(session, meeting_id)
    outside: frozenset[uuid.UUID] = frozenset()
    if ballot_id is not None:
        ballot = session.get(Ballot, ballot_id)
        if ballot is None or ballot.meeting_id != meeting_id:
            raise NotFoundError(ballot=str(ballot_id))
        enter(session, ballot.application_id, actor=actor, verb=Verb.PROPOSE, kind=Kind.BALLOT)
        outside = load_recused(session, ballot.application_id)
    if meeting.state != "running":
        raise TransitionRefusedError(thing="meeting", state=meeting.state, verb="call_item")
    _take(session, meeting_id, "item" if ballot_id else "pause", ballot_id, actor, at)
    _return_all(session, meeting_id, outside, actor, at)
    for person_id, (direction, _) in sorted(whereabouts(session, meeting_id).items()):
        if direction == "in" and person_id in outside:
            _note(session, meeting_id, person_id, "out", ballot_id, actor, at)


def _return_all(
    session: Session, meeting_id: uuid.UUID, still_outside: frozenset[uuid.UUID], actor: Viewer, at: datetime
) -> None:
    """Let those come back who had gone out for an item only."""
    for person_id, (direction, ballot_id) in sorted(whereabouts(session, meeting_id).items()):
        if direction == "out" and ballot_id is not None and person_id not in still_outside:
            _note(session, meeting_id, person_id, "in", None, actor, at)


def record_attendance(
    session: Session, *, meeting_id: uuid.UUID, person_id: uuid.UUID, present: bool, actor: Viewer, at: datetime
) -> None:
    """Record that a member came in or went out; a repeat changes nothing. Members record themselves, staff everybody.

    Raises:
        NotFoundError: if there is no such sitting or member, or the actor may not record them.
        TransitionRefusedError: if the sitting is over or cancelled.
    """
    if not may(actor, Verb.PROPOSE, Thing(Kind.BALLOT)):
        require(actor, Verb.VOTE, Thing(Kind.BALLOT))
        if actor.person_id != person_id:
            raise ForbiddenError(verb="attend", kind="meeting")
    meeting = _load_sitting(session, meeting_id)
    if all(member.person_id != person_id for member in members(session)):
        raise NotFoundError(person=str(person_id))
    if meeting.state in {"ended", "cancelled"}:
        raise TransitionRefusedError(thing="meeting", state=meeting.state, verb="attend")
    direction, _ = whereabouts(session, meeting_id).get(person_id, ("out", None))
    if (direction == "in") != present:
        _note(session, meeting_id, person_id, "in" if present else "out", None, actor, at)


def set_agenda(
    session: Session,
    *,
    meeting_id: uuid.UUID,
    order: Sequence[uuid.UUID],
    reason: str,
    actor: Viewer,
    at: datetime,
) -> None:
    """Put the items that the actor sees into an order of their own, with the reason; none for the computed order.

    Items that the actor is recused from keep their places.

    Args:
        session: A writing session.
        meeting_id: A sitting or written resolution.
        order: All items in the actor's sight, each once.
        reason: Why not the order with the fewest moves.
        actor: Analyst or chair.
        at: Now.

    Raises:
        NotFoundError: if there is no such meeting.
        InvalidInputError: without a reason, or if the items are not those in the actor's sight.
    """
    require(actor, Verb.PROPOSE, Thing(Kind.BALLOT))
    meeting = load_meeting(session, meeting_id)
    if not order:
        meeting.agenda, meeting.agenda_reason = [], None
    else:
        if not reason.strip():
            raise InvalidInputError(field="reason", reason_ko="사유를 적어 주세요", reason_en="give a reason")
        whole = ordered_ballots(session, meeting_id)
        visible = set(
            session.scalars(
                select(Ballot.id)
                .join(Application, Application.id == Ballot.application_id)
                .where(Ballot.meeting_id == meeting_id, in_sight(actor))
            )
        )
        seen = [entry.ballot_id for entry in whole if entry.ballot_id in visible]
        if sorted(seen) != sorted(order):
            raise InvalidInputError(
                field="order",
                reason_ko="그 사이에 안건이 바뀌었습니다. 새로 고친 뒤 다시 정해 주세요",
                reason_en="the items have changed; reload and order them again",
            )
        wanted = iter(order)
        meeting.agenda = [str(next(wanted) if entry.ballot_id in seen else entry.ballot_id) for entry in whole]
        meeting.agenda_reason = reason.strip()
    session.flush()
    record_event(
        session,
        actor=actor,
        verb="meeting.agenda_set",
        subject_kind="meeting",
        subject=str(meeting_id),
        at=at,
        details={"by_hand": bool(order), "items": len(order)},
    )


def _load_sitting(session: Session, meeting_id: uuid.UUID) -> Meeting:
    meeting = load_meeting(session, meeting_id)
    if meeting.kind != "sitting":
        raise NotFoundError(meeting=str(meeting_id))
    return meeting


def _move(session: Session, meeting_id: uuid.UUID, source: str, target: str, verb: str, actor: Viewer) -> None:
    require(actor, Verb.PROPOSE, Thing(Kind.BALLOT))
    meeting = _load_sitting(session, meeting_id)
    won = session.execute(
        update(Meeting)
        .where(Meeting.id == meeting_id, Meeting.state == source)
        .values(state=target)
        .returning(Meeting.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    session.refresh(meeting)
    if won is None:
        raise TransitionRefusedError(thing="meeting", state=meeting.state, verb=verb)


def _take(
    session: Session, meeting_id: uuid.UUID, step: Step, ballot_id: uuid.UUID | None, actor: Viewer, at: datetime
) -> None:
    newest = session.scalar(select(func.max(MeetingStep.number)).where(MeetingStep.meeting_id == meeting_id))
    row = MeetingStep(
        meeting_id=meeting_id,
        number=1 + (newest or 0),
        step=step,
        ballot_id=ballot_id,
        taken_by=actor.name or actor.email,
        at=at,
    )
    _add(session, row)
    record_event(
        session,
        actor=actor,
        verb=f"meeting.{step}",
        subject_kind="meeting",
        subject=str(meeting_id),
        at=at,
        details={"ballot": str(ballot_id)} if ballot_id else {},
    )


def _note(
    session: Session,
    meeting_id: uuid.UUID,
    person_id: uuid.UUID,
    direction: Literal["in", "out"],
    ballot_id: uuid.UUID | None,
    actor: Viewer,
    at: datetime,
) -> None:
    newest = session.scalar(select(func.max(Attendance.number)).where(Attendance.meeting_id == meeting_id))
    row = Attendance(
        meeting_id=meeting_id,
        number=1 + (newest or 0),
        person_id=person_id,
        direction=direction,
        ballot_id=ballot_id,
        recorded_by=actor.name or actor.email,
        at=at,
    )
    _add(session, row)


def _add(session: Session, row: MeetingStep | Attendance) -> None:
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise RetryTransactionError from error
