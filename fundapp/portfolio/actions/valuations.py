"""Fair-value marks."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import FourEyesError, InvalidInputError, NotFoundError
from fundapp.core.quarters import Quarter
from fundapp.portfolio.actions.events import record
from fundapp.portfolio.tables import Award, Valuation


def record_valuation(
    session: Session,
    *,
    award_id: uuid.UUID,
    quarter: Quarter,
    fair_value_krw: int,
    technique: str,
    note: str,
    prepared_by: str,
    actor: Viewer,
    at: datetime,
) -> int:
    """Append a fair-value mark at a quarter's end; return its version. A later version supersedes the earlier.

    Raises:
        FourEyesError: if the approver (`actor`) is no person or prepared it.
        InvalidInputError: without technique or note, or below zero.
    """
    award = session.get(Award, award_id)
    if award is None:
        raise NotFoundError
    require(actor, Verb.SIGN, Thing(Kind.AWARD, award.application_id, award.company_id))
    approver = actor.name or actor.email
    if actor.person_id is None or approver == prepared_by:
        raise FourEyesError
    if fair_value_krw < 0 or not technique.strip() or not note.strip():
        raise InvalidInputError(
            field="valuation",
            reason_ko="값, 방법, 이유가 모두 필요합니다",
            reason_en="value, technique and note are needed",
        )
    known = session.scalar(
        select(func.max(Valuation.version)).where(Valuation.award_id == award_id, Valuation.quarter == str(quarter))
    )
    version = (known or 0) + 1
    session.add(
        Valuation(
            award_id=award_id,
            quarter=str(quarter),
            version=version,
            fair_value_krw=fair_value_krw,
            technique=technique,
            note=note,
            prepared_by=prepared_by,
            approved_by=approver,
            at=at,
        )
    )
    session.flush()
    record(session, actor, "valuation.recorded", award.number, at, quarter=str(quarter), krw=fair_value_krw)
    return version
