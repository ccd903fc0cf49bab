"""Setting meetings, moving and cancelling them, and inviting members."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.queries.meetings import calendar_event
from fundapp.committee.queries.people import members
from fundapp.committee.tables import Ballot, Meeting
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.calendar import calendar_text
from fundapp.core.errors import InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.outbox import enqueue_mail
from fundapp.core.quarters import KST, kst_date
from fundapp.intake.tables import Call


@dataclass(frozen=True, slots=True)
class Times:
    """When and where a sitting is: its beginning and end, and the room or the address of the call."""

    starts_at: datetime
    ends_at: datetime
    place: str = ""

    def __post_init__(self) -> None:
        if self.ends_at <= self.starts_at:
            raise InvalidInputError(
                field="ends_at", reason_ko="시작보다 뒤여야 합니다", reason_en="must be after the beginning"
            )


def schedule_meeting(
    session: Session,
    *,
    call_code: str,
    title: str,
    held_on: date,
    actor: Viewer,
    at: datetime,
    times: Times | None = None,
    deadline: datetime | None = None,
) -> uuid.UUID:
    """Set a meeting of the committee for a call; one a day, and one written resolution. Repeating it returns the same.

    Args:
        session: A writing session.
        call_code: The call's.
        title: What it is called.
        held_on: Its day in Seoul.
        actor: Analyst or chair.
        at: Now.
        times: Of a sitting, once they are known.
        deadline: Makes it a written resolution without a sitting, which takes votes until then.

    Raises:
        NotFoundError: if there is no such call.
        InvalidInputError: if the title is empty, the times are not on the day, or the deadline has passed.
    """
    require(actor, Verb.PROPOSE, Thing(Kind.BALLOT))
    if not title.strip():
        raise InvalidInputError(field="title", reason_ko="회의 이름을 적어 주세요", reason_en="name the meeting")
    call_id = session.scalar(select(Call.id).where(Call.code == call_code))
    if call_id is None:
        raise NotFoundError(call=call_code)
    kind = "sitting" if deadline is None else "written"
    known = session.scalar(
        select(Meeting.id).where(Meeting.call_id == call_id, Meeting.held_on == held_on, Meeting.kind == kind)
    )
    if known is not None:
        return known
    _require_day(held_on, times, deadline, at)
    meeting = Meeting(
        call_id=call_id,
        title=title.strip(),
        held_on=held_on,
        kind=kind,
        starts_at=times.starts_at if times else None,
        ends_at=times.ends_at if times else None,
        place=times.place.strip() if times else "",
        deadline=deadline,
        created_at=at,
    )
    session.add(meeting)
    session.flush()
    details: dict[str, object] = {"call": call_code, "held_on": held_on.isoformat()}
    details |= {"deadline": deadline.isoformat()} if deadline else {}
    _record(session, actor, "meeting.scheduled", meeting, at, details)
    return meeting.id


def _require_day(held_on: date, times: Times | None, deadline: datetime | None, at: datetime) -> None:
    if deadline is not None and deadline <= at:
        raise InvalidInputError(field="deadline", reason_ko="지금보다 뒤여야 합니다", reason_en="must be in the future")
    start = times.starts_at if times else deadline
    if start is not None and kst_date(start) != held_on:
        raise InvalidInputError(
            field="held_on", reason_ko="시각과 같은 날이어야 합니다", reason_en="must be the day of the time"
        )


def reschedule_meeting(session: Session, *, meeting_id: uuid.UUID, times: Times, actor: Viewer, at: datetime) -> None:
    """Say when and where a sitting is. Those who were invited get the change; a repeat changes nothing.

    Raises:
        NotFoundError: if there is no such sitting.
        TransitionRefusedError: if it has begun, is over or cancelled.
        InvalidInputError: if the call has another meeting on that day.
    """
    require(actor, Verb.PROPOSE, Thing(Kind.BALLOT))
    meeting = load_meeting(session, meeting_id)
    if meeting.kind != "sitting":
        raise NotFoundError(meeting=str(meeting_id))
    if meeting.state != "scheduled":
        raise TransitionRefusedError(thing="meeting", state=meeting.state, verb="reschedule")
    day = kst_date(times.starts_at)
    wanted = (day, times.starts_at, times.ends_at, times.place.strip())
    if (meeting.held_on, meeting.starts_at, meeting.ends_at, meeting.place) == wanted:
        return
    rival = select(Meeting.id).where(
        Meeting.call_id == meeting.call_id,
        Meeting.held_on == day,
        Meeting.kind == "sitting",
        Meeting.id != meeting_id,
    )
    if session.scalar(rival) is not None:
        raise InvalidInputError(
            field="held_on", reason_ko="그날 다른 회의가 있습니다", reason_en="there is another meeting on that day"
        )
    meeting.held_on, meeting.starts_at, meeting.ends_at, meeting.place = wanted
    session.flush()
    _record(session, actor, "meeting.rescheduled", meeting, at, {"held_on": day.isoformat()})
    if meeting.sequence:
        _send(session, meeting, actor, at, cancelled=False)


def cancel_meeting(session: Session, *, meeting_id: uuid.UUID, actor: Viewer, at: datetime) -> None:
    """Cancel a meeting that has no open ballots. Those who were invited are told.

    Raises:
        NotFoundError: if there is no such meeting.
        TransitionRefusedError: if it has begun, is over, or something is put to the vote in it.
    """
    require(actor, Verb.PROPOSE, Thing(Kind.BALLOT))
    meeting = load_meeting(session, meeting_id)
    busy = session.scalar(select(func.count()).select_from(Ballot).where(Ballot.meeting_id == meeting_id))
    won = None
    if not busy:
        won = session.execute(
            update(Meeting)
            .where(Meeting.id == meeting_id, Meeting.state == "scheduled")
            .values(state="cancelled")
            .returning(Meeting.id)
            .execution_options(synchronize_session=False)
        ).scalar_one_or_none()
    session.refresh(meeting)
    if won is None:
        raise TransitionRefusedError(thing="meeting", state=meeting.state, verb="cancel")
    _record(session, actor, "meeting.cancelled", meeting, at, {})
    if meeting.sequence:
        _send(session, meeting, actor, at, cancelled=True)


def invite_members(session: Session, *, meeting_id: uuid.UUID, actor: Viewer, at: datetime) -> int:
    """Mail every member an invitation with a calendar file; again, it is the next version of the same event.

    Neither mail nor file names an application: a member may be recused from any of them.

    Returns:
        How many were invited.

    Raises:
        NotFoundError: if there is no such meeting.
        InvalidInputError: if the sitting has no time yet.
        TransitionRefusedError: if it is over or cancelled.
    """
    require(actor, Verb.PROPOSE, Thing(Kind.BALLOT))
    meeting = load_meeting(session, meeting_id)
    if meeting.state in {"ended", "cancelled"}:
        raise TransitionRefusedError(thing="meeting", state=meeting.state, verb="invite")
    if meeting.starts_at is None and meeting.deadline is None:
        raise InvalidInputError(field="starts_at", reason_ko="시각을 먼저 정해 주세요", reason_en="set the time first")
    return _send(session, meeting, actor, at, cancelled=False)


def _send(session: Session, meeting: Meeting, actor: Viewer, at: datetime, *, cancelled: bool) -> int:
    meeting.sequence += 1
    session.flush()
    invited, event = members(session), calendar_event(meeting, at, cancelled=cancelled)
    subject = f"[AX 전략펀드] {'취소: ' if cancelled else ''}{meeting.title}"
    for member in invited:
        enqueue_mail(
            session,
            dedupe_key=f"invite:{meeting.id}:{meeting.sequence}:{member.person_id}",
            recipient=member.email,
            subject=subject,
            body=_letter(meeting, cancelled=cancelled),
            at=at,
            calendar=calendar_text(event, attendee=(member.name, member.email)),
        )
    _record(session, actor, "meeting.invited", meeting, at, {"sequence": meeting.sequence, "members": len(invited)})
    return len(invited)


def _letter(meeting: Meeting, *, cancelled: bool) -> str:
    when = meeting.starts_at or meeting.deadline
    moment = f"{when.astimezone(KST):%Y-%m-%d %H:%M} KST" if when else meeting.held_on.isoformat()
    if cancelled:
        return f"취소되었습니다: {meeting.title}, {moment}\n\nThis is cancelled: {meeting.title}, {moment}\n"
    if meeting.deadline is not None:
        return (
            f"서면결의입니다. {moment}까지 투표해 주세요: {meeting.title}\n\n"
            f"A written resolution; please vote until {moment}: {meeting.title}\n"
        )
    place = f"\n장소 / Place: {meeting.place}" if meeting.place else ""
    signing_in = "안건은 로그인한 뒤에 볼 수 있습니다.\nThe agenda opens after signing in.\n"
    return f"{meeting.title}\n{moment}{place}\n\n{signing_in}"


def load_meeting(session: Session, meeting_id: uuid.UUID) -> Meeting:
    """Return a meeting.

    Raises:
        NotFoundError: if there is none.
    """
    meeting = session.get(Meeting, meeting_id)
    if meeting is None:
        raise NotFoundError(meeting=str(meeting_id))
    return meeting


def _record(
    session: Session, actor: Viewer, verb: str, meeting: Meeting, at: datetime, details: dict[str, object]
) -> None:
    record_event(
        session, actor=actor, verb=verb, subject_kind="meeting", subject=str(meeting.id), at=at, details=details
    )
