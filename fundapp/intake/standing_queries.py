"""What stands on record of a company beside its applications: its own statement, and the tax office's answers."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, Viewer, may
from fundapp.core.errors import NotFoundError
from fundapp.intake.standing import Standing
from fundapp.intake.tables import (
    Application,
    Call,
    Company,
    CompanyMerge,
    CompanyStatement,
    MergeUndone,
    RegistrationCheck,
    Submission,
)

STOPPED = frozenset({"suspended", "closed", "unregistered"})
"""Outcomes of which staff and applicant are told."""


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One answer of the tax office, or that none came (`unread`, with why)."""

    outcome: str
    source: str
    tax_type: str | None
    ended_on: date | None
    matched: bool | None
    failure: str | None
    checked_by: str
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class Registration:
    """What is known of a company's registration.

    Attributes:
        known: The newest answer that said something; None before the first.
        tried: The newest attempt, if it came to nothing and is newer than `known`.
        rows: The newest attempts first, a page of them.
    """

    known: CheckRow | None
    tried: CheckRow | None
    rows: tuple[CheckRow, ...]

    @property
    def stopped(self) -> bool:
        """Whether the tax office said that the business does not run."""
        return self.known is not None and self.known.outcome in STOPPED


@dataclass(frozen=True, slots=True)
class CompanyPage:
    """A company as those who act for it see it."""

    id: uuid.UUID
    name: str
    scheme: str
    identifier: str
    corporate_number: str | None
    standing: Standing
    version: int
    stated_at: datetime | None
    stated_by: str
    registration: Registration


def newest_statement(session: Session, company_id: uuid.UUID) -> CompanyStatement | None:
    """Return what a company said of itself last."""
    query = select(CompanyStatement).where(CompanyStatement.company_id == company_id)
    return session.scalar(query.order_by(CompanyStatement.version.desc()).limit(1))


@cache
def stated_by_submission() -> ScalarSelect[dict[str, object] | None]:
    """Return, in a query of `Submission` and `Application`, what the company had said of itself when it was sent.

    The statement is append-only, so what a submission was judged by can be found again at any time. What a company said
    that has been merged into the applicant counts as said by it.
    """
    merged = select(CompanyMerge.merged_id).where(
        CompanyMerge.survivor_id == Application.company_id, CompanyMerge.id.not_in(select(MergeUndone.merge_id))
    )
    speaks = CompanyStatement.company_id.in_(merged.correlate(Application))
    return (
        select(CompanyStatement.facts)
        .where(
            (CompanyStatement.company_id == Application.company_id) | speaks,
            CompanyStatement.stated_at <= Submission.submitted_at,
        )
        .order_by(CompanyStatement.stated_at.desc(), CompanyStatement.version.desc())
        .limit(1)
        .correlate(Application, Submission)
        .scalar_subquery()
    )


def standing_of(session: Session, application_id: uuid.UUID) -> Standing:
    """Return what the company had said of itself by the newest submission; of a draft, what it says now."""
    row = session.execute(
        select(stated_by_submission().label("facts"))
        .select_from(Submission)
        .join(Application, Application.id == Submission.application_id)
        .where(Submission.application_id == application_id)
        .order_by(Submission.version.desc())
        .limit(1)
    ).first()
    if row is not None:
        return Standing.of_document(row.facts)
    company_id = session.scalar(select(Application.company_id).where(Application.id == application_id))
    newest = None if company_id is None else newest_statement(session, company_id)
    return Standing.of_document(newest.facts if newest else None)


def get_company(session: Session, viewer: Viewer, company_id: uuid.UUID) -> CompanyPage:
    """Return one of the viewer's own companies with all that stands on record.

    Raises:
        NotFoundError: if it is not theirs.
    """
    company = session.get(Company, company_id)
    thing = Thing(Kind.COMPANY, company_id=company_id)
    if company is None or company_id not in viewer.company_ids or not may(viewer, Verb.VIEW, thing):
        raise NotFoundError
    statement = newest_statement(session, company_id)
    return CompanyPage(
        id=company.id,
        name=company.name,
        scheme=company.scheme,
        identifier=company.identifier,
        corporate_number=company.corporate_number,
        standing=Standing.of_document(statement.facts if statement else None),
        version=statement.version if statement else 0,
        stated_at=statement.stated_at if statement else None,
        stated_by=statement.stated_by if statement else "",
        registration=registration_of(session, company_id),
    )


def registration_of(session: Session, company_id: uuid.UUID, most: int = 10) -> Registration:
    """Return what the tax office has said of a company, the newest first."""
    newest = select(RegistrationCheck).where(RegistrationCheck.company_id == company_id)
    newest = newest.order_by(RegistrationCheck.checked_at.desc(), RegistrationCheck.id.desc())
    rows = [_row(one) for one in session.scalars(newest.limit(most))]
    said = session.scalar(newest.where(RegistrationCheck.outcome != "unread").limit(1))
    known = _row(said) if said else None
    tried = rows[0] if rows and rows[0].outcome == "unread" else None
    return Registration(known, tried, tuple(rows))


def stopped_in(session: Session, call_code: str) -> dict[uuid.UUID, str]:
    """Return which companies of a call do not run by the tax office's newest answer, with the outcome."""
    place = func.row_number().over(
        partition_by=RegistrationCheck.company_id,
        order_by=(RegistrationCheck.checked_at.desc(), RegistrationCheck.id.desc()),
    )
    applying = select(Application.company_id).join(Call, Call.id == Application.call_id).where(Call.code == call_code)
    ranked = (
        select(RegistrationCheck.company_id, RegistrationCheck.outcome, place.label("place"))
        .where(RegistrationCheck.outcome != "unread", RegistrationCheck.company_id.in_(applying))
        .subquery()
    )
    found = select(ranked.c.company_id, ranked.c.outcome).where(ranked.c.place == 1, ranked.c.outcome.in_(STOPPED))
    return {row.company_id: row.outcome for row in session.execute(found)}


def _row(one: RegistrationCheck) -> CheckRow:
    return CheckRow(
        one.outcome,
        one.source,
        one.tax_type,
        one.ended_on,
        one.matched,
        one.failure,
        one.checked_by,
        one.checked_at,
    )
