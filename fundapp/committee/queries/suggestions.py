"""What the register suggests and nobody has settled, and what was settled."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from fundapp.committee.queries.sight import in_sight
from fundapp.committee.tables import Conflict, Signal, SignalAnswer
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.identity.tables import Person
from fundapp.intake.tables import Application, Call, Company


@dataclass(frozen=True, slots=True)
class SignalRow:
    """One fact: its kind, and what was compared (`ours` is the member's side, `theirs` the applicant's)."""

    signal_id: uuid.UUID
    kind: str
    facts: Mapping[str, Any]
    found_at: datetime


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Everything that suggests a conflict between one member and one application.

    Attributes:
        outcome: None while nobody has answered.
    """

    application_id: uuid.UUID
    number: str
    company: str
    call_code: str
    person_id: uuid.UUID
    person: str
    signals: tuple[SignalRow, ...]
    outcome: str | None
    reason: str | None
    answered_by: str | None
    answered_at: datetime | None


def waiting_signals(
    session: Session, application_ids: Collection[uuid.UUID], person_id: uuid.UUID | None
) -> dict[uuid.UUID, tuple[SignalRow, ...]]:
    """Return what waits for an answer about one person, by application: for actions and the person's own gate."""
    answered = select(SignalAnswer.id).where(SignalAnswer.signal_id == Signal.id).exists()
    rows = session.scalars(
        select(Signal)
        .where(Signal.application_id.in_(application_ids), Signal.person_id == person_id, ~answered)
        .order_by(Signal.application_id, Signal.kind, Signal.found_at, Signal.id)
    )
    return {key: tuple(_signal(row) for row in group) for key, group in groupby(rows, key=lambda s: s.application_id)}


def list_suggestions(
    session: Session, viewer: Viewer, *, answered: bool = False, call_code: str | None = None
) -> list[Suggestion]:
    """Return what waits for an answer, or what was dismissed or confirmed, over applications that the viewer may see.

    What a recusal has settled in the meantime is not waiting any more.

    Raises:
        ForbiddenError: unless the viewer may see the register.
    """
    require(viewer, Verb.VIEW, Thing(Kind.CONFLICT))
    query = _query().where(in_sight(viewer))
    if answered:
        query = query.where(SignalAnswer.outcome.in_(("dismissed", "confirmed")))
    else:
        settled = select(Conflict.id).where(
            Conflict.application_id == Signal.application_id, Conflict.person_id == Signal.person_id
        )
        query = query.where(SignalAnswer.id.is_(None), ~settled.exists())
    if call_code is not None:
        query = query.where(Call.code == call_code)
    rows = session.execute(query.order_by(Application.number, Person.name, SignalAnswer.at, Signal.kind, Signal.id))
    grouped = groupby(rows, key=lambda row: (row[0].application_id, row[0].person_id, row[5], row[6], row[7]))
    return [_suggestion([tuple(row) for row in group]) for _, group in grouped]


def _query() -> Select[*tuple[Any, ...]]:
    query: Select[*tuple[Any, ...]] = (
        select(
            Signal,
            Application.number,
            Company.name.label("company"),
            Call.code,
            Person.name.label("person"),
            SignalAnswer.outcome,
            SignalAnswer.answered_by,
            SignalAnswer.at,
            SignalAnswer.reason,
        )
        .join(Application, Application.id == Signal.application_id)
        .join(Company, Company.id == Application.company_id)
        .join(Call, Call.id == Application.call_id)
        .join(Person, Person.id == Signal.person_id)
        .outerjoin(SignalAnswer, SignalAnswer.signal_id == Signal.id)
    )
    return query


def _suggestion(rows: list[tuple[Any, ...]]) -> Suggestion:
    first, number, company, code, person, outcome, answered_by, at, reason = rows[0]
    return Suggestion(
        application_id=first.application_id,
        number=number,
        company=company,
        call_code=code,
        person_id=first.person_id,
        person=person,
        signals=tuple(_signal(row[0]) for row in rows),
        outcome=outcome,
        reason=reason,
        answered_by=answered_by,
        answered_at=at,
    )


def _signal(row: Signal) -> SignalRow:
    return SignalRow(row.id, row.kind, row.facts, row.found_at)
