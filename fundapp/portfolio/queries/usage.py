"""GPU use, suspense and the files they came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.quarters import Quarter
from fundapp.portfolio.queries.sight import award_clause
from fundapp.portfolio.tables import Award, UsageDay, UsageImport


@dataclass(frozen=True, slots=True)
class UsageRow:
    """GPU time of one SKU on one UTC day."""

    utc_day: date
    sku: str
    hours_e4: int


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


def usage_by_day(session: Session, viewer: Viewer, *, sku: str | None = None) -> list[UsageRow]:
    """Return use by UTC day and SKU over the awards a viewer may see."""
    visible = UsageDay.award_id.in_(select(Award.id).where(award_clause(viewer)))
    return load_usage(session, visible if sku is None else and_(visible, UsageDay.sku == sku))


def load_usage(session: Session, condition: ColumnElement[bool]) -> list[UsageRow]:
    """Return use by UTC day and SKU of the rows that meet a condition."""
    rows = session.execute(
        select(UsageDay.utc_day, UsageDay.sku, func.sum(UsageDay.posted_e4))
        .where(condition)
        .group_by(UsageDay.utc_day, UsageDay.sku)
        .order_by(UsageDay.utc_day, UsageDay.sku)
    )
    return [UsageRow(day, sku, int(hours)) for day, sku, hours in rows if hours]


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
