"""The overview of conflicts: recusals, challenges, and what two people lift."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, select
from sqlalchemy.orm import Session

from fundapp.committee.entrance import load_recused
from fundapp.committee.queries.people import members
from fundapp.committee.queries.sight import in_sight
from fundapp.committee.rules import count_challenge, entitled_to_decide
from fundapp.committee.tables import Challenge, ChallengeVote, LiftRequest, Recusal, RecusalLift
from fundapp.core.access import Kind, Thing, Verb, Viewer, may, require
from fundapp.core.errors import NotFoundError
from fundapp.identity.tables import Person
from fundapp.intake.tables import Application, Call, Company


@dataclass(frozen=True, slots=True)
class RecusalRow:
    """One recusal of the record.

    Attributes:
        reason: Why; None unless the viewer keeps the register.
        rule: Key of the ground, where a fact disqualified.
        challenge: State of the challenge that it belongs to; None without one.
        lift_asked: Whether somebody has asked to lift it.
        lifted_at: When it was lifted; None while it holds.
    """

    recusal_id: uuid.UUID
    application_id: uuid.UUID
    number: str
    company: str
    call_code: str
    person_id: uuid.UUID
    person: str
    route: str
    rule: str | None
    reason: str | None
    declared_by: str
    at: datetime
    challenge: str | None
    lift_asked: bool
    lifted_at: datetime | None
    lift_reason: str | None
    lifted_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LiftRow:
    """One request to lift a recusal; `own` says that the viewer asked, so that somebody else decides."""

    request_id: uuid.UUID
    number: str
    company: str
    person: str
    route: str
    reason: str
    asked_by: str
    asked_at: datetime
    own: bool


@dataclass(frozen=True, slots=True)
class ChallengeRow:
    """One challenge as a member who may decide it sees it, or who keeps the register.

    Attributes:
        entitled: Members who may vote.
        present: How many of these have; the count of yes and no waits until it is decided.
        may_vote: Whether the viewer still can.
        tally: The count once it is decided by vote, as `ChallengeCount.as_document`.
    """

    challenge_id: uuid.UUID
    application_id: uuid.UUID
    number: str
    company: str
    call_code: str
    target: str
    side: str
    reason: str
    filed_by: str
    filed_at: datetime
    state: str
    entitled: int
    present: int
    quorum_needed: int
    may_vote: bool
    own_choice: str | None
    tally: Mapping[str, Any] | None
    answer: str | None
    decided_by: str | None
    decided_at: datetime | None


def list_recusals(
    session: Session, viewer: Viewer, *, call_code: str | None = None, application_id: uuid.UUID | None = None
) -> list[RecusalRow]:
    """Return the record of recusals over applications that the viewer may see, by application and person.

    Raises:
        ForbiddenError: unless the viewer may see the register.
    """
    require(viewer, Verb.VIEW, Thing(Kind.CONFLICT))
    told = may(viewer, Verb.RESOLVE, Thing(Kind.CONFLICT))
    query = (
        select(
            Recusal,
            Application.number,
            Company.name.label("company"),
            Call.code,
            Person.name.label("person"),
            Challenge.state,
            LiftRequest.id,
            RecusalLift,
        )
        .join(Application, Application.id == Recusal.application_id)
        .join(Company, Company.id == Application.company_id)
        .join(Call, Call.id == Application.call_id)
        .join(Person, Person.id == Recusal.person_id)
        .outerjoin(Challenge, Challenge.recusal_id == Recusal.id)
        .outerjoin(LiftRequest, and_(LiftRequest.recusal_id == Recusal.id, LiftRequest.state == "open"))
        .outerjoin(RecusalLift, RecusalLift.recusal_id == Recusal.id)
        .where(in_sight(viewer))
        .order_by(Application.number, Person.name, Recusal.number)
    )
    if call_code is not None:
        query = query.where(Call.code == call_code)
    if application_id is not None:
        query = query.where(Application.id == application_id)
    return [_recusal(*row, told=told) for row in session.execute(query)]


def _recusal(
    row: Recusal,
    number: str,
    company: str,
    code: str,
    person: str,
    challenge: str | None,
    request: uuid.UUID | None,
    lift: RecusalLift | None,
    *,
    told: bool,
) -> RecusalRow:
    return RecusalRow(
        recusal_id=row.id,
        application_id=row.application_id,
        number=number,
        company=company,
        call_code=code,
        person_id=row.person_id,
        person=person,
        route=row.route,
        rule=row.rule,
        reason=row.reason if told else None,
        declared_by=row.declared_by,
        at=row.at,
        challenge=challenge,
        lift_asked=request is not None,
        lifted_at=lift.at if lift else None,
        lift_reason=lift.reason if lift and told else None,
        lifted_by=tuple(dict.fromkeys((lift.asked_by, lift.decided_by))) if lift else (),
    )


def list_lift_requests(session: Session, viewer: Viewer) -> list[LiftRow]:
    """Return requests that wait for a second person, over applications in sight and people other than the viewer.

    Raises:
        ForbiddenError: unless the viewer decides conflicts.
    """
    require(viewer, Verb.RESOLVE, Thing(Kind.CONFLICT))
    rows = session.execute(
        select(LiftRequest, Application.number, Company.name, Person.name, Recusal.route)
        .join(Recusal, Recusal.id == LiftRequest.recusal_id)
        .join(Application, Application.id == Recusal.application_id)
        .join(Company, Company.id == Application.company_id)
        .join(Person, Person.id == Recusal.person_id)
        .where(LiftRequest.state == "open", Recusal.person_id != viewer.person_id, in_sight(viewer))
        .order_by(LiftRequest.asked_at, LiftRequest.id)
    )
    return [
        LiftRow(
            request_id=row.id,
            number=number,
            company=company,
            person=person,
            route=route,
            reason=row.reason,
            asked_by=row.asked_by,
            asked_at=row.asked_at,
            own=row.asked_by_id == viewer.person_id,
        )
        for row, number, company, person, route in rows
    ]


def list_challenges(session: Session, viewer: Viewer, *, state: str | None = None) -> list[ChallengeRow]:
    """Return challenges over applications in sight, pending ones first; never those against the viewer.

    Raises:
        ForbiddenError: if the viewer neither votes on conflicts nor sees the register.
    """
    _require_challenges(viewer)
    query = _challenges(viewer)
    if state is not None:
        query = query.where(Challenge.state == state)
    rows = session.execute(query.order_by(Challenge.decided_at.is_not(None), Challenge.filed_at, Challenge.id)).all()
    return _rows(session, viewer, [tuple(row) for row in rows])


def challenge_page(session: Session, viewer: Viewer, challenge_id: uuid.UUID) -> ChallengeRow:
    """Return one challenge.

    Raises:
        NotFoundError: if it is absent, out of sight, or against the viewer: all look the same.
    """
    _require_challenges(viewer)
    rows = session.execute(_challenges(viewer).where(Challenge.id == challenge_id)).all()
    if not rows:
        raise NotFoundError(challenge=str(challenge_id))
    return _rows(session, viewer, [tuple(row) for row in rows])[0]


def own_challenges(session: Session, viewer: Viewer, application_id: uuid.UUID) -> list[tuple[str, str, datetime]]:
    """Return name of the target, state and time of the challenges that the viewer's own company filed."""
    rows = session.execute(
        select(Person.name, Challenge.state, Challenge.filed_at)
        .join(Application, Application.id == Challenge.application_id)
        .join(Person, Person.id == Challenge.target_id)
        .where(
            Challenge.application_id == application_id,
            Challenge.side == "applicant",
            Application.company_id.in_(viewer.company_ids),
        )
        .order_by(Challenge.filed_at, Challenge.id)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def _require_challenges(viewer: Viewer) -> None:
    if not may(viewer, Verb.VOTE, Thing(Kind.CONFLICT)):
        require(viewer, Verb.VIEW, Thing(Kind.CONFLICT))


def _challenges(viewer: Viewer) -> Select[*tuple[Any, ...]]:
    others: ColumnElement[bool] = Challenge.target_id != viewer.person_id
    query: Select[*tuple[Any, ...]] = (
        select(Challenge, Application.number, Company.name, Call.code, Person.name)
        .join(Application, Application.id == Challenge.application_id)
        .join(Company, Company.id == Application.company_id)
        .join(Call, Call.id == Application.call_id)
        .join(Person, Person.id == Challenge.target_id)
        .where(others, in_sight(viewer))
    )
    return query


def _rows(session: Session, viewer: Viewer, rows: list[tuple[Any, ...]]) -> list[ChallengeRow]:
    seats = [seat.person_id for seat in members(session)]
    votes: defaultdict[uuid.UUID, dict[uuid.UUID, str]] = defaultdict(dict)
    for vote in session.scalars(select(ChallengeVote).where(ChallengeVote.challenge_id.in_([r[0].id for r in rows]))):
        votes[vote.challenge_id][vote.person_id] = vote.choice
    found = []
    for row, number, company, code, target in rows:
        entitled = entitled_to_decide(seats, load_recused(session, row.application_id), row.target_id)
        count = count_challenge(entitled, votes[row.id])
        own = votes[row.id].get(viewer.person_id) if viewer.person_id else None
        found.append(
            ChallengeRow(
                challenge_id=row.id,
                application_id=row.application_id,
                number=number,
                company=company,
                call_code=code,
                target=target,
                side=row.side,
                reason=row.reason,
                filed_by=row.filed_by,
                filed_at=row.filed_at,
                state=row.state,
                entitled=count.entitled,
                present=count.present,
                quorum_needed=count.quorum_needed,
                may_vote=row.state == "pending" and viewer.person_id in entitled and own is None,
                own_choice=own,
                tally=row.tally,
                answer=row.answer,
                decided_by=row.decided_by,
                decided_at=row.decided_at,
            )
        )
    return found
