"""What the books hold before use is posted: grants and what was drawn on them, use by day, and posted values."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session, aliased

from fundapp.allocation.tables import Pool
from fundapp.core.quantities import gpu_commodity
from fundapp.core.quarters import Quarter
from fundapp.ledger.queries import balances, rate_on
from fundapp.ledger.tables import Account, Transfer, Txn
from fundapp.portfolio.rules import Source
from fundapp.portfolio.tables import Grant, UsageDay
from fundapp.portfolio.valuation import Valued, values_of

_AT_ONCE = 500

Place = tuple[uuid.UUID, str, str]
"""Award, SKU and region: what is divided over grants together."""

T = TypeVar("T")


@dataclass(slots=True)
class GrantStock:
    """One grant and its pool, as far as posting needs them; hours in ten-thousandths."""

    account: str
    investor: str
    rate_krw: int
    first_day: date
    usable_until: date
    expires_on: date
    free: int = 0
    drawn: int = 0
    lapsed: int = 0

    def source(self) -> Source:
        """Return the grant as the rule divides over it."""
        return Source(self.account, self.first_day, self.usable_until, self.free + self.drawn + self.lapsed)


@dataclass(slots=True)
class Stocks:
    """What the books hold for some awards and owners.

    Attributes:
        grants: By place.
        days: Use by UTC day over all bills, by place.
        overage: Posted use beyond grants by account.
        unmapped: Posted use without an award by account; that of an award's negative days among it.
        aside: Posted use without an award by owner, SKU, region and day.
        rates: Won an hour of the newest pool by SKU, region and quarter.
    """

    grants: dict[Place, dict[str, GrantStock]] = field(default_factory=lambda: defaultdict(dict))
    days: dict[Place, dict[date, int]] = field(default_factory=lambda: defaultdict(dict))
    overage: dict[str, Valued] = field(default_factory=dict)
    unmapped: dict[str, Valued] = field(default_factory=dict)
    aside: dict[tuple[str, str, str, date], Valued] = field(default_factory=dict)
    rates: dict[tuple[str, str, str], int] = field(default_factory=dict)
    _card: dict[tuple[str, date], int | None] = field(default_factory=dict)

    def rate(self, session: Session, sku: str, region: str, day: date) -> int | None:
        """Return the pool's rate, else the rate card's of the day, else None: then only hours are posted."""
        found = self.rates.get((sku, region, str(Quarter.of_date(day))))
        if found is not None:
            return found
        if (sku, day) not in self._card:
            self._card[sku, day] = rate_on(session, gpu_commodity(sku.upper()), day)
        return self._card[sku, day]


def load_stocks(session: Session, awards: Collection[uuid.UUID], owners: Collection[str]) -> Stocks:
    """Return what the books hold.

    Args:
        session: A session.
        awards: Awards whose use changes.
        owners: Owner codes without an award whose use changes.
    """
    stocks = Stocks()
    pools = session.scalars(select(Pool).order_by(Pool.investor_code.desc())).all()
    stocks.rates = {(pool.sku.lower(), pool.region, pool.quarter): pool.rate_krw for pool in pools}
    by_id = {pool.id: pool for pool in pools}
    for some in portions(awards):
        _load_grants(session, stocks, some, by_id)
        rows = session.execute(
            select(UsageDay.award_id, UsageDay.sku, UsageDay.region, UsageDay.utc_day, func.sum(UsageDay.posted_e4))
            .where(UsageDay.award_id.in_(some))
            .group_by(UsageDay.award_id, UsageDay.sku, UsageDay.region, UsageDay.utc_day)
        )
        for award_id, sku, region, day, hours_e4 in rows:
            if award_id is not None:
                stocks.days[award_id, sku, region][day] = int(hours_e4)
    if awards:
        stocks.overage = values_of(balances(session, prefix="overage:"), sign=-1)
        stocks.unmapped = values_of(balances(session, prefix="unmapped:"), sign=1)
    for codes in portions(owners):
        _load_aside(session, stocks, codes)
    return stocks


def _load_grants(session: Session, stocks: Stocks, awards: Collection[uuid.UUID], pools: dict[uuid.UUID, Pool]) -> None:
    found: dict[str, GrantStock] = {}
    for grant in session.scalars(select(Grant).where(Grant.award_id.in_(awards))):
        pool = pools[grant.pool_id]
        stock = GrantStock(
            grant.account,
            pool.investor_code,
            pool.rate_krw,
            Quarter.parse(grant.quarter).first_day,
            grant.usable_until,
            grant.expires_on,
        )
        found[grant.account] = stock
        stocks.grants[grant.award_id, grant.sku.lower(), grant.region][grant.account] = stock
    for accounts in portions(found):
        _load_movements(session, found, accounts)


def _load_movements(session: Session, found: dict[str, GrantStock], accounts: Collection[str]) -> None:
    """Fill in what the ledger says of grants: drawn, lapsed, and free as the rest of all that moved."""
    debit, credit = aliased(Account), aliased(Account)
    for own, other, sign in ((debit, credit, -1), (credit, debit, 1)):
        rows = session.execute(
            select(own.path, other.path, func.sum(Transfer.amount))
            .join_from(Transfer, Txn, Txn.id == Transfer.txn_id)
            .join(debit, debit.id == Transfer.debit_id)
            .join(credit, credit.id == Transfer.credit_id)
            .where(own.path.in_(accounts), Txn.status.in_(("posted", "post")), own.commodity.startswith("GPUH."))
            .group_by(own.path, other.path)
        )
        for account, path, amount in rows:
            stock, moved = found[account], sign * int(amount)
            stock.free += moved
            if path.startswith(("used:", "overage:")):  # use, and overage that a later change of the grant covered
                stock.drawn -= moved
            elif path.startswith("expired:"):
                stock.lapsed -= moved


def _load_aside(session: Session, stocks: Stocks, owners: Collection[str]) -> None:
    rows = session.execute(
        select(
            UsageDay.owner,
            UsageDay.sku,
            UsageDay.region,
            UsageDay.utc_day,
            func.sum(UsageDay.posted_e4),
            func.sum(case((UsageDay.award_id.is_(None), UsageDay.value_e4), else_=0)),
        )
        .where(UsageDay.owner.in_(owners), UsageDay.award_id.is_(None))
        .group_by(UsageDay.owner, UsageDay.sku, UsageDay.region, UsageDay.utc_day)
    )
    for owner, sku, region, day, hours_e4, value_e4 in rows:
        stocks.aside[owner, sku, region, day] = Valued(int(hours_e4), int(value_e4))


def portions(values: Iterable[T]) -> Iterator[list[T]]:
    """Return values in portions that fit into one statement."""
    listed = list(values)
    return (listed[start : start + _AT_ONCE] for start in range(0, len(listed), _AT_ONCE))
