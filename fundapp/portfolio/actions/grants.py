"""Lapsing what is left of grants, and what was never released of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.allocation.tables import Pool
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.quantities import Quantity, gpu_commodity
from fundapp.core.quarters import utc_day
from fundapp.ledger.actions import post
from fundapp.ledger.queries import balances, transfers
from fundapp.portfolio.actions.events import record
from fundapp.portfolio.actions.moving import moving_legs
from fundapp.portfolio.rules import expired_account, unreleased_account
from fundapp.portfolio.tables import Award, Grant
from fundapp.portfolio.usage import open_day

IMPUTED = "KRW-IMPUTED"


@dataclass(frozen=True, slots=True)
class ExpiredGrants:
    """How many grants lapsed in a run, and how many hours of each SKU (ten-thousandths)."""

    grants: int
    hours_e4: dict[str, int]


def expire_grants(session: Session, *, actor: Viewer, at: datetime) -> ExpiredGrants:
    """Lapse what is left of every grant whose last UTC day is over; running it again changes nothing.

    Hours that still wait for a progress report lapse with their grant.
    """
    require(actor, Verb.EDIT, Thing(Kind.POOL))
    today = utc_day(at)
    due = session.execute(
        select(Grant, Pool, Award.number)
        .join(Pool, Pool.id == Grant.pool_id)
        .join(Award, Award.id == Grant.award_id)
        .where(Grant.expires_on < today)
        .order_by(Grant.account)
    ).all()
    free = _free_hours(session) if due else {}
    lapsed: dict[str, int] = defaultdict(int)
    count = 0
    for grant, pool, number in due:
        waiting = unreleased_account(number, grant.sku, grant.region, grant.quarter)
        gone = 0
        for account in (grant.account, waiting):
            left = free.get(account, 0)
            if left > 0:
                _expire(session, grant, pool, account, left, actor=actor, at=at)
                hours = Quantity(left, gpu_commodity(grant.sku.upper()))
                record(session, actor, "grant.expired", number, at, account=account, hours=str(hours))
                gone += left
        grant.expired_at = at if gone else grant.expired_at or at
        lapsed[grant.sku] += gone
        count += gone > 0
    session.flush()
    return ExpiredGrants(count, {sku: hours for sku, hours in lapsed.items() if hours})


def _free_hours(session: Session) -> Mapping[str, int]:
    return {
        row.account: row.free
        for prefix in ("grant:", "unreleased:")
        for row in balances(session, prefix=prefix)
        if row.commodity != IMPUTED
    }


def _expire(
    session: Session, grant: Grant, pool: Pool, account: str, left_e4: int, *, actor: Viewer, at: datetime
) -> None:
    target = expired_account(pool.investor_code, grant.sku)
    on = open_day(session, grant.expires_on + timedelta(days=1))
    # A late correction can give hours back after a first lapse; each lapse of a grant has its own number.
    earlier = sum(
        row.debit == account and row.commodity != IMPUTED
        for row in transfers(session, source_ref=account, kind="expiry")
    )
    post(
        session,
        key=f"expire:{account}:{earlier + 1}",
        kind="expiry",
        legs=moving_legs(session, pool, account, target, left_e4, on),
        effective_on=on,
        actor=actor,
        at=at,
        source_ref=account,
    )
