"""Awards and their pages."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.committee.tables import Condition
from fundapp.core.access import Viewer
from fundapp.core.errors import NotFoundError
from fundapp.intake.tables import Application, Call, Company
from fundapp.portfolio.queries.cash import TrancheRow, ValuationRow, load_tranches, load_valuations
from fundapp.portfolio.queries.grants import GrantRow, SkuHours, load_grants, sum_by_sku
from fundapp.portfolio.queries.sight import award_clause
from fundapp.portfolio.queries.usage import UsageRow, load_usage
from fundapp.portfolio.tables import Award, Tranche, UsageDay


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
    grants = load_grants(session, {award.id: award.number for award, *_ in found})
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
            gpu=sum_by_sku(grants[award.id]),
        )
        for award, application, call, company in found
    ]


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
        tranches=load_tranches(session, award.id),
        grants=tuple(load_grants(session, {award.id: award.number})[award.id]),
        usage=tuple(load_usage(session, UsageDay.award_id == award.id)),
        conditions=_conditions(session, award.decision_id),
        valuations=load_valuations(session, award.id),
    )


def _conditions(session: Session, decision_id: uuid.UUID) -> tuple[ConditionRow, ...]:
    rows = session.scalars(select(Condition).where(Condition.decision_id == decision_id).order_by(Condition.number))
    return tuple(ConditionRow(row.id, row.number, row.text, row.due_on, row.state) for row in rows)


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """A condition of the decision behind an award."""

    id: uuid.UUID
    number: int
    text: str
    due_on: date | None
    state: str


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
