"""Use of a grant as the books have it after a bill: lines by day, and one posting of what the bill changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.core.access import SYSTEM
from fundapp.core.orm import new_id
from fundapp.core.quantities import Quantity, gpu_commodity, imputed_value
from fundapp.ledger.actions import open_account, post
from fundapp.ledger.rules import Leg
from fundapp.portfolio.rules import overage_account, used_account
from fundapp.portfolio.tables import Award, Grant, UsageCoverage, UsageDay, UsageImport

RATE_KRW = 5200
SCOPE = "/subscriptions/one"


def book_use(
    session: Session, number: str, hours: Mapping[date, int], *, at: datetime, sku: str = "h100", scope: str = SCOPE
) -> None:
    """State the use of one grant by day, in ten-thousandths of an hour; a bill before is restated."""
    grant, award_id = session.execute(
        select(Grant, Award.id).join(Award, Award.id == Grant.award_id).where(Award.number == number, Grant.sku == sku)
    ).one()
    stated = {
        day: (int(amount), int(posting))
        for day, amount, posting in session.execute(
            select(UsageDay.utc_day, func.sum(UsageDay.posted_e4), func.max(UsageDay.posting))
            .where(UsageDay.award_id == award_id, UsageDay.sku == sku)
            .group_by(UsageDay.utc_day)
        )
    }
    before = sum(amount for amount, _ in stated.values())
    for day in sorted(hours.keys() | stated.keys()):
        known, posting = stated.get(day, (0, 0))
        if hours.get(day, 0) != known:
            session.add(
                UsageDay(
                    owner=number,
                    award_id=award_id,
                    sku=sku,
                    region=grant.region,
                    utc_day=day,
                    scope=scope,
                    billing_month=day.replace(day=1),
                    effective_on=day,
                    posting=posting + 1,
                    posted_e4=hours.get(day, 0) - known,
                )
            )
    cover(session, {scope: {day.replace(day=1) for day in hours}}, at=at)
    _post(session, grant, number, before, sum(hours.values()), at)


def cover(session: Session, months: Mapping[str, set[date]], *, at: datetime, export: str = "billing/one") -> None:
    """Note which accounts and months an export states."""
    record = UsageImport(
        file_name="bill.csv", content_sha256=new_id().hex * 2, summary={}, imported_by="test", imported_at=at
    )
    session.add(record)
    session.flush()
    session.add_all(
        UsageCoverage(import_id=record.id, scope=export, sub_account=account, month=month)
        for account, some in months.items()
        for month in some
    )


def _post(session: Session, grant: Grant, number: str, before: int, after: int, at: datetime) -> None:
    used = used_account(number, grant.sku)
    over = overage_account(number, grant.sku, grant.region, grant.quarter)
    changes = {
        grant.account: min(after, grant.hours_e4) - min(before, grant.hours_e4),
        over: max(0, after - grant.hours_e4) - max(0, before - grant.hours_e4),
    }
    legs = []
    for source, change in changes.items():
        if not change:
            continue
        hours = Quantity(abs(change), gpu_commodity(grant.sku.upper()))
        for quantity in (hours, imputed_value(hours, RATE_KRW)):
            for account in (source, used):
                floor = 0 if account == grant.account else None
                open_account(session, account, quantity.commodity, on=date(2026, 7, 1), floor=floor)
            legs.append(Leg(source, used, quantity) if change > 0 else Leg(used, source, quantity))
    if legs:
        post(
            session,
            key=f"use:{grant.account}:{at.isoformat()}",
            kind="drawdown",
            legs=legs,
            effective_on=date(2026, 7, 1),
            actor=SYSTEM,
            at=at,
            source_ref=f"usage:{number}",
        )
