"""The list of grants, a page at a time.

It is asked for all day long, so its statements are built once for each sight and filter, and speak to the connection.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, bindparam, func, literal, select, union_all
from sqlalchemy.orm import Session

from fundapp.allocation.tables import Pool
from fundapp.core.access import Viewer
from fundapp.intake.tables import Company
from fundapp.ledger.tables import Account, Balance
from fundapp.portfolio.queries.grant_moves import IMPUTED
from fundapp.portfolio.queries.sight import award_clause, sees_all_awards
from fundapp.portfolio.tables import Award, Grant, GrantForecast

_REMEMBERED = 256
_ALL = 2**31 - 1


@dataclass(frozen=True, slots=True)
class GrantFilter:
    """Which grants a list shows; empty parts leave nothing out. `text` is part of a company's name or a number."""

    sku: str = ""
    quarter: str = ""
    verdict: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class GrantListRow:
    """One grant in a list; hours in ten-thousandths. Verdict and what follows it are of the newest watch."""

    id: uuid.UUID
    award: str
    company: str
    sku: str
    region: str
    quarter: str
    account: str
    usable_until: date
    remaining_e4: int
    granted_e4: int
    verdict: str | None
    severity: str
    pace_e4: int
    exhausted_on: date | None
    at_risk_e4: int
    overage_e4: int
    watched_at: datetime | None


def count_verdicts(session: Session, viewer: Viewer) -> dict[str, int]:
    """Return how many grants a viewer may see, by verdict; those not yet judged under an empty name."""
    counts = {verdict: int(count) for verdict, count in session.connection().execute(_verdicts(viewer))}
    waiting = counts.pop("") - sum(counts.values())
    return counts | ({"": waiting} if waiting else {})


@lru_cache(_REMEMBERED)
def _verdicts(viewer: Viewer) -> CompoundSelect[Any]:
    """Count judged grants by verdict and, under an empty one, all grants.

    Counting a whole table needs no row of it, but only where nothing else is selected beside the count.
    """
    judged = select(GrantForecast.verdict, func.count()).group_by(GrantForecast.verdict)
    grants = select(func.count()).select_from(Grant)
    if not sees_all_awards(viewer):
        seen = award_clause(viewer)
        judged = (
            judged.join(Grant, Grant.id == GrantForecast.grant_id).join(Award, Award.id == Grant.award_id).where(seen)
        )
        grants = grants.join(Award, Award.id == Grant.award_id).where(seen)
    return union_all(judged, select(literal(""), grants.scalar_subquery()))


def count_grants(session: Session, viewer: Viewer, asked: GrantFilter) -> int:
    """Return how many grants a list has on all its pages."""
    return int(session.connection().execute(_number(viewer, asked)).scalar_one())


@lru_cache(_REMEMBERED)
def _number(viewer: Viewer, asked: GrantFilter) -> Select[Any]:
    """Join only what the viewer's sight and the filter need: counting ten thousand rows should not read four tables."""
    query = select(func.count()).select_from(Grant)
    if asked.text or not sees_all_awards(viewer):
        query = query.join(Award, Award.id == Grant.award_id).where(award_clause(viewer))
    if asked.text:
        query = query.join(Company, Company.id == Award.company_id)
    if asked.verdict:
        query = query.join(GrantForecast, GrantForecast.grant_id == Grant.id)
    return query.where(*_wanted(asked))


def list_grants(
    session: Session, viewer: Viewer, asked: GrantFilter, *, limit: int | None = None, offset: int = 0
) -> list[GrantListRow]:
    """Return some grants by award, SKU, region and quarter; one statement, however many grants there are."""
    part = {"most": _ALL if limit is None else limit, "skipped": offset}
    return [GrantListRow(*row) for row in session.connection().execute(_listing(viewer, asked), part)]


@lru_cache(_REMEMBERED)
def _listing(viewer: Viewer, asked: GrantFilter) -> Select[*tuple[Any, ...]]:
    return (
        select(*_LISTED)
        .select_from(Grant)
        .join(Award, Award.id == Grant.award_id)
        .join(Company, Company.id == Award.company_id)
        .outerjoin(GrantForecast, GrantForecast.grant_id == Grant.id)
        .outerjoin(Account, and_(Account.path == Grant.account, Account.commodity != IMPUTED))
        .outerjoin(Balance, Balance.account_id == Account.id)
        .where(award_clause(viewer), *_wanted(asked))
        .order_by(Award.number, Grant.sku, Grant.region, Grant.quarter)
        .limit(bindparam("most"))
        .offset(bindparam("skipped"))
    )


_LISTED = (
    Grant.id,
    Award.number,
    Company.name,
    Grant.sku,
    Grant.region,
    Grant.quarter,
    Grant.account,
    Grant.usable_until,
    func.coalesce(Balance.credits_posted - Balance.debits_posted, 0),
    func.coalesce(GrantForecast.granted_e4, Grant.hours_e4),
    GrantForecast.verdict,
    func.coalesce(GrantForecast.severity, "info"),
    func.coalesce(GrantForecast.pace_e4, 0),
    GrantForecast.exhausted_on,
    func.coalesce(GrantForecast.at_risk_e4, 0),
    func.coalesce(GrantForecast.overage_e4, 0),
    GrantForecast.watched_at,
)
"""In the order of `GrantListRow`."""


def list_kinds(session: Session) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the SKUs and the quarters that there are pools of; every grant is drawn from one."""
    pools = session.connection().execute(_KINDS).all()
    return tuple(sorted({sku for sku, _ in pools})), tuple(sorted({quarter for _, quarter in pools}))


_KINDS = select(Pool.sku, Pool.quarter).distinct()


def _wanted(asked: GrantFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if asked.sku:
        found.append(Grant.sku == asked.sku)
    if asked.quarter:
        found.append(Grant.quarter == asked.quarter)
    if asked.verdict:
        found.append(GrantForecast.verdict == asked.verdict)
    if asked.text:
        inside = func.lower(Company.name).contains(asked.text.lower(), autoescape=True)
        found.append(inside | func.lower(Award.number).contains(asked.text.lower(), autoescape=True))
    return found
