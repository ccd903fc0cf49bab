"""The page of a ballot. Before it closes pages say who voted, never how; afterwards an open vote stands by name."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from fundapp.committee.queries.agenda import recusal_routes
from fundapp.committee.queries.ballot_state import attending, consent_of, consents, is_standing, voters
from fundapp.committee.queries.people import Member, members
from fundapp.committee.queries.sight import in_sight, require_sight
from fundapp.committee.rules import BallotRule, GpuLine, ProposedCondition, Roll, Tally, tally
from fundapp.committee.tables import Ballot, Decision, Meeting, Reopening, Vote
from fundapp.core.access import Kind, Viewer
from fundapp.core.errors import NotFoundError
from fundapp.intake.queries import company_shown
from fundapp.intake.tables import Application, Company


@dataclass(frozen=True, slots=True)
class Seat:
    """One member at one ballot.

    Attributes:
        route: Why they are outside; None if they may vote.
        choice: How they voted; only in an open ballot that is closed.
        reason: Why, likewise.
    """

    person_id: uuid.UUID
    name: str
    chairs: bool
    route: str | None
    voted: bool
    attends: bool
    choice: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class ReopeningRow:
    """That somebody asked for a closed ballot to be voted on again; `mine` if the viewer did."""

    reopening_id: uuid.UUID
    reason: str
    state: str
    asked_by: str
    asked_at: datetime
    mine: bool
    answered_by: str | None
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class BallotPage:
    """Everything that the ballot page may show one viewer.

    Attributes:
        rule: By which it is counted.
        hold_keys: What the ledger holds for it.
        entitled: Members who may vote.
        present: Of these, how many are present by the rule; like the other counts, as decided on once it is closed.
        voted: How many have voted.
        may_vote: Whether the viewer still can.
        own_choice: The viewer's own vote; None in a secret ballot, which nobody can ask.
        own_voted: Whether the viewer has voted.
        tally: The count and its arithmetic, as `Tally.as_document`; None while the ballot is open.
        amends_id: The ballot whose proposal this one changes; it waits where this one is `subsidiary`.
        amended_by: The newest ballot that changes this one's proposal.
        reopens_id: The closed ballot that this one decides again; `reopened_by` is the other way round.
        stands: Whether its decision is what holds for the application.
        consent: The viewer's word on deciding in writing; None without it.
        consented: How many agreed.
    """

    ballot_id: uuid.UUID
    meeting_id: uuid.UUID
    meeting_title: str
    meeting_kind: str
    meeting_state: str
    deadline: datetime | None
    application_id: uuid.UUID
    application_state: str
    number: str
    company: str
    state: str
    form: str
    rule: BallotRule
    proposed_krw: int
    gpu_lines: tuple[GpuLine, ...]
    conditions: tuple[ProposedCondition, ...]
    hold_keys: tuple[str, ...]
    remark: str | None
    members: int
    recused: int
    entitled: int
    present: int
    voted: int
    quorum_needed: int
    seats: tuple[Seat, ...]
    may_vote: bool
    own_choice: str | None
    own_voted: bool
    decision_id: uuid.UUID | None
    outcome: str | None
    tally: Mapping[str, Any] | None
    amends_id: uuid.UUID | None
    subsidiary: bool
    amended_by: uuid.UUID | None
    reopens_id: uuid.UUID | None
    reopened_by: uuid.UUID | None
    reopenings: tuple[ReopeningRow, ...]
    stands: bool
    consent: bool | None
    consented: int
    opened_at: datetime
    closed_at: datetime | None


def ballot_page(session: Session, viewer: Viewer, ballot_id: uuid.UUID) -> BallotPage:
    """Return a ballot.

    Raises:
        NotFoundError: if it is absent, out of sight, or the viewer is recused: all look the same.
    """
    require_sight(viewer, Kind.BALLOT)
    row = _find(session, viewer, ballot_id)
    ballot, number, application_state, company, meeting = row[0], row[1], row[2], row[3], row[4]
    decision: Decision | None = row[5]
    rule = BallotRule.of_document(ballot.rule)
    sight = _votes(session, viewer, ballot, meeting, decision)
    amended_by, reopened_by = _descendants(session, ballot_id)
    return BallotPage(
        ballot_id=ballot.id,
        meeting_id=meeting.id,
        meeting_title=meeting.title,
        meeting_kind=meeting.kind,
        meeting_state=meeting.state,
        deadline=meeting.deadline,
        application_id=ballot.application_id,
        application_state=application_state,
        number=number,
        company=company,
        state=ballot.state,
        form=ballot.form,
        rule=rule,
        proposed_krw=ballot.proposed_krw,
        gpu_lines=tuple(GpuLine.of_document(line) for line in ballot.gpu_lines),
        conditions=tuple(ProposedCondition.of_document(document) for document in ballot.conditions),
        hold_keys=tuple(ballot.hold_keys),
        remark=ballot.remark,
        members=sight.panel["members"],
        recused=sight.panel["recused"],
        entitled=sight.panel["entitled"],
        present=sight.panel["present"],
        voted=sum(seat.voted for seat in sight.seats),
        quorum_needed=sight.panel["quorum_needed"],
        seats=sight.seats,
        may_vote=sight.may_vote,
        own_choice=sight.own_choice,
        own_voted=sight.own_voted,
        decision_id=None if decision is None else decision.id,
        outcome=None if decision is None else decision.outcome,
        tally=None if decision is None else decision.tally,
        amends_id=ballot.amends_id,
        subsidiary=ballot.subsidiary,
        amended_by=amended_by,
        reopens_id=ballot.reopens_id,
        reopened_by=reopened_by,
        reopenings=_reopenings(session, viewer, ballot_id),
        stands=decision is not None and is_standing(session, decision.id),
        consent=consent_of(session, meeting.id, viewer.person_id) if viewer.person_id else None,
        consented=sight.consented,
        opened_at=ballot.opened_at,
        closed_at=ballot.closed_at,
    )


def _find(session: Session, viewer: Viewer, ballot_id: uuid.UUID) -> Row[*tuple[Any, ...]]:
    row = session.execute(
        select(Ballot, Application.number, Application.state, company_shown(viewer), Meeting, Decision)
        .join(Application, Application.id == Ballot.application_id)
        .join(Company, Company.id == Application.company_id)
        .join(Meeting, Meeting.id == Ballot.meeting_id)
        .outerjoin(Decision, Decision.ballot_id == Ballot.id)
        .where(Ballot.id == ballot_id, in_sight(viewer))
    ).one_or_none()
    if row is None:
        raise NotFoundError(ballot=str(ballot_id))
    return row


@dataclass(frozen=True, slots=True)
class _Votes:
    """What may be said of the votes: the counts, and the seats with how they voted where that stands."""

    panel: Mapping[str, Any]
    seats: tuple[Seat, ...]
    may_vote: bool
    own_choice: str | None
    own_voted: bool
    consented: int


def _votes(session: Session, viewer: Viewer, ballot: Ballot, meeting: Meeting, decision: Decision | None) -> _Votes:
    rule, seats = BallotRule.of_document(ballot.rule), members(session)
    routes = recusal_routes(session, [ballot.application_id])[ballot.application_id]
    cast = {
        vote.person_id: (vote.choice, vote.reason)
        for vote in session.execute(select(Vote.person_id, Vote.choice, Vote.reason).where(Vote.ballot_id == ballot.id))
    }
    voted, inside = voters(session, [ballot.id])[ballot.id], attending(session, meeting.id)
    agreed = consents(session, meeting.id)
    roll = Roll(attending=inside, consents=agreed if meeting.kind == "written" else None)
    panel = _panel(decision, tally([seat.person_id for seat in seats], routes, dict.fromkeys(voted, "yes"), rule, roll))
    named = cast if ballot.form == "open" and decision is not None else {}
    own = cast.get(viewer.person_id) if viewer.person_id else None
    return _Votes(
        panel=panel,
        seats=tuple(_seat(seat, routes, voted, inside, named) for seat in seats),
        may_vote=_may_vote(viewer, seats, ballot.state, voted),
        own_choice=own[0] if own else None,
        own_voted=viewer.person_id in voted,
        consented=len(agreed),
    )


def _panel(decision: Decision | None, now: Tally) -> Mapping[str, Any]:
    """Return the count as it was decided on; roles and recusals of later days do not change it."""
    return now.as_document() if decision is None else decision.tally


def _seat(
    seat: Member,
    routes: Mapping[uuid.UUID, str],
    voted: Collection[uuid.UUID],
    inside: Collection[uuid.UUID],
    named: Mapping[uuid.UUID, tuple[str, str | None]],
) -> Seat:
    route = routes.get(seat.person_id)
    choice, reason = named.get(seat.person_id, (None, None)) if route is None else (None, None)
    return Seat(
        person_id=seat.person_id,
        name=seat.name,
        chairs=seat.chairs,
        route=route,
        voted=route is None and seat.person_id in voted,
        attends=seat.person_id in inside,
        choice=choice,
        reason=reason,
    )


def _may_vote(viewer: Viewer, seats: list[Member], state: str, voted: Collection[uuid.UUID]) -> bool:
    seated = any(seat.person_id == viewer.person_id for seat in seats)
    return seated and state == "open" and viewer.person_id not in voted


def _descendants(session: Session, ballot_id: uuid.UUID) -> tuple[uuid.UUID | None, uuid.UUID | None]:
    """Return the newest ballot that amends this one, and the one that reopens it."""
    rows = session.execute(
        select(Ballot.id, Ballot.amends_id)
        .where((Ballot.amends_id == ballot_id) | (Ballot.reopens_id == ballot_id))
        .order_by(Ballot.opened_at, Ballot.id)
    ).all()
    amended = [row.id for row in rows if row.amends_id == ballot_id]
    reopened = [row.id for row in rows if row.amends_id != ballot_id]
    return (amended[-1] if amended else None), (reopened[-1] if reopened else None)


def _reopenings(session: Session, viewer: Viewer, ballot_id: uuid.UUID) -> tuple[ReopeningRow, ...]:
    rows = session.scalars(select(Reopening).where(Reopening.ballot_id == ballot_id).order_by(Reopening.asked_at))
    return tuple(
        ReopeningRow(
            reopening_id=row.id,
            reason=row.reason,
            state=row.state,
            asked_by=row.asked_by,
            asked_at=row.asked_at,
            mine=row.asked_by_id == viewer.person_id,
            answered_by=row.answered_by,
            answered_at=row.answered_at,
        )
        for row in rows
    )
