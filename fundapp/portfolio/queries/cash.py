"""An award's cash and worth."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.identity.tables import Person
from fundapp.portfolio.tables import Tranche, Valuation


@dataclass(frozen=True, slots=True)
class TrancheRow:
    """One part of an award's cash; preparer and approver by name."""

    id: uuid.UUID
    number: int
    amount_krw: int
    due_on: date
    milestone: str
    state: str
    prepared_by: str | None
    prepared_by_id: uuid.UUID | None
    approved_by: str | None
    disbursed_on: date | None


@dataclass(frozen=True, slots=True)
class ValuationRow:
    """A fair-value mark."""

    quarter: str
    version: int
    fair_value_krw: int
    technique: str
    note: str
    prepared_by: str
    approved_by: str


def load_tranches(session: Session, award_id: uuid.UUID) -> tuple[TrancheRow, ...]:
    """Return an award's tranches by number."""
    rows = session.scalars(select(Tranche).where(Tranche.award_id == award_id).order_by(Tranche.number)).all()
    people = {one for row in rows for one in (row.prepared_by_id, row.approved_by_id) if one is not None}
    found = session.execute(select(Person.id, Person.name).where(Person.id.in_(people)))
    names: dict[uuid.UUID | None, str] = {person_id: name for person_id, name in found}  # noqa: C416 - typed rows
    return tuple(
        TrancheRow(
            id=row.id,
            number=row.number,
            amount_krw=row.amount_krw,
            due_on=row.due_on,
            milestone=row.milestone,
            state=row.state,
            prepared_by=names.get(row.prepared_by_id),
            prepared_by_id=row.prepared_by_id,
            approved_by=names.get(row.approved_by_id),
            disbursed_on=row.disbursed_on,
        )
        for row in rows
    )


def load_valuations(session: Session, award_id: uuid.UUID) -> tuple[ValuationRow, ...]:
    """Return an award's marks, newest first."""
    rows = session.scalars(
        select(Valuation)
        .where(Valuation.award_id == award_id)
        .order_by(Valuation.quarter.desc(), Valuation.version.desc())
    )
    return tuple(
        ValuationRow(
            row.quarter, row.version, row.fair_value_krw, row.technique, row.note, row.prepared_by, row.approved_by
        )
        for row in rows
    )
