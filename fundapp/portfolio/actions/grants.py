"""Lapsing what is left of grants."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.allocation.tables import Pool
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.quantities import Quantity, gpu_commodity, imputed_value
from fundapp.core.quarters import utc_day
from fundapp.ledger.actions import open_account, post
from fundapp.ledger.queries import balances, transfers
from fundapp.ledger.rules import Leg
from fundapp.portfolio.actions.events import record
from fundapp.portfolio.rules import expired_account
from fundapp.portfolio.tables import Award, Grant
from fundapp.portfolio.usage import open_day

IMPUTED = "KRW-IMPUTED"


@dataclass(frozen=True, slots=True)
class ExpiredGrants:
    """How many grants lapsed in a run, and how many hours of each SKU (ten-thousandths)."""

    grants: int
    hours_e4: dict[str, int]


def expire_grants(session: Session, *, actor: Viewer, at: datetime) -> ExpiredGrants:
    """Lapse what is left of every grant whose last UTC day is over; running it again changes nothing."""
    require(actor, Verb.EDIT, Thing(Kind.POOL))
    today = utc_day(at)
    due = session.execute(
        select(Grant, Pool, Award.number)
        .join(Pool, Pool.id == Grant.pool_id)
        .join(Award, Award.id == Grant.award_id)
        .where(Grant.expires_on < today)
        .order_by(Grant.account)
    ).all()
    free = {(row.account, row.commodity): row.free for row in balances(session, prefix="grant:")}
    lapsed: dict[str, int] = defaultdict(int)
    count = 0
    for grant, pool, number in due:
        commodity = gpu_commodity(grant.sku.upper())
        left = Quantity(free.get((grant.account, commodity), 0), commodity)
        if left.minor <= 0:
            grant.expired_at = grant.expired_at or at
            continue
        _expire(session, grant, pool, left, actor=actor, at=at)
        record(session, actor, "grant.expired", number, at, account=grant.account, hours=str(left))
        lapsed[grant.sku] += left.minor
        count += 1
    return ExpiredGrants(count, dict(lapsed))


def _expire(session: Session, grant: Grant, pool: Pool, left: Quantity, *, actor: Viewer, at: datetime) -> None:
    target = expired_account(pool.investor_code, grant.sku)
    on = open_day(session, grant.expires_on + timedelta(days=1))
    legs = []
    for quantity in (left, imputed_value(left, pool.rate_krw)):
        open_account(session, target, quantity.commodity, on=on)
        legs.append(Leg(grant.account, target, quantity))
    # A late correction can give hours back after a first lapse; each lapse of a grant has its own number.
    earlier = sum(
        row.debit == grant.account and row.commodity != IMPUTED
        for row in transfers(session, source_ref=grant.account, kind="expiry")
    )
    post(
        session,
        key=f"expire:{grant.account}:{earlier + 1}",
        kind="expiry",
        legs=legs,
        effective_on=on,
        actor=actor,
        at=at,
        source_ref=grant.account,
    )
    grant.expired_at = at
    session.flush()
