"""Meetings and ballots. A vote is secret: pages say who voted, never how, and the count only when it is closed."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.committee.queries.people import Member, members
from fundapp.committee.queries.sight import in_sight, require_sight
from fundapp.committee.rules import GpuLine, ProposedCondition, Tally, agenda_order, tally
from fundapp.committee.tables import Ballot, Conflict, Decision, Meeting, Vote
from fundapp.core.access import Kind, Viewer
from fundapp.core.errors import NotFoundError
from fundapp.intake.queries import company_shown
from fundapp.intake.tables import Application, Call, Company, Membership


@dataclass(frozen=True, slots=True)
class MeetingRow:
    """A meeting in a list; items are those the viewer may see."""

    meeting_id: uuid.UUID
    call_code: str
    title: str
    held_on: date
    items: int
    open_items: int


@dataclass(frozen=True, slots=True)
class AgendaItem:
    """One ballot of a meeting.

    Attributes:
        place: From 1, among the items this viewer may see.
        leaving: Names of members who have to be outside for it.
        outcome: None while it is open.
    """

    place: int
    ballot_id: uuid.UUID
    application_id: uuid.UUID
    number: str
    company: str
    proposed_krw: int
    gpu_lines: tuple[GpuLine, ...]
    state: str
    outcome: str | None
    leaving: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MeetingPage:
    """A meeting and its agenda, ordered so that few people come and go."""

    meeting_id: uuid.UUID
    call_code: str
    title: str
    held_on: date
    items: tuple[AgendaItem, ...]


@dataclass(frozen=True, slots=True)
class Seat:
    """One member at one ballot; `route` says why they are outside, None if they may vote."""

    name: str
    chairs: bool
    route: str | None
    voted: bool


@dataclass(frozen=True, slots=True)
class BallotPage:
    """Everything that the ballot page may show one viewer.

    Attributes:
        entitled: Members who may vote.
        present: Of these, how many have voted; like the other counts, as decided on once the ballot is closed.
        may_vote: Whether the viewer still can.
        own_choice: The viewer's own vote.
        tally: The count and its arithmetic, as `Tally.as_document`; None while the ballot is open.
    """

    ballot_id: uuid.UUID
    meeting_id: uuid.UUID
    meeting_title: str
    application_id: uuid.UUID
    number: str
    company: str
    state: str
    proposed_krw: int
    gpu_lines: tuple[GpuLine, ...]
    conditions: tuple[ProposedCondition, ...]
    members: int
    recused: int
    entitled: int
    present: int
    quorum_needed: int
    seats: tuple[Seat, ...]
    may_vote: bool
    own_choice: str | None
    decision_id: uuid.UUID | None
    outcome: str | None
    tally: Mapping[str, Any] | None
    opened_at: datetime
    closed_at: datetime | None


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
        select(Meeting.id, Call.code, Meeting.title, Meeting.held_on)
        .join(Call, Call.id == Meeting.call_id)
        .order_by(Meeting.held_on.desc(), Meeting.id)
    )
    if call_code is not None:
        query = query.where(Call.code == call_code)
    return [
        MeetingRow(
            row.id, row.code, row.title, row.held_on, sum(counts[row.id].values()), counts[row.id].get("open", 0)
        )
        for row in session.execute(query)
    ]


def meeting_page(session: Session, viewer: Viewer, meeting_id: uuid.UUID) -> MeetingPage:
    """Return a meeting with the items that the viewer may see, in four statements.

    Raises:
        NotFoundError: if there is no such meeting, or the viewer sees no ballots at all.
    """
    require_sight(viewer, Kind.BALLOT)
    head = session.execute(
        select(Meeting.id, Meeting.title, Meeting.held_on, Call.code)
        .join(Call, Call.id == Meeting.call_id)
        .where(Meeting.id == meeting_id)
    ).one_or_none()
    if head is None:
        raise NotFoundError(meeting=str(meeting_id))
    rows = {
        row.number: row
        for row in session.execute(
            select(
                Ballot.id,
                Ballot.application_id,
                Ballot.proposed_krw,
                Ballot.gpu_lines,
                Ballot.state,
                Decision.outcome,
                Application.number,
                company_shown(viewer).label("name"),
            )
            .join(Application, Application.id == Ballot.application_id)
            .join(Company, Company.id == Application.company_id)
            .outerjoin(Decision, Decision.ballot_id == Ballot.id)
            .where(Ballot.meeting_id == meeting_id, in_sight(viewer))
        )
    }
    outside = _recused(session, [row.application_id for row in rows.values()])
    seats = {seat.person_id: seat.name for seat in members(session)}
    order = agenda_order(
        {number: frozenset(outside[row.application_id]) & seats.keys() for number, row in rows.items()}
    )
    items = []
    for place, number in enumerate(order, start=1):
        row = rows[number]
        leaving = sorted(seats[person] for person in outside[row.application_id] if person in seats)
        items.append(
            AgendaItem(
                place=place,
                ballot_id=row.id,
                application_id=row.application_id,
                number=number,
                company=row.name,
                proposed_krw=row.proposed_krw,
                gpu_lines=tuple(GpuLine.of_document(line) for line in row.gpu_lines),
                state=row.state,
                outcome=row.outcome,
                leaving=tuple(leaving),
            )
        )
    return MeetingPage(head.id, head.code, head.title, head.held_on, tuple(items))


def ballot_page(session: Session, viewer: Viewer, ballot_id: uuid.UUID) -> BallotPage:
    """Return a ballot.

    Raises:
        NotFoundError: if it is absent, out of sight, or the viewer is recused: all look the same.
    """
    require_sight(viewer, Kind.BALLOT)
    row = session.execute(
        select(Ballot, Application.number, company_shown(viewer), Meeting.title, Decision)
        .join(Application, Application.id == Ballot.application_id)
        .join(Company, Company.id == Application.company_id)
        .join(Meeting, Meeting.id == Ballot.meeting_id)
        .outerjoin(Decision, Decision.ballot_id == Ballot.id)
        .where(Ballot.id == ballot_id, in_sight(viewer))
    ).one_or_none()
    if row is None:
        raise NotFoundError(ballot=str(ballot_id))
    ballot, number, company, title = row[0], row[1], row[2], row[3]
    decision: Decision | None = row[4]
    seats = members(session)
    routes = _recused(session, [ballot.application_id])[ballot.application_id]
    votes = {
        vote.person_id: vote.choice
        for vote in session.execute(select(Vote.person_id, Vote.choice).where(Vote.ballot_id == ballot_id))
    }
    panel = _panel(decision, tally([seat.person_id for seat in seats], routes, votes))
    return BallotPage(
        ballot_id=ballot.id,
        meeting_id=ballot.meeting_id,
        meeting_title=title,
        application_id=ballot.application_id,
        number=number,
        company=company,
        state=ballot.state,
        proposed_krw=ballot.proposed_krw,
        gpu_lines=tuple(GpuLine.of_document(line) for line in ballot.gpu_lines),
        conditions=tuple(ProposedCondition.of_document(document) for document in ballot.conditions),
        members=panel["members"],
        recused=panel["recused"],
        entitled=panel["entitled"],
        present=panel["present"],
        quorum_needed=panel["quorum_needed"],
        seats=tuple(_seat(seat, routes, votes) for seat in seats),
        may_vote=_may_vote(viewer, seats, ballot.state, votes),
        own_choice=votes.get(viewer.person_id) if viewer.person_id else None,
        decision_id=None if decision is None else decision.id,
        outcome=None if decision is None else decision.outcome,
        tally=None if decision is None else decision.tally,
        opened_at=ballot.opened_at,
        closed_at=ballot.closed_at,
    )


def _panel(decision: Decision | None, now: Tally) -> Mapping[str, Any]:
    """Return the count as it was decided on; roles and recusals of later days do not change it."""
    return now.as_document() if decision is None else decision.tally


def _seat(seat: Member, routes: Mapping[uuid.UUID, str], votes: Collection[uuid.UUID]) -> Seat:
    route = routes.get(seat.person_id)
    return Seat(seat.name, seat.chairs, route, voted=route is None and seat.person_id in votes)


def _may_vote(viewer: Viewer, seats: list[Member], state: str, votes: Collection[uuid.UUID]) -> bool:
    seated = any(seat.person_id == viewer.person_id for seat in seats)
    return seated and state == "open" and viewer.person_id not in votes


def _recused(session: Session, application_ids: list[uuid.UUID]) -> defaultdict[uuid.UUID, dict[uuid.UUID, str]]:
    """Return, for each application, who is recused and by which route; whoever acts for the applicant is disqualified.

    A declared route stands before that.
    """
    found: defaultdict[uuid.UUID, dict[uuid.UUID, str]] = defaultdict(dict)
    insiders = session.execute(
        select(Application.id, Membership.person_id)
        .join(Membership, Membership.company_id == Application.company_id)
        .where(Application.id.in_(application_ids))
    )
    for insider in insiders:
        found[insider.id][insider.person_id] = "disqualification"
    rows = session.execute(
        select(Conflict.application_id, Conflict.person_id, Conflict.route).where(
            Conflict.application_id.in_(application_ids)
        )
    )
    for row in rows:
        found[row.application_id][row.person_id] = row.route
    return found
