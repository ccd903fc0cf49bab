"""Corrections of payments: what was recorded, what is right, and who said so."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import NotFoundError
from fundapp.intake.tables import Company
from fundapp.portfolio.queries.proceeds import person_names
from fundapp.portfolio.queries.sight import award_clause
from fundapp.portfolio.tables import Award, CapitalCall, CapitalCallLine, PaymentCorrection, Tranche


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """One correction; people by name.

    Attributes:
        award: None for a cost of the fund, and so is `company`.
        tranche: Number of the tranche that was paid, or that the call was for.
        call: Number of the call; None if the payment of a tranche is corrected.
        place: Of the line within the call.
        was_krw: As recorded before; the same with `was_on`.
    """

    number: str
    award: str | None
    company: str | None
    tranche: int | None
    call: str | None
    place: int | None
    amount_krw: int
    effective_on: date
    was_krw: int
    was_on: date
    replaces_key: str
    txn_key: str | None
    reason: str
    state: str
    prepared_by: str
    prepared_by_id: uuid.UUID
    decided_by: str | None
    decided_at: datetime | None
    return_reason: str | None


def list_corrections(
    session: Session, viewer: Viewer, *, award: str | None = None, call: str | None = None
) -> list[CorrectionRow]:
    """Return the corrections of payments that a viewer may see, newest first, in two statements.

    Args:
        session: A session.
        viewer: Who asks.
        award: Only those of the payments of this award's tranches.
        call: Only those of this call's lines.

    Raises:
        ForbiddenError: if the viewer may not see awards.
    """
    require(viewer, Verb.VIEW, Thing(Kind.AWARD))
    query = (
        select(PaymentCorrection, Tranche.number, Award.number, Company.name, CapitalCall.number, CapitalCallLine.place)
        .outerjoin(CapitalCallLine, CapitalCallLine.id == PaymentCorrection.line_id)
        .outerjoin(CapitalCall, CapitalCall.id == CapitalCallLine.call_id)
        .outerjoin(Tranche, (Tranche.id == PaymentCorrection.tranche_id) | (Tranche.id == CapitalCallLine.tranche_id))
        .outerjoin(Award, Award.id == Tranche.award_id)
        .outerjoin(Company, Company.id == Award.company_id)
        .where(Award.id.is_(None) | award_clause(viewer))
        .order_by(PaymentCorrection.number.desc())
    )
    if award is not None:
        query = query.where(Award.number == award, PaymentCorrection.tranche_id.is_not(None))
    if call is not None:
        query = query.where(CapitalCall.number == call)
    found = session.execute(query).all()
    people = {one for row, *_ in found for one in (row.prepared_by_id, row.decided_by_id) if one is not None}
    names = person_names(session, people)
    return [
        CorrectionRow(
            number=row.number,
            award=number,
            company=company,
            tranche=tranche,
            call=call_number,
            place=place,
            amount_krw=row.amount_krw,
            effective_on=row.effective_on,
            was_krw=row.was_krw,
            was_on=row.was_on,
            replaces_key=row.replaces_key,
            txn_key=row.txn_key,
            reason=row.reason,
            state=row.state,
            prepared_by=names.get(row.prepared_by_id, ""),
            prepared_by_id=row.prepared_by_id,
            decided_by=names.get(row.decided_by_id),
            decided_at=row.decided_at,
            return_reason=row.return_reason,
        )
        for row, tranche, number, company, call_number, place in found
    ]


def get_correction(session: Session, viewer: Viewer, number: str) -> CorrectionRow:
    """Return one correction.

    Raises:
        NotFoundError: if it is absent or out of sight.
    """
    found = next((one for one in list_corrections(session, viewer) if one.number == number), None)
    if found is None:
        raise NotFoundError(correction=number)
    return found
