"""GPU time of awards."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.core.quarters import Quarter
from fundapp.ledger.queries import balances
from fundapp.portfolio.tables import Grant, UsageDay


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


def load_grants(session: Session, numbers: Mapping[uuid.UUID, str]) -> dict[uuid.UUID, list[GrantRow]]:
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


def sum_by_sku(grants: Sequence[GrantRow]) -> tuple[SkuHours, ...]:
    """Return sums of grants by SKU."""
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
