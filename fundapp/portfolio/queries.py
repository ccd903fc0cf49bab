"""What pages may ask about awards, GPU use and suspense."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, false, func, select, true
from sqlalchemy.orm import Session

from fundapp.committee.tables import Condition
from fundapp.core.access import Kind, Role, Thing, Verb, Viewer, may, require
from fundapp.core.errors import NotFoundError
from fundapp.core.quarters import Quarter
from fundapp.identity.tables import Person
from fundapp.intake.tables import Application, Call, Company
from fundapp.ledger.queries import balances
from fundapp.portfolio.tables import Award, Grant, Tranche, UsageDay, UsageImport, Valuation


@dataclass(frozen=True, slots=True)
class SkuHours:
    """GPU time of one SKU in ten-thousandths of an hour; remaining = granted − used − expired."""

    sku: str
    granted_e4: int
    used_e4: int
    expired_e4: int
    remaining_e4: int
    overage_e4: int


@dataclass(frozen=True, slots=True)
class AwardRow:
    """One award in a list."""

    id: uuid.UUID
    number: str
    application_number: str
    call: str
    company_id: uuid.UUID
    company_name: str
    instrument: str
    signed_on: date
    committed_krw: int
    disbursed_krw: int
    next_due_on: date | None
    gpu: tuple[SkuHours, ...]


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
class GrantRow:
    """GPU time of an award in one SKU, region and quarter, in ten-thousandths of an hour."""

    sku: str
    region: str
    quarter: str
    account: str
    granted_e4: int
    used_e4: int
    expired_e4: int
    remaining_e4: int
    overage_e4: int
    expires_on: date


@dataclass(frozen=True, slots=True)
class UsageRow:
    """GPU time of one SKU on one UTC day."""

    utc_day: date
    sku: str
    hours_e4: int


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """A condition of the decision behind an award."""

    id: uuid.UUID
    number: int
    text: str
    due_on: date | None
    state: str


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


@dataclass(frozen=True, slots=True)
class AwardPage:
    """Everything the page of one award shows."""

    award: AwardRow
    tranches: tuple[TrancheRow, ...]
    grants: tuple[GrantRow, ...]
    usage: tuple[UsageRow, ...]
    conditions: tuple[ConditionRow, ...]
    valuations: tuple[ValuationRow, ...]


@dataclass(frozen=True, slots=True)
class PortfolioTotals:
    """Sums over the awards a viewer may see."""

    awards: int
    committed_krw: int
    disbursed_krw: int
    gpu: tuple[SkuHours, ...]


@dataclass(frozen=True, slots=True)
class SuspenseRow:
    """GPU time of an owner who has no award, in ten-thousandths of an hour."""

    owner: str
    sku: str
    hours_e4: int
    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True)
class UsageImportRow:
    """One usage file that was read."""

    file_name: str
    file_sha256: str
    imported_by: str
    imported_at: datetime
    summary: Mapping[str, object]


def award_clause(viewer: Viewer) -> ColumnElement[bool]:
    """Return the SQL condition under which a viewer may see an award; the same rule as `may(VIEW, AWARD)`."""
    own = Award.company_id.in_(viewer.company_ids) if viewer.has(Role.APPLICANT) and viewer.company_ids else false()
    general = true() if may(viewer, Verb.VIEW, Thing(Kind.AWARD)) else false()
    recused = Award.application_id.not_in(viewer.recused_from) if viewer.recused_from else true()
    return and_(own | general, recused)


def list_awards(session: Session, viewer: Viewer, *, call: str | None = None) -> list[AwardRow]:
    """Return the awards a viewer may see, by number; a constant number of statements."""
    query = (
        select(Award, Application.number, Call.code, Company.name)
        .join(Application, Application.id == Award.application_id)
        .join(Call, Call.id == Application.call_id)
        .join(Company, Company.id == Award.company_id)
        .where(award_clause(viewer))
        .order_by(Award.number)
    )
    if call is not None:
        query = query.where(Call.code == call)
    return _award_rows(session, list(session.execute(query)))


def _award_rows(session: Session, found: Sequence[tuple[Award, str, str, str]]) -> list[AwardRow]:
    ids = [award.id for award, *_ in found]
    paid: dict[uuid.UUID, int] = defaultdict(int)
    due: dict[uuid.UUID, date] = {}
    tranches = session.scalars(select(Tranche).where(Tranche.award_id.in_(ids)).order_by(Tranche.number))
    for tranche in tranches:
        if tranche.state == "disbursed":
            paid[tranche.award_id] += tranche.amount_krw
        else:
            due.setdefault(tranche.award_id, tranche.due_on)
    grants = _grants_by_award(session, {award.id: award.number for award, *_ in found})
    return [
        AwardRow(
            id=award.id,
            number=award.number,
            application_number=application,
            call=call,
            company_id=award.company_id,
            company_name=company,
            instrument=award.instrument,
            signed_on=award.signed_on,
            committed_krw=award.committed_krw,
            disbursed_krw=paid[award.id],
            next_due_on=due.get(award.id),
            gpu=_sum_by_sku(grants[award.id]),
        )
        for award, application, call, company in found
    ]


def _grants_by_award(session: Session, numbers: Mapping[uuid.UUID, str]) -> dict[uuid.UUID, list[GrantRow]]:
    """Return the grants of awards; remaining and overage come from the ledger, use from what is posted by day."""
    free = {row.account: row.posted for row in balances(session, prefix="grant:") if row.commodity != "KRW-IMPUTED"}
    over = {row.account: -row.posted for row in balances(session, prefix="overage:") if row.commodity != "KRW-IMPUTED"}
    used: dict[tuple[uuid.UUID, str, str, str], int] = defaultdict(int)
    days = session.execute(
        select(UsageDay.award_id, UsageDay.sku, UsageDay.region, UsageDay.utc_day, func.sum(UsageDay.posted_e4))
        .where(UsageDay.award_id.in_(list(numbers)))
        .group_by(UsageDay.award_id, UsageDay.sku, UsageDay.region, UsageDay.utc_day)
    )
    for award_id, sku, region, day, hours in days:
        if award_id is not None:
            used[award_id, sku, region, str(Quarter.of_date(day))] += int(hours)
    rows: dict[uuid.UUID, list[GrantRow]] = defaultdict(list)
    grants = session.scalars(
        select(Grant).where(Grant.award_id.in_(list(numbers))).order_by(Grant.quarter, Grant.sku, Grant.region)
    )
    for grant in grants:
        place = (grant.sku, grant.region, grant.quarter)
        overage = over.get(":".join(("overage", numbers[grant.award_id], *place)), 0)
        drawn = used[grant.award_id, *place] - overage
        left = free.get(grant.account, 0)
        rows[grant.award_id].append(
            GrantRow(
                *place,
                account=grant.account,
                granted_e4=grant.hours_e4,
                used_e4=drawn,
                expired_e4=grant.hours_e4 - drawn - left,
                remaining_e4=left,
                overage_e4=overage,
                expires_on=grant.expires_on,
            )
        )
    return rows


def _sum_by_sku(grants: Sequence[GrantRow]) -> tuple[SkuHours, ...]:
    return tuple(
        SkuHours(
            sku,
            sum(row.granted_e4 for row in grants if row.sku == sku),
            sum(row.used_e4 for row in grants if row.sku == sku),
            sum(row.expired_e4 for row in grants if row.sku == sku),
            sum(row.remaining_e4 for row in grants if row.sku == sku),
            sum(row.overage_e4 for row in grants if row.sku == sku),
        )
        for sku in sorted({row.sku for row in grants})
    )


def award_page(session: Session, viewer: Viewer, number: str) -> AwardPage:
    """Return the page of one award.

    Raises:
        NotFoundError: if there is none, or the viewer may not see it.
    """
    found = session.execute(
        select(Award, Application.number, Call.code, Company.name)
        .join(Application, Application.id == Award.application_id)
        .join(Call, Call.id == Application.call_id)
        .join(Company, Company.id == Award.company_id)
        .where(Award.number == number, award_clause(viewer))
    ).one_or_none()
    if found is None:
        raise NotFoundError
    award = found[0]
    return AwardPage(
        award=_award_rows(session, [found])[0],
        tranches=_tranches(session, award.id),
        grants=tuple(_grants_by_award(session, {award.id: award.number})[award.id]),
        usage=tuple(_usage(session, UsageDay.award_id == award.id)),
        conditions=_conditions(session, award.decision_id),
        valuations=_valuations(session, award.id),
    )


def _tranches(session: Session, award_id: uuid.UUID) -> tuple[TrancheRow, ...]:
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


def _conditions(session: Session, decision_id: uuid.UUID) -> tuple[ConditionRow, ...]:
    rows = session.scalars(select(Condition).where(Condition.decision_id == decision_id).order_by(Condition.number))
    return tuple(ConditionRow(row.id, row.number, row.text, row.due_on, row.state) for row in rows)


def _valuations(session: Session, award_id: uuid.UUID) -> tuple[ValuationRow, ...]:
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


def usage_by_day(session: Session, viewer: Viewer, *, sku: str | None = None) -> list[UsageRow]:
    """Return use by UTC day and SKU over the awards a viewer may see."""
    visible = UsageDay.award_id.in_(select(Award.id).where(award_clause(viewer)))
    return _usage(session, visible if sku is None else and_(visible, UsageDay.sku == sku))


def _usage(session: Session, condition: ColumnElement[bool]) -> list[UsageRow]:
    rows = session.execute(
        select(UsageDay.utc_day, UsageDay.sku, func.sum(UsageDay.posted_e4))
        .where(condition)
        .group_by(UsageDay.utc_day, UsageDay.sku)
        .order_by(UsageDay.utc_day, UsageDay.sku)
    )
    return [UsageRow(day, sku, int(hours)) for day, sku, hours in rows if hours]


def portfolio_totals(session: Session, viewer: Viewer) -> PortfolioTotals:
    """Return sums over the awards a viewer may see."""
    awards = list_awards(session, viewer)
    skus = sorted({hours.sku for award in awards for hours in award.gpu})
    by_sku = {sku: [hours for award in awards for hours in award.gpu if hours.sku == sku] for sku in skus}
    return PortfolioTotals(
        awards=len(awards),
        committed_krw=sum(award.committed_krw for award in awards),
        disbursed_krw=sum(award.disbursed_krw for award in awards),
        gpu=tuple(
            SkuHours(
                sku,
                sum(one.granted_e4 for one in rows),
                sum(one.used_e4 for one in rows),
                sum(one.expired_e4 for one in rows),
                sum(one.remaining_e4 for one in rows),
                sum(one.overage_e4 for one in rows),
            )
            for sku, rows in by_sku.items()
        ),
    )


def list_suspense(session: Session, viewer: Viewer, *, quarter: Quarter | None = None) -> list[SuspenseRow]:
    """Return use that belongs to no award, by owner and SKU; of one quarter's UTC days when given."""
    require(viewer, Verb.VIEW, Thing(Kind.USAGE))
    query = (
        select(
            UsageDay.owner,
            UsageDay.sku,
            func.sum(UsageDay.posted_e4),
            func.min(UsageDay.utc_day),
            func.max(UsageDay.utc_day),
        )
        .where(UsageDay.award_id.is_(None), UsageDay.posted_e4 != 0)
        .group_by(UsageDay.owner, UsageDay.sku)
        .order_by(UsageDay.owner, UsageDay.sku)
    )
    if quarter is not None:
        query = query.where(UsageDay.utc_day.between(quarter.first_day, quarter.last_day))
    return [
        SuspenseRow(owner, sku, int(hours), first, last)
        for owner, sku, hours, first, last in session.execute(query)
        if hours
    ]


def list_usage_imports(session: Session, viewer: Viewer, *, limit: int = 50) -> list[UsageImportRow]:
    """Return the newest usage files, newest first."""
    require(viewer, Verb.VIEW, Thing(Kind.USAGE))
    rows = session.scalars(select(UsageImport).order_by(UsageImport.imported_at.desc()).limit(limit))
    return [
        UsageImportRow(row.file_name, row.file_sha256, row.imported_by, row.imported_at, row.summary) for row in rows
    ]
