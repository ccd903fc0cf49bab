"""Meetings: their list, their agenda, and what is going on in one right now."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.committee.queries.agenda import AgendaPlan, plan_of
from fundapp.committee.queries.ballot_state import current_item, voters, whereabouts
from fundapp.committee.queries.people import Member, members
from fundapp.committee.queries.sight import in_sight, require_sight
from fundapp.committee.rules import GpuLine
from fundapp.committee.tables import Ballot, Decision, Meeting
from fundapp.core.access import Kind, Viewer
from fundapp.core.calendar import CalendarEvent
from fundapp.core.errors import NotFoundError
from fundapp.intake.queries import company_shown
from fundapp.intake.tables import Application, Call, Company


@dataclass(frozen=True, slots=True)
class MeetingRow:
    """A meeting in a list; items are those the viewer may see."""

    meeting_id: uuid.UUID
    call_code: str
    title: str
    held_on: date
    kind: str
    state: str
    starts_at: datetime | None
    deadline: datetime | None
    items: int
    open_items: int


@dataclass(frozen=True, slots=True)
class AgendaItem:
    """One ballot of a meeting.

    Attributes:
        place: From 1, among all items: everybody in the room says the same number.
        leaving: Names of members who have to be outside for it.
        outcome: None while it is open.
        voted: How many of `entitled` members have voted.
        amendment: Whether it changes another item's proposal.
        again: Whether it decides again what was decided before.
        current: Whether the sitting deals with it now.
    """

    place: int
    ballot_id: uuid.UUID
    application_id: uuid.UUID
    number: str
    company: str
    proposed_krw: int
    gpu_lines: tuple[GpuLine, ...]
    state: str
    form: str
    outcome: str | None
    leaving: tuple[str, ...]
    voted: int
    entitled: int
    amendment: bool
    again: bool
    current: bool


@dataclass(frozen=True, slots=True)
class Attendee:
    """A member at a sitting.

    Attributes:
        present: Whether they are inside; who went out for an item that the viewer may not see counts as inside.
        sent_out: Whether they went out for an item; of others only for one that the viewer may see.
    """

    person_id: uuid.UUID
    name: str
    chairs: bool
    present: bool
    sent_out: bool


@dataclass(frozen=True, slots=True)
class MeetingPage:
    """A meeting and its agenda.

    Attributes:
        items: Those that the viewer may see.
        current: The item at hand, if the viewer may see it.
        outside: Whether the viewer is recused from the item at hand and waits outside.
        moves: How often somebody leaves or enters in the order shown; `least` in the computed one, `by_number` if items
            were taken by number. Shown only to who sees every item.
        by_hand: Whether the secretary set the order, for the reason given.
        members: The committee in office.
        invited: How often invitations went out.
    """

    meeting_id: uuid.UUID
    call_code: str
    title: str
    held_on: date
    kind: str
    state: str
    starts_at: datetime | None
    ends_at: datetime | None
    place: str
    deadline: datetime | None
    items: tuple[AgendaItem, ...]
    current: AgendaItem | None
    outside: bool
    attendees: tuple[Attendee, ...]
    moves: int | None
    least: int | None
    by_number: int | None
    by_hand: bool
    reason: str | None
    invited: int

    @property
    def present(self) -> int:
        """How many members are inside."""
        return sum(attendee.present for attendee in self.attendees)


def list_meetings(session: Session, viewer: Viewer, call_code: str | None = None) -> list[MeetingRow]:
    """Return meetings, newest first, each with the number of items that the viewer may see.

    Raises:
        ForbiddenError: if the viewer sees no ballots at all.
    """
    require_sight(viewer, Kind.BALLOT)
    seen = (
        select(Ballot.meeting_id, Ballot.state, func.count().label("items"))
        .join(Application, Application.id == Ballot.application_id)
        .where(in_sight(viewer))
        .group_by(Ballot.meeting_id, Ballot.state)
    )
    counts: defaultdict[uuid.UUID, dict[str, int]] = defaultdict(dict)
    for row in session.execute(seen):
        counts[row.meeting_id][row.state] = row[2]
    query = (
        select(Meeting, Call.code).join(Call, Call.id == Meeting.call_id).order_by(Meeting.held_on.desc(), Meeting.id)
    )
    if call_code is not None:
        query = query.where(Call.code == call_code)
    return [
        MeetingRow(
            meeting_id=meeting.id,
            call_code=code,
            title=meeting.title,
            held_on=meeting.held_on,
            kind=meeting.kind,
            state=meeting.state,
            starts_at=meeting.starts_at,
            deadline=meeting.deadline,
            items=sum(counts[meeting.id].values()),
            open_items=counts[meeting.id].get("open", 0),
        )
        for meeting, code in session.execute(query)
    ]


def meeting_page(session: Session, viewer: Viewer, meeting_id: uuid.UUID) -> MeetingPage:
    """Return a meeting with the items that the viewer may see, in the same number of statements however many they are.

    Raises:
        NotFoundError: if there is no such meeting, or the viewer sees no ballots at all.
    """
    require_sight(viewer, Kind.BALLOT)
    head = session.execute(
        select(Meeting, Call.code).join(Call, Call.id == Meeting.call_id).where(Meeting.id == meeting_id)
    ).one_or_none()
    if head is None:
        raise NotFoundError(meeting=str(meeting_id))
    meeting, code = head
    plan, seats, now = plan_of(session, meeting_id), members(session), current_item(session, meeting_id)
    items = _items(session, viewer, plan, seats, now)
    shown = tuple(items[entry.ballot_id] for entry in plan.entries if entry.ballot_id in items)
    whole = len(shown) == len(plan.entries)
    return MeetingPage(
        meeting_id=meeting.id,
        call_code=code,
        title=meeting.title,
        held_on=meeting.held_on,
        kind=meeting.kind,
        state=meeting.state,
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
        place=meeting.place,
        deadline=meeting.deadline,
        items=shown,
        current=items.get(now) if now else None,
        outside=now is not None and now not in items,
        attendees=_attendees(session, viewer, meeting_id, seats, items) if meeting.kind == "sitting" else (),
        moves=plan.moves if whole else None,
        least=plan.least if whole else None,
        by_number=plan.by_number if whole else None,
        by_hand=plan.by_hand,
        reason=plan.reason if whole else None,
        invited=meeting.sequence,
    )


def _items(
    session: Session, viewer: Viewer, plan: AgendaPlan, seats: list[Member], now: uuid.UUID | None
) -> dict[uuid.UUID, AgendaItem]:
    rows = session.execute(
        select(Ballot, Decision.outcome, Decision.tally, Application.number, company_shown(viewer))
        .join(Application, Application.id == Ballot.application_id)
        .join(Company, Company.id == Application.company_id)
        .outerjoin(Decision, Decision.ballot_id == Ballot.id)
        .where(Ballot.id.in_([entry.ballot_id for entry in plan.entries]), in_sight(viewer))
    ).all()
    entries = {entry.ballot_id: entry for entry in plan.entries}
    names = {seat.person_id: seat.name for seat in seats}
    voted = voters(session, [row[0].id for row in rows])
    found = {}
    for ballot, outcome, count, number, company in rows:
        entry = entries[ballot.id]
        entitled = names.keys() - entry.outside
        found[ballot.id] = AgendaItem(
            place=entry.place,
            ballot_id=ballot.id,
            application_id=ballot.application_id,
            number=number,
            company=company,
            proposed_krw=ballot.proposed_krw,
            gpu_lines=tuple(GpuLine.of_document(line) for line in ballot.gpu_lines),
            state=ballot.state,
            form=ballot.form,
            outcome=outcome,
            leaving=tuple(sorted(names[person] for person in entry.outside)),
            voted=len(voted[ballot.id] & entitled),
            entitled=count["entitled"] if count else len(entitled),
            amendment=ballot.amends_id is not None,
            again=ballot.reopens_id is not None,
            current=ballot.id == now,
        )
    return found


def _attendees(
    session: Session, viewer: Viewer, meeting_id: uuid.UUID, seats: list[Member], items: dict[uuid.UUID, AgendaItem]
) -> tuple[Attendee, ...]:
    found, attendees = whereabouts(session, meeting_id), []
    for seat in seats:
        direction, ballot_id = found.get(seat.person_id, ("out", None))
        told = ballot_id in items or seat.person_id == viewer.person_id
        sent_out = ballot_id is not None and told
        inside = direction == "in" or (ballot_id is not None and not told)
        attendees.append(Attendee(seat.person_id, seat.name, seat.chairs, inside, sent_out))
    return tuple(attendees)


def meeting_event(session: Session, viewer: Viewer, meeting_id: uuid.UUID, *, at: datetime) -> CalendarEvent:
    """Return a meeting for a calendar, made at `at`; it says nothing of the agenda.

    Raises:
        NotFoundError: if there is no such meeting, or the viewer sees no ballots at all.
    """
    require_sight(viewer, Kind.BALLOT)
    meeting = session.get(Meeting, meeting_id)
    if meeting is None:
        raise NotFoundError(meeting=str(meeting_id))
    return calendar_event(meeting, at)


def calendar_event(meeting: Meeting, at: datetime, *, cancelled: bool = False) -> CalendarEvent:
    """Return a meeting as an event of a calendar; a written resolution is its last half hour."""
    return CalendarEvent.of(
        uid=str(meeting.id),
        sequence=max(meeting.sequence - 1, 0),
        stamp=at,
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
        deadline=meeting.deadline,
        day=meeting.held_on,
        summary=meeting.title,
        place=meeting.place,
        cancelled=cancelled or meeting.state == "cancelled",
    )
