"""Marks: what waits for approval, what stands still, what is not valued."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import NotFoundError
from fundapp.core.quarters import Quarter
from fundapp.intake.tables import Company
from fundapp.ledger.queries import balances
from fundapp.portfolio.queries.proceeds import person_names
from fundapp.portfolio.queries.sight import award_clause
from fundapp.portfolio.rules import stands_still
from fundapp.portfolio.tables import Award, Valuation, ValuationDraft

IMPUTED = "KRW-IMPUTED"


@dataclass(frozen=True, slots=True)
class DraftRow:
    """A mark that was prepared. `inputs` are rows `{name, entry, now, source}`; people by name.

    Attributes:
        technique: A key of `rules.TECHNIQUES`.
        change_krw: Difference from the last approved mark; None for the first.
    """

    id: uuid.UUID
    award: str
    company: str
    quarter: str
    fair_value_krw: int
    technique: str
    inputs: tuple[Mapping[str, str], ...]
    milestone_status: str
    round_price_krw: int | None
    round_new_bp: int | None
    calibration_note: str
    change_krw: int | None
    change_reason: str
    state: str
    prepared_by: str
    prepared_by_id: uuid.UUID
    prepared_at: datetime
    decided_by: str | None
    return_reason: str | None


@dataclass(frozen=True, slots=True)
class StaleMark:
    """A mark that repeats the value of the two quarters before it."""

    award: str
    company: str
    fair_value_krw: int
    since: str
    reason: str


@dataclass(frozen=True, slots=True)
class UnvaluedRow:
    """An award with cost and no approved mark for a quarter; `waiting` when one is prepared."""

    award: str
    company: str
    waiting: bool


def load_history(session: Session, award_id: uuid.UUID) -> list[tuple[Quarter, int]]:
    """Return quarter and value of an award's approved marks in order; of each quarter the newest version."""
    rows = session.scalars(
        select(Valuation).where(Valuation.award_id == award_id).order_by(Valuation.quarter, Valuation.version)
    )
    newest = {row.quarter: row.fair_value_krw for row in rows}
    return [(Quarter.parse(code), value) for code, value in newest.items()]


def stale_marks(session: Session, viewer: Viewer, quarter: Quarter) -> list[StaleMark]:
    """Return the marks of a quarter that repeat the value of the two quarters before; one statement.

    Raises:
        ForbiddenError: if the viewer may not see awards.
    """
    require(viewer, Verb.VIEW, Thing(Kind.AWARD))
    window = (quarter.previous.previous, quarter.previous, quarter)
    rows = session.execute(
        select(Valuation, Award.number, Company.name)
        .join(Award, Award.id == Valuation.award_id)
        .join(Company, Company.id == Award.company_id)
        .where(award_clause(viewer), Valuation.quarter.in_([str(one) for one in window]))
        .order_by(Award.number, Valuation.quarter, Valuation.version)
    )
    marks: dict[tuple[str, str], dict[str, Valuation]] = defaultdict(dict)
    for mark, award, company in rows:
        marks[award, company][mark.quarter] = mark
    found = []
    for (award, company), by_quarter in marks.items():
        values = [(one, by_quarter[str(one)].fair_value_krw) for one in window if str(one) in by_quarter]
        if stands_still(values):
            last = by_quarter[str(quarter)]
            reason = last.change_reason or last.note
            found.append(StaleMark(award, company, last.fair_value_krw, str(window[0]), reason))
    return found


def unvalued(session: Session, viewer: Viewer, quarter: Quarter) -> list[UnvaluedRow]:
    """Return the holdings with cost at a quarter's end, in cash or GPU time, and no approved mark for it.

    Raises:
        ForbiddenError: if the viewer may not see awards.
    """
    require(viewer, Verb.VIEW, Thing(Kind.AWARD))
    costly = {
        row.account.split(":")[1]
        for prefix in ("investment:", "used:")
        for row in balances(session, prefix=prefix, as_of=quarter.last_day)
        if row.posted > 0 and row.commodity in {"KRW", IMPUTED}
    }
    marked = select(Valuation.award_id).where(Valuation.quarter == str(quarter))
    waiting = set(
        session.scalars(
            select(ValuationDraft.award_id).where(
                ValuationDraft.quarter == str(quarter), ValuationDraft.state == "prepared"
            )
        )
    )
    rows = session.execute(
        select(Award.id, Award.number, Company.name)
        .join(Company, Company.id == Award.company_id)
        .where(award_clause(viewer), Award.instrument != "none", Award.id.not_in(marked))
        .order_by(Award.number)
    )
    return [UnvaluedRow(number, company, award_id in waiting) for award_id, number, company in rows if number in costly]


def list_drafts(
    session: Session, viewer: Viewer, *, award_id: uuid.UUID | None = None, state: str | None = "prepared"
) -> list[DraftRow]:
    """Return prepared marks that a viewer may see, newest first, in two statements.

    Raises:
        ForbiddenError: if the viewer may not prepare marks; drafts are the staff's own.
    """
    require(viewer, Verb.VIEW, Thing(Kind.AWARD))
    query = (
        select(ValuationDraft, Award.number, Company.name)
        .join(Award, Award.id == ValuationDraft.award_id)
        .join(Company, Company.id == Award.company_id)
        .where(award_clause(viewer))
        .order_by(ValuationDraft.prepared_at.desc(), ValuationDraft.id.desc())
    )
    if award_id is not None:
        query = query.where(ValuationDraft.award_id == award_id)
    if state is not None:
        query = query.where(ValuationDraft.state == state)
    found = session.execute(query).all()
    people = {one for draft, *_ in found for one in (draft.prepared_by_id, draft.decided_by_id) if one is not None}
    names = person_names(session, people)
    return [
        DraftRow(
            id=draft.id,
            award=award,
            company=company,
            quarter=draft.quarter,
            fair_value_krw=draft.fair_value_krw,
            technique=draft.technique,
            inputs=tuple(draft.inputs),
            milestone_status=draft.milestone_status,
            round_price_krw=draft.round_price_krw,
            round_new_bp=draft.round_new_bp,
            calibration_note=draft.calibration_note,
            change_krw=draft.change_krw,
            change_reason=draft.change_reason,
            state=draft.state,
            prepared_by=names.get(draft.prepared_by_id, ""),
            prepared_by_id=draft.prepared_by_id,
            prepared_at=draft.prepared_at,
            decided_by=names.get(draft.decided_by_id),
            return_reason=draft.return_reason,
        )
        for draft, award, company in found
    ]


def get_draft(session: Session, viewer: Viewer, draft_id: uuid.UUID) -> DraftRow:
    """Return one prepared mark in whatever state.

    Raises:
        NotFoundError: if it is absent or out of sight.
    """
    found = next((one for one in list_drafts(session, viewer, state=None) if one.id == draft_id), None)
    if found is None:
        raise NotFoundError
    return found
