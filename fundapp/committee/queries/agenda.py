"""A meeting's items in their order: the computed one, or the secretary's."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.committee.queries.people import members
from fundapp.committee.rules import plan_agenda
from fundapp.committee.tables import Ballot, Conflict, Meeting
from fundapp.intake.tables import Application, Membership


@dataclass(frozen=True, slots=True)
class AgendaEntry:
    """One ballot in a meeting's order.

    Attributes:
        place: From 1, among all items of the meeting, so that everybody in the room says the same number.
        outside: Members in office who have to leave for it.
    """

    place: int
    ballot_id: uuid.UUID
    application_id: uuid.UUID
    outside: frozenset[uuid.UUID]


@dataclass(frozen=True, slots=True)
class AgendaPlan:
    """How an agenda was ordered.

    Attributes:
        moves: How often somebody leaves or enters in the order that is shown.
        least: The same in the computed order.
        by_number: The same by application number.
    """

    entries: tuple[AgendaEntry, ...]
    by_hand: bool
    reason: str | None
    moves: int
    least: int
    by_number: int


def ordered_ballots(session: Session, meeting_id: uuid.UUID) -> list[AgendaEntry]:
    """Return all items of a meeting in their order, whoever asks: for actions, and for queries that filter."""
    return list(plan_of(session, meeting_id).entries)


def plan_of(session: Session, meeting_id: uuid.UUID) -> AgendaPlan:
    """Return the order with the moves it takes. An amendment stands where the ballot does that it changes."""
    rows = session.execute(
        select(Ballot.id, Ballot.application_id, Ballot.opened_at, Application.number)
        .join(Application, Application.id == Ballot.application_id)
        .where(Ballot.meeting_id == meeting_id)
        .order_by(Application.number, Ballot.opened_at, Ballot.id)
    ).all()
    meeting = session.get(Meeting, meeting_id)
    routes = recusal_routes(session, {row.application_id for row in rows})
    seats = {member.person_id for member in members(session)}
    outside = {row.number: frozenset(routes[row.application_id]) & seats for row in rows}
    computed = plan_agenda(outside)
    place_of = {number: place for place, number in enumerate(computed.order)}
    by_hand = {ballot_id: place for place, ballot_id in enumerate(meeting.agenda if meeting else [])}
    last = len(by_hand)
    ordered = sorted(
        rows, key=lambda row: (by_hand.get(str(row.id), last), place_of[row.number], row.opened_at, row.id)
    )
    entries = tuple(
        AgendaEntry(place, row.id, row.application_id, outside[row.number])
        for place, row in enumerate(ordered, start=1)
    )
    moves, before = 0, frozenset[uuid.UUID]()
    for entry in entries:
        moves, before = moves + len(entry.outside ^ before), entry.outside
    return AgendaPlan(
        entries=entries,
        by_hand=bool(by_hand),
        reason=meeting.agenda_reason if meeting else None,
        moves=moves,
        least=computed.moves,
        by_number=computed.moves_by_number,
    )


def recusal_routes(
    session: Session, application_ids: Collection[uuid.UUID]
) -> defaultdict[uuid.UUID, dict[uuid.UUID, str]]:
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
