"""Where ballots and meetings stand: for actions and pages alike, without a viewer's sight."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from functools import cache

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import Session, aliased

from fundapp.committee.entrance import load_recused
from fundapp.committee.queries.people import members
from fundapp.committee.tables import Attendance, Ballot, BallotVoter, Decision, MeetingStep, Vote, WrittenConsent


@cache
def stands() -> ColumnElement[bool]:
    """Return the SQL condition under which a decision is what holds for its application.

    It is not where its ballot was reopened, or where it merely turned an amendment down.
    """
    again, amendment = aliased(Ballot), aliased(Ballot)
    reopened = exists().where(again.reopens_id == Decision.ballot_id).correlate(Decision)
    turned_down = (
        exists()
        .where(amendment.id == Decision.ballot_id, amendment.subsidiary, Decision.outcome != "carried")
        .correlate(Decision)
    )
    return and_(~reopened, ~turned_down)


def is_standing(session: Session, decision_id: uuid.UUID) -> bool:
    """Say whether a decision is what holds for its application."""
    return session.scalar(select(Decision.id).where(Decision.id == decision_id, stands())) is not None


def voters(session: Session, ballot_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, set[uuid.UUID]]:
    """Return who has voted in each ballot, in whatever form."""
    found: dict[uuid.UUID, set[uuid.UUID]] = {ballot_id: set() for ballot_id in ballot_ids}
    for table in (Vote, BallotVoter):
        rows = session.execute(select(table.ballot_id, table.person_id).where(table.ballot_id.in_(ballot_ids)))
        for ballot_id, person_id in rows:
            found[ballot_id].add(person_id)
    return found


def all_voted(session: Session, ballot_id: uuid.UUID) -> bool:
    """Say whether every entitled member has voted."""
    ballot = session.get_one(Ballot, ballot_id)
    entitled = {seat.person_id for seat in members(session)} - load_recused(session, ballot.application_id)
    return entitled <= voters(session, [ballot_id])[ballot_id]


def whereabouts(session: Session, meeting_id: uuid.UUID) -> dict[uuid.UUID, tuple[str, uuid.UUID | None]]:
    """Return each member's newest direction, `in` or `out`, and the item they went out for, by the record."""
    newest = (
        select(Attendance.person_id, func.max(Attendance.number).label("number"))
        .where(Attendance.meeting_id == meeting_id)
        .group_by(Attendance.person_id)
        .subquery()
    )
    rows = session.execute(
        select(Attendance.person_id, Attendance.direction, Attendance.ballot_id)
        .join(newest, and_(newest.c.person_id == Attendance.person_id, newest.c.number == Attendance.number))
        .where(Attendance.meeting_id == meeting_id)
    )
    return {row.person_id: (row.direction, row.ballot_id) for row in rows}


def attending(session: Session, meeting_id: uuid.UUID) -> frozenset[uuid.UUID]:
    """Return who is in the room by the attendance record; also who had to leave it for the item at hand."""
    found = whereabouts(session, meeting_id)
    return frozenset(person for person, (direction, item) in found.items() if direction == "in" or item is not None)


def consents(session: Session, meeting_id: uuid.UUID) -> frozenset[uuid.UUID]:
    """Return who has agreed to decide in writing."""
    agreed = select(WrittenConsent.person_id).where(WrittenConsent.meeting_id == meeting_id, WrittenConsent.agrees)
    return frozenset(session.scalars(agreed))


def consent_of(session: Session, meeting_id: uuid.UUID, person_id: uuid.UUID) -> bool | None:
    """Return what a member said about deciding in writing; None before they did."""
    row = session.get(WrittenConsent, (meeting_id, person_id))
    return None if row is None else row.agrees


def current_item(session: Session, meeting_id: uuid.UUID) -> uuid.UUID | None:
    """Return the ballot that a sitting deals with now; None between items, before and after it."""
    newest = (
        select(MeetingStep.ballot_id)
        .where(MeetingStep.meeting_id == meeting_id)
        .order_by(MeetingStep.number.desc())
        .limit(1)
    )
    return session.scalar(newest)
