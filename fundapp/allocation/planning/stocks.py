"""The free hours of pools and the free cash, and from which of them an award would be taken."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.allocation.rules import Hours
from fundapp.allocation.tables import Investor, Pool
from fundapp.committee.rules import GpuLine
from fundapp.core.errors import InvalidInputError, NotFoundError
from fundapp.core.quantities import HOUR, gpu_commodity, split_pro_rata
from fundapp.ledger.queries import balances


@dataclass(frozen=True, slots=True)
class PoolStock:
    """What one pool still has, in ten-thousandths of an hour."""

    pool_id: uuid.UUID
    account: str
    sku: str
    region: str
    quarter: str
    rate_krw: int
    free_e4: int


def load_stocks(session: Session) -> list[PoolStock]:
    """Return the free hours of every pool, in an order that never changes."""
    free = {(row.account, row.commodity): row.free for row in balances(session, prefix="pool:")}
    pools = session.scalars(select(Pool).order_by(Pool.sku, Pool.quarter, Pool.region, Pool.investor_code))
    return [
        PoolStock(
            pool_id=pool.id,
            account=pool.account,
            sku=pool.sku,
            region=pool.region,
            quarter=pool.quarter,
            rate_krw=pool.rate_krw,
            free_e4=free.get((pool.account, gpu_commodity(pool.sku.upper())), 0),
        )
        for pool in pools
    ]


def cash_sources(session: Session) -> dict[str, int]:
    """Return the ledger accounts that cash awards are paid from, with the won that are free in each."""
    codes = session.scalars(select(Investor.code).where(Investor.kind == "cash").order_by(Investor.code))
    free = {row.account: row.free for row in balances(session, prefix="pool:") if row.commodity == "KRW"}
    return {account: max(0, free.get(account, 0)) for account in (f"pool:{code}" for code in codes)}


def split_cash(session: Session, amount_krw: int) -> dict[str, int]:
    """Split cash over the accounts of the cash investors, pro rata of the promised cash that is free.

    When there is less than is asked, the parts add up all the same: the ledger refuses them, and says where.

    Returns:
        Won by account; empty for 0.

    Raises:
        NotFoundError: if there is no cash investor.
    """
    sources = cash_sources(session)
    if not sources:
        raise NotFoundError(investor="cash")
    return split_pro_rata(amount_krw, sources if any(sources.values()) else dict.fromkeys(list(sources)[:1], 1))


def draw_hours(session: Session, gpu_hours: Hours) -> list[GpuLine]:
    """Say from which pools hours would be taken now, for a proposal made by hand.

    Raises:
        InvalidInputError: if the pools have too little, naming SKU and quarter.
    """
    stocks = {stock.account: stock for stock in load_stocks(session)}
    return draw_lines(gpu_hours, stocks, {account: stock.free_e4 for account, stock in stocks.items()})


def draw_lines(gpu_hours: Hours, stocks: Mapping[str, PoolStock], left: dict[str, int]) -> list[GpuLine]:
    """Take hours from pools, in a fixed order, and note what each still has.

    Args:
        gpu_hours: Whole hours by SKU and quarter.
        stocks: Pools by account, in order.
        left: Free ten-thousandths by account; reduced here.

    Raises:
        InvalidInputError: if the pools have too little, naming SKU and quarter.
    """
    lines = []
    for sku, quarters in sorted(gpu_hours.items()):
        for quarter, hours in sorted(quarters.items()):
            wanted = hours * HOUR
            for account, stock in stocks.items():
                if (stock.sku, stock.quarter) != (sku, quarter):
                    continue
                taken = min(wanted, left[account] // HOUR * HOUR)
                if taken > 0:
                    lines.append(
                        GpuLine(
                            pool_id=str(stock.pool_id),
                            account=account,
                            sku=stock.sku,
                            region=stock.region,
                            quarter=stock.quarter,
                            hours_e4=taken,
                            rate_krw=stock.rate_krw,
                        )
                    )
                    left[account] -= taken
                    wanted -= taken
            if wanted:
                raise InvalidInputError(
                    field=f"{sku} {quarter}",
                    reason_ko=f"GPU시간이 {wanted // HOUR}시간 모자랍니다",
                    reason_en=f"{wanted // HOUR} hours short",
                )
    return lines
