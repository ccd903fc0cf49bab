"""Change requests and progress reports as pages show them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased

from fundapp.allocation.tables import Pool
from fundapp.core.access import Viewer
from fundapp.core.errors import NotFoundError
from fundapp.core.quantities import gpu_commodity
from fundapp.core.quarters import Quarter, utc_day
from fundapp.intake.tables import Application, Call, Company
from fundapp.ledger.queries import find_balance
from fundapp.portfolio.queries.grants import GrantRow, load_grants
from fundapp.portfolio.queries.sight import award_clause
from fundapp.portfolio.rules import Exchange, exchange, latest_extension
from fundapp.portfolio.rules.grant_terms import grant_terms
from fundapp.portfolio.tables import Award, ChangeRequest, Grant, ProgressReport


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change request; hours in ten-thousandths."""

    id: uuid.UUID
    number: str
    award: str
    company: str
    grant_id: uuid.UUID
    kind: str
    sku: str
    region: str
    quarter: str
    target: tuple[str, str, str] | None
    hours_e4: int | None
    until: date | None
    reason: str
    state: str
    requested_by: str
    requested_at: datetime
    approved_e4: int | None
    approved_until: date | None
    taken_e4: int | None
    given_e4: int | None
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None
    txn_key: str | None


@dataclass(frozen=True, slots=True)
class ChangePage:
    """A change request with what deciding it needs.

    Attributes:
        grant: The grant as it stands.
        source: Account that the hours would come from and what is free there; None for an extension or a return.
        arithmetic: The exchange at the rate-card ratio of a transfer or an advance, of all that was asked for.
        latest_until: Last day that the contributor's terms allow for the grant.
    """

    change: ChangeRow
    grant: GrantRow
    rate_krw: int
    source: tuple[str, int] | None
    arithmetic: Exchange | None
    latest_until: date


def list_changes(
    session: Session, viewer: Viewer, *, state: str | None = None, kind: str | None = None, award: str | None = None
) -> list[ChangeRow]:
    """Return the requests of awards that a viewer may see, newest first; one statement."""
    query = _changes(viewer).order_by(ChangeRequest.requested_at.desc(), ChangeRequest.number.desc())
    if state is not None:
        query = query.where(ChangeRequest.state == state)
    if kind is not None:
        query = query.where(ChangeRequest.kind == kind)
    if award is not None:
        query = query.where(Award.number == award)
    return [_row(*row) for row in session.execute(query)]


_Found = tuple[ChangeRequest, str, str, Grant, Pool | None]


def _changes(viewer: Viewer) -> Select[*_Found]:
    target = aliased(Pool)
    return (
        select(ChangeRequest, Award.number, Company.name, Grant, target)
        .join(Award, Award.id == ChangeRequest.award_id)
        .join(Company, Company.id == Award.company_id)
        .join(Grant, Grant.id == ChangeRequest.grant_id)
        .outerjoin(target, target.id == ChangeRequest.target_pool_id)
        .where(award_clause(viewer))
    )


def _row(change: ChangeRequest, award: str, company: str, grant: Grant, target: Pool | None) -> ChangeRow:
    return ChangeRow(
        id=change.id,
        number=change.number,
        award=award,
        company=company,
        grant_id=grant.id,
        kind=change.kind,
        sku=grant.sku,
        region=grant.region,
        quarter=grant.quarter,
        target=None if target is None else (target.sku, target.region, target.quarter),
        hours_e4=change.hours_e4,
        until=change.until,
        reason=change.reason,
        state=change.state,
        requested_by=change.requested_by,
        requested_at=change.requested_at,
        approved_e4=change.approved_e4,
        approved_until=change.approved_until,
        taken_e4=change.taken_e4,
        given_e4=change.given_e4,
        decided_by=change.decided_by,
        decided_at=change.decided_at,
        decision_reason=change.decision_reason,
        txn_key=change.txn_key,
    )


