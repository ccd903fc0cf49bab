"""Decisions and the register of their conditions."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from fundapp.committee.queries.ballot_state import stands
from fundapp.committee.queries.sight import in_sight, require_sight, undertaking_in_sight
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
class ConditionRow:
    """One condition of a decision; cash and GPU time wait until it is met or waived."""

    condition_id: uuid.UUID
    decision_id: uuid.UUID
    application_number: str
    company: str
    number: int
    text: str
    due_on: date | None
    state: str
    evidence: str | None
    resolved_by: str | None
    resolved_at: datetime | None


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


def open_conditions(session: Session, decision_id: uuid.UUID) -> list[ConditionRow]:
    """Return what still keeps an award from being signed: for actions, not for pages."""
    return _conditions(session, Condition.decision_id == decision_id, Condition.state == "open")


def list_conditions(
    session: Session, viewer: Viewer, *, call_code: str | None = None, state: str | None = None
) -> list[ConditionRow]:
    """Return the register of conditions that the viewer may see, by application and number.

    Raises:
        ForbiddenError: if the viewer sees no conditions at all.
    """
    require_sight(viewer, Kind.CONDITION)
    wanted = [undertaking_in_sight(viewer)]
    if call_code is not None:
        wanted.append(Call.code == call_code)
    if state is not None:
        wanted.append(Condition.state == state)
    return _conditions(session, *wanted)


def _conditions(session: Session, *wanted: ColumnElement[bool]) -> list[ConditionRow]:
    rows = session.execute(
        select(
            Condition.id,
            Condition.decision_id,
            Application.number,
            Company.name,
            Condition.number,
            Condition.text,
            Condition.due_on,
            Condition.state,
            Condition.evidence,
            Condition.resolved_by,
            Condition.resolved_at,
        )
        .join(Decision, Decision.id == Condition.decision_id)
        .join(Application, Application.id == Decision.application_id)
        .join(Company, Company.id == Application.company_id)
        .join(Call, Call.id == Application.call_id)
        .where(stands(), *wanted)
        .order_by(Application.number, Condition.number)
    )
    return [ConditionRow(*tuple(row)) for row in rows]


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
