"""Decisions, and who was recused from what."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.committee.queries.ballot_state import stands
from fundapp.committee.queries.sight import in_sight, require_sight
from fundapp.committee.rules import GpuLine
from fundapp.committee.tables import Ballot, Condition, Conflict, Decision
from fundapp.core.access import Kind, Viewer
from fundapp.identity.tables import Person
from fundapp.intake.queries import company_shown
from fundapp.intake.tables import Application, Call, Company


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One decision with its arithmetic, as `Tally.as_document`; whether it `stands`, or was reopened or turned down."""

    decision_id: uuid.UUID
    ballot_id: uuid.UUID
    meeting_id: uuid.UUID
    application_id: uuid.UUID
    number: str
    company: str
    call_code: str
    outcome: str
    approved_krw: int
    gpu_lines: tuple[GpuLine, ...]
    tally: Mapping[str, Any]
    open_conditions: int
    decided_at: datetime
    stands: bool


@dataclass(frozen=True, slots=True)
class ConflictRow:
    """One recusal, without its reason: that is between the member and the secretary."""

    application_number: str
    company: str
    person: str
    route: str
    at: datetime


def list_decisions(session: Session, viewer: Viewer, call_code: str | None = None) -> list[DecisionRow]:
    """Return decisions, newest first, in two statements.

    Raises:
        ForbiddenError: if the viewer sees no ballots at all.
    """
    require_sight(viewer, Kind.BALLOT)
    query = (
        select(
            Decision, Ballot.meeting_id, Application.number, company_shown(viewer), Call.code, stands().label("stands")
        )
        .join(Ballot, Ballot.id == Decision.ballot_id)
        .join(Application, Application.id == Decision.application_id)
        .join(Company, Company.id == Application.company_id)
        .join(Call, Call.id == Application.call_id)
        .where(in_sight(viewer))
        .order_by(Decision.decided_at.desc(), Application.number)
    )
    if call_code is not None:
        query = query.where(Call.code == call_code)
    found = session.execute(query).all()
    waiting: dict[uuid.UUID, int] = {}
    among = [row[0].id for row in found]
    for decision_id in session.scalars(
        select(Condition.decision_id).where(Condition.state == "open", Condition.decision_id.in_(among))
    ):
        waiting[decision_id] = waiting.get(decision_id, 0) + 1
    return [
        DecisionRow(
            decision_id=decision.id,
            ballot_id=decision.ballot_id,
            meeting_id=meeting_id,
            application_id=decision.application_id,
            number=number,
            company=company,
            call_code=code,
            outcome=decision.outcome,
            approved_krw=decision.approved_krw,
            gpu_lines=tuple(GpuLine.of_document(line) for line in decision.gpu_lines),
            tally=decision.tally,
            open_conditions=waiting.get(decision.id, 0),
            decided_at=decision.decided_at,
            stands=bool(standing),
        )
        for decision, meeting_id, number, company, code, standing in found
    ]


def list_conflicts(session: Session, viewer: Viewer, call_code: str) -> list[ConflictRow]:
    """Return the recusals of a call from applications that the viewer may see.

    Raises:
        ForbiddenError: if the viewer sees no reviews at all.
    """
    require_sight(viewer, Kind.REVIEW)
    rows = session.execute(
        select(
            Application.number,
            company_shown(viewer).label("company"),
            Person.name.label("person"),
            Conflict.route,
            Conflict.at,
        )
        .join(Application, Application.id == Conflict.application_id)
        .join(Company, Company.id == Application.company_id)
        .join(Call, Call.id == Application.call_id)
        .join(Person, Person.id == Conflict.person_id)
        .where(Call.code == call_code, in_sight(viewer))
        .order_by(Application.number, Person.name)
    )
    return [ConflictRow(row.number, row.company, row.person, row.route, row.at) for row in rows]
