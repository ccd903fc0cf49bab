"""Capital calls: what was asked of whom, what came in, what is late."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.allocation.tables import Investor
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import NotFoundError
from fundapp.core.quarters import kst_date
from fundapp.intake.tables import Company
from fundapp.portfolio.queries.proceeds import person_names
from fundapp.portfolio.queries.sight import award_clause
from fundapp.portfolio.tables import Award, CapitalCall, CapitalCallLine, Tranche


@dataclass(frozen=True, slots=True)
class CallLineRow:
    """What a part of a call is for. A tranche of an award out of the viewer's sight has no award and no company."""

    id: uuid.UUID
    place: int
    award: str | None
    company: str | None
    tranche: int | None
    expense: str | None
    quarter: str | None
    amount_krw: int
    txn_key: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class CallRow:
    """A capital call with its lines; people by name.

    Attributes:
        automatic: Made on the spot, by paying what no call covered.
        overdue_days: Days past the due date while issued and unpaid; 0 otherwise.
    """

    id: uuid.UUID
    number: str
    investor: str
    investor_ko: str
    investor_en: str
    notice_on: date
    due_on: date
    state: str
    automatic: bool
    note: str | None
    amount_krw: int
    lines: tuple[CallLineRow, ...]
    prepared_by: str | None
    prepared_by_id: uuid.UUID | None
    issued_by: str | None
    received_by: str | None
    paid_on: date | None
    overdue_days: int


@dataclass(frozen=True, slots=True)
class CallableTranche:
    """A tranche that is neither paid nor called."""

    id: uuid.UUID
    award: str
    company: str
    number: int
    amount_krw: int
    due_on: date


def list_capital_calls(session: Session, viewer: Viewer, at: datetime, *, award: str | None = None) -> list[CallRow]:
    """Return capital calls, newest first, in three statements however many there are.

    Args:
        session: A session.
        viewer: Who asks.
        at: Now; decides what is overdue.
        award: Number of an award, for the calls that concern it.

    Raises:
        ForbiddenError: if the viewer may not see awards.
    """
    require(viewer, Verb.VIEW, Thing(Kind.AWARD))
    found = session.execute(
        select(CapitalCall, Investor)
        .join(Investor, Investor.code == CapitalCall.investor_code)
        .order_by(CapitalCall.number.desc())
    ).all()
    lines = _lines(session, viewer)
    people = {
        one
        for call, _ in found
        for one in (call.prepared_by_id, call.issued_by_id, call.received_by_id)
        if one is not None
    }
    names = person_names(session, people)
    rows = []
    for call, investor in found:
        own = tuple(lines[call.id])
        if award is not None and all(line.award != award for line in own):
            continue
        late = (kst_date(at) - call.due_on).days if call.state == "issued" else 0
        rows.append(
            CallRow(
                id=call.id,
                number=call.number,
                investor=investor.code,
                investor_ko=investor.name_ko,
                investor_en=investor.name_en,
                notice_on=call.notice_on,
                due_on=call.due_on,
                state=call.state,
                automatic=call.automatic,
                note=call.note,
                amount_krw=sum(line.amount_krw for line in own),
                lines=own,
                prepared_by=names.get(call.prepared_by_id),
                prepared_by_id=call.prepared_by_id,
                issued_by=names.get(call.issued_by_id),
                received_by=names.get(call.received_by_id),
                paid_on=call.paid_on,
                overdue_days=max(0, late),
            )
        )
    return rows


def get_capital_call(session: Session, viewer: Viewer, number: str, at: datetime) -> CallRow:
    """Return one capital call.

    Raises:
        NotFoundError: if there is none.
    """
    found = next((one for one in list_capital_calls(session, viewer, at) if one.number == number), None)
    if found is None:
        raise NotFoundError(call=number)
    return found


def _lines(session: Session, viewer: Viewer) -> dict[uuid.UUID, list[CallLineRow]]:
    rows = session.execute(
        select(CapitalCallLine, Tranche.number, Award.number, Company.name)
        .outerjoin(Tranche, Tranche.id == CapitalCallLine.tranche_id)
        .outerjoin(Award, (Award.id == Tranche.award_id) & award_clause(viewer))
        .outerjoin(Company, Company.id == Award.company_id)
        .order_by(CapitalCallLine.call_id, CapitalCallLine.place)
    )
    lines: dict[uuid.UUID, list[CallLineRow]] = defaultdict(list)
    for line, tranche, award, company in rows:
        lines[line.call_id].append(
            CallLineRow(
                id=line.id,
                place=line.place,
                award=award,
                company=company,
                tranche=tranche if award else None,
                expense=line.expense,
                quarter=line.quarter,
                amount_krw=line.amount_krw,
                txn_key=line.txn_key,
                hidden=line.tranche_id is not None and award is None,
            )
        )
    return lines


def list_callable(session: Session, viewer: Viewer) -> list[CallableTranche]:
    """Return the tranches that are neither paid nor called, by due date.

    Raises:
        ForbiddenError: if the viewer may not see awards.
    """
    require(viewer, Verb.VIEW, Thing(Kind.AWARD))
    called = select(CapitalCallLine.tranche_id).where(
        CapitalCallLine.tranche_id.is_not(None), CapitalCallLine.cancelled_at.is_(None)
    )
    rows = session.execute(
        select(Tranche, Award.number, Company.name)
        .join(Award, Award.id == Tranche.award_id)
        .join(Company, Company.id == Award.company_id)
        .where(award_clause(viewer), Tranche.state != "disbursed", Tranche.id.not_in(called))
        .order_by(Tranche.due_on, Award.number, Tranche.number)
    )
    return [
        CallableTranche(tranche.id, award, company, tranche.number, tranche.amount_krw, tranche.due_on)
        for tranche, award, company in rows
    ]
