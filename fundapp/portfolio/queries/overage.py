"""Cloud quota, and what followed use beyond grants, as pages show them."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, Viewer, may
from fundapp.core.quarters import Quarter, utc_day
from fundapp.intake.tables import Company
from fundapp.portfolio.queries.grants import GrantRow, load_grants
from fundapp.portfolio.queries.sight import award_clause
from fundapp.portfolio.rules.quota import gpus_allowed, gpus_at_once
from fundapp.portfolio.tables import Award, BlockRequest, CloudQuota, OverageCharge


@dataclass(frozen=True, slots=True)
class QuotaRow:
    """The newest line about the quota of a subscription, region and VM family; `award` None for the fund's own."""

    award: str | None
    company: str | None
    subscription: str
    region: str
    vm_family: str
    sku: str
    vcpus: int
    vcpus_per_gpu: int
    state: str
    dated_on: date
    source: str
    lines: int

    @property
    def gpus(self) -> int:
        """How many whole GPUs the vCPUs carry."""
        return gpus_allowed(self.vcpus, self.vcpus_per_gpu)


@dataclass(frozen=True, slots=True)
class QuotaWarning:
    """A grant that needs more GPUs at once than the approved quota of its award carries."""

    award: str
    company: str
    sku: str
    region: str
    quarter: str
    needed_gpus: int
    approved_gpus: int


@dataclass(frozen=True, slots=True)
class BlockRow:
    """A request to block; hours in ten-thousandths."""

    id: uuid.UUID
    award: str
    company: str
    sku: str
    region: str
    quarter: str
    subscriptions: str
    overage_e4: int
    requested_at: datetime
    state: str
    done_at: datetime | None
    done_by: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class ChargeRow:
    """A line that bills overage; hours in ten-thousandths, amount in won."""

    id: uuid.UUID
    award: str
    company: str
    sku: str
    region: str
    quarter: str
    number: int
    hours_e4: int
    rate_krw: int
    amount_krw: int
    state: str
    charged_at: datetime
    settled_at: datetime | None
    settled_by: str | None


def list_quota(session: Session, viewer: Viewer, *, award: str | None = None) -> list[QuotaRow]:
    """Return the newest line of each subscription, region and family that a viewer may see; one statement.

    The fund's own quota is for those who may see pools.
    """
    query = (
        select(CloudQuota, Award.number, Company.name)
        .outerjoin(Award, Award.id == CloudQuota.award_id)
        .outerjoin(Company, Company.id == Award.company_id)
        .where(CloudQuota.award_id.is_(None) | award_clause(viewer))
        .order_by(CloudQuota.dated_on, CloudQuota.recorded_at, CloudQuota.id)
    )
    if award is not None:
        query = query.where(Award.number == award)
    elif not may(viewer, Verb.VIEW, Thing(Kind.POOL)):
        query = query.where(CloudQuota.award_id.is_not(None))
    newest: dict[tuple[str, str, str, str], tuple[CloudQuota, str | None, str | None]] = {}
    lines: defaultdict[tuple[str, str, str, str], int] = defaultdict(int)
    for line, number, company in session.execute(query):
        place = (number or "", line.subscription, line.region, line.vm_family.lower())
        newest[place] = (line, number, company)
        lines[place] += 1
    return [
        QuotaRow(
            award=number,
            company=company,
            subscription=line.subscription,
            region=line.region,
            vm_family=line.vm_family,
            sku=line.sku,
            vcpus=line.vcpus,
            vcpus_per_gpu=line.vcpus_per_gpu,
            state=line.state,
            dated_on=line.dated_on,
            source=line.source,
            lines=lines[place],
        )
        for place, (line, number, company) in sorted(newest.items())
    ]


def quota_warnings(session: Session, viewer: Viewer, at: datetime) -> list[QuotaWarning]:
    """Return the grants not over yet whose award has quota lines that carry fewer GPUs than they need at once.

    A grant needs as many GPUs as would use it up within its quarter running around the clock; awards of which no
    quota is known are left out.
    """
    known = [row for row in list_quota(session, viewer) if row.award is not None]
    found = session.execute(
        select(Award.id, Award.number, Company.name)
        .join(Company, Company.id == Award.company_id)
        .where(Award.number.in_({row.award for row in known}), award_clause(viewer))
        .order_by(Award.number)
    ).all()
    grants = load_grants(session, {award_id: number for award_id, number, _ in found})
    return [
        warning
        for award_id, number, company in found
        for grant in grants[award_id]
        if grant.usable_until >= utc_day(at)
        and (warning := _compare(number, company, grant, [row for row in known if row.award == number]))
    ]


def _compare(award: str, company: str, grant: GrantRow, rows: Sequence[QuotaRow]) -> QuotaWarning | None:
    mine = [row for row in rows if (row.sku, row.region) == (grant.sku, grant.region)]
    approved = sum(row.gpus for row in mine if row.state == "approved")
    needed = gpus_at_once(grant.granted_e4 + grant.unreleased_e4, Quarter.parse(grant.quarter))
    if not mine or needed <= approved:
        return None
    return QuotaWarning(award, company, grant.sku, grant.region, grant.quarter, needed, approved)


def list_blocks(session: Session, viewer: Viewer, *, award: str | None = None) -> list[BlockRow]:
    """Return the requests to block, open ones first; one statement."""
    query = (
        select(BlockRequest, Award.number, Company.name)
        .join(Award, Award.id == BlockRequest.award_id)
        .join(Company, Company.id == Award.company_id)
        .where(award_clause(viewer))
        .order_by(BlockRequest.state.desc(), BlockRequest.requested_at.desc(), BlockRequest.id)
    )
    if award is not None:
        query = query.where(Award.number == award)
    return [
        BlockRow(
            id=row.id,
            award=number,
            company=company,
            sku=row.sku,
            region=row.region,
            quarter=row.quarter,
            subscriptions=row.subscriptions,
            overage_e4=row.overage_e4,
            requested_at=row.requested_at,
            state=row.state,
            done_at=row.done_at,
            done_by=row.done_by,
            note=row.note,
        )
        for row, number, company in session.execute(query)
    ]


def list_charges(session: Session, viewer: Viewer, *, award: str | None = None) -> list[ChargeRow]:
    """Return the charge lines, by award, quarter and number; one statement."""
    query = (
        select(OverageCharge, Award.number, Company.name)
        .join(Award, Award.id == OverageCharge.award_id)
        .join(Company, Company.id == Award.company_id)
        .where(award_clause(viewer))
        .order_by(Award.number, OverageCharge.quarter, OverageCharge.sku, OverageCharge.number)
    )
    if award is not None:
        query = query.where(Award.number == award)
    return [
        ChargeRow(
            id=row.id,
            award=number,
            company=company,
            sku=row.sku,
            region=row.region,
            quarter=row.quarter,
            number=row.number,
            hours_e4=row.hours_e4,
            rate_krw=row.rate_krw,
            amount_krw=row.amount_krw,
            state=row.state,
            charged_at=row.charged_at,
            settled_at=row.settled_at,
            settled_by=row.settled_by,
        )
        for row, number, company in session.execute(query)
    ]
