"""An award's cash and worth."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.portfolio.queries.proceeds import person_names
from fundapp.portfolio.tables import CapitalCall, CapitalCallLine, Tranche, TrancheCondition, Valuation


@dataclass(frozen=True, slots=True)
class TrancheConditionRow:
    """What has to hold before a tranche is paid; who ended it by name.

    Attributes:
        kind: `precedent` or `milestone`.
        state: open, met (with evidence) or waived (with a reason).
    """

    id: uuid.UUID
    number: int
    kind: str
    text: str
    state: str
    evidence: str | None
    reason: str | None
    met_by: str | None
    met_at: datetime | None


@dataclass(frozen=True, slots=True)
class TrancheRow:
    """One part of an award's cash; preparer and approver by name.

    Attributes:
        calls: Numbers of the capital calls for it that have not been cancelled.
    """

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
    conditions: tuple[TrancheConditionRow, ...] = ()
    calls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ValuationRow:
    """A fair-value mark; `inputs` are rows `{name, entry, now, source}`, empty for marks made without them."""

    quarter: str
    version: int
    fair_value_krw: int
    technique: str
    note: str
    prepared_by: str
    approved_by: str
    calibration_note: str = ""
    inputs: tuple[Mapping[str, str], ...] = ()


def load_tranches(session: Session, award_id: uuid.UUID) -> tuple[TrancheRow, ...]:
    """Return an award's tranches by number, with their conditions and calls, in four statements."""
    rows = session.scalars(select(Tranche).where(Tranche.award_id == award_id).order_by(Tranche.number)).all()
    conditions = session.scalars(
        select(TrancheCondition)
        .where(TrancheCondition.tranche_id.in_([row.id for row in rows]))
        .order_by(TrancheCondition.number)
    ).all()
    people = {one for row in rows for one in (row.prepared_by_id, row.approved_by_id) if one is not None}
    people |= {one.met_by_id for one in conditions if one.met_by_id is not None}
    names = person_names(session, people)
    by_tranche: dict[uuid.UUID, list[TrancheConditionRow]] = defaultdict(list)
    for one in conditions:
        by_tranche[one.tranche_id].append(
            TrancheConditionRow(
                id=one.id,
                number=one.number,
                kind=one.kind,
                text=one.text,
                state=one.state,
                evidence=one.evidence,
                reason=one.reason,
                met_by=names.get(one.met_by_id),
                met_at=one.met_at,
            )
        )
    calls = _calls(session, [row.id for row in rows])
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
            conditions=tuple(by_tranche[row.id]),
            calls=tuple(calls[row.id]),
        )
        for row in rows
    )


def _calls(session: Session, tranches: Sequence[uuid.UUID]) -> dict[uuid.UUID | None, list[str]]:
    rows = session.execute(
        select(CapitalCallLine.tranche_id, CapitalCall.number)
        .join(CapitalCall, CapitalCall.id == CapitalCallLine.call_id)
        .where(CapitalCallLine.tranche_id.in_(tranches), CapitalCallLine.cancelled_at.is_(None))
        .order_by(CapitalCall.number)
    )
    calls: dict[uuid.UUID | None, list[str]] = defaultdict(list)
    for tranche_id, number in rows:
        calls[tranche_id].append(number)
    return calls


def load_valuations(session: Session, award_id: uuid.UUID) -> tuple[ValuationRow, ...]:
    """Return an award's marks, newest first."""
    rows = session.scalars(
        select(Valuation)
        .where(Valuation.award_id == award_id)
        .order_by(Valuation.quarter.desc(), Valuation.version.desc())
    )
    return tuple(
        ValuationRow(
            row.quarter,
            row.version,
            row.fair_value_krw,
            row.technique,
            row.note,
            row.prepared_by,
            row.approved_by,
            row.calibration_note or "",
            tuple(row.inputs or ()),
        )
        for row in rows
    )