def change_page(session: Session, viewer: Viewer, number: str) -> ChangePage:
    """Return a request with the grant, what is free and the arithmetic.

    Raises:
        NotFoundError: if there is none, or the viewer may not see its award.
    """
    found = session.execute(_changes(viewer).where(ChangeRequest.number == number)).one_or_none()
    if found is None:
        raise NotFoundError(change=number)
    change, award, _, grant, target = found
    pool = session.get_one(Pool, grant.pool_id)
    document = session.scalars(
        select(Call.document)
        .join(Application, Application.call_id == Call.id)
        .join(Award, Award.application_id == Application.id)
        .where(Award.number == award)
    ).one()
    rows = load_grants(session, {grant.award_id: award})[grant.award_id]
    gives = target if target is not None else pool if change.kind == "supplement" else None
    return ChangePage(
        change=_row(*found),
        grant=next(row for row in rows if row.id == grant.id),
        rate_krw=pool.rate_krw,
        source=None if gives is None else (gives.account, _free(session, gives)),
        arithmetic=None if target is None else exchange(change.hours_e4 or 0, pool.rate_krw, target.rate_krw),
        latest_until=latest_extension(Quarter.parse(grant.quarter), grant_terms(document).max_extension_days),
    )


def _free(session: Session, pool: Pool) -> int:
    row = find_balance(session, pool.account, gpu_commodity(pool.sku.upper()))
    return 0 if row is None else row.free


@dataclass(frozen=True, slots=True)
class PoolChoice:
    """A pool that a company may ask hours of; how many are free is not the company's to know."""

    id: uuid.UUID
    sku: str
    region: str
    quarter: str
    rate_krw: int


@dataclass(frozen=True, slots=True)
class GrantChoice:
    """A grant of a company's with what it may ask for."""

    award: str
    company: str
    grant: GrantRow
    rate_krw: int
    usable: bool
    latest_until: date
    pools: tuple[PoolChoice, ...]


def grant_choices(session: Session, viewer: Viewer, award: str, at: datetime) -> list[GrantChoice]:
    """Return the grants of an award with what may be asked of each, by quarter and SKU.

    Raises:
        NotFoundError: if there is no such award, or the viewer may not see it.
    """
    found = session.execute(
        select(Award, Company.name, Call.document)
        .join(Company, Company.id == Award.company_id)
        .join(Application, Application.id == Award.application_id)
        .join(Call, Call.id == Application.call_id)
        .where(Award.number == award, award_clause(viewer))
    ).one_or_none()
    if found is None:
        raise NotFoundError(award=award)
    one, company, document = found
    today, days = utc_day(at), grant_terms(document).max_extension_days
    pools = session.scalars(select(Pool).order_by(Pool.quarter, Pool.sku, Pool.region, Pool.investor_code)).all()
    own = {grant.id: grant.pool_id for grant in session.scalars(select(Grant).where(Grant.award_id == one.id))}
    rates = {pool.id: pool.rate_krw for pool in pools}
    current = [pool for pool in pools if Quarter.parse(pool.quarter).last_day >= today]
    return [
        GrantChoice(
            award=award,
            company=company,
            grant=row,
            rate_krw=rates[own[row.id]],
            usable=row.usable_until >= today,
            latest_until=latest_extension(Quarter.parse(row.quarter), days),
            pools=tuple(
                PoolChoice(pool.id, pool.sku, pool.region, pool.quarter, pool.rate_krw)
                for pool in current
                if pool.id != own[row.id]
            ),
        )
        for row in load_grants(session, {one.id: award})[one.id]
    ]


@dataclass(frozen=True, slots=True)
class ProgressRow:
    """A progress report; `statement` is what was used of each grant when it was filed."""

    id: uuid.UUID
    award: str
    company: str
    number: int
    text: str
    statement: Sequence[dict[str, Any]]
    state: str
    filed_by: str
    filed_at: datetime
    answered_by: str | None
    answered_at: datetime | None
    answer: str | None
    txn_key: str | None


def list_progress_reports(
    session: Session, viewer: Viewer, *, state: str | None = None, award: str | None = None
) -> list[ProgressRow]:
    """Return the reports of awards that a viewer may see, newest first; one statement."""
    query = (
        select(ProgressReport, Award.number, Company.name)
        .join(Award, Award.id == ProgressReport.award_id)
        .join(Company, Company.id == Award.company_id)
        .where(award_clause(viewer))
        .order_by(ProgressReport.filed_at.desc(), ProgressReport.id.desc())
    )
    if state is not None:
        query = query.where(ProgressReport.state == state)
    if award is not None:
        query = query.where(Award.number == award)
    return [
        ProgressRow(
            id=report.id,
            award=number,
            company=company,
            number=report.number,
            text=report.text,
            statement=report.statement,
            state=report.state,
            filed_by=report.filed_by,
            filed_at=report.filed_at,
            answered_by=report.answered_by,
            answered_at=report.answered_at,
            answer=report.answer,
            txn_key=report.txn_key,
        )
        for report, number, company in session.execute(query)
    ]
