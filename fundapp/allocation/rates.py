"""Rate cards and exchange rates as pages show them: every version, who set it and why, and the pools beneath it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.allocation.tables import Investor, Pool, RateChange
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.quarters import Quarter
from fundapp.ledger.tables import FxRate, RateCard


@dataclass(frozen=True, slots=True)
class RateRow:
    """One version of a price or rate.

    Attributes:
        price: Exact: won or dollars an hour, or won for a dollar.
        ruling: Whether it holds on the day asked about.
        replaced: Whether a later version for the same day replaced it.
        entered_by: None for lines that came with a contribution.
    """

    code: str
    valid_from: date
    version: int
    price: Decimal
    currency: str
    source: str
    reason: str
    entered_by: str | None
    at: datetime | None
    ruling: bool
    replaced: bool


@dataclass(frozen=True, slots=True)
class PricedPool:
    """A pool and the rate of its contribution, in whole won: it keeps that rate whatever the card says later."""

    account: str
    investor_ko: str
    investor_en: str
    sku: str
    region: str
    quarter: str
    rate_krw: int
    card_krw: Decimal | None

    @property
    def differs(self) -> bool:
        """Whether today's card has another price for the pool's first day."""
        return self.card_krw is not None and self.card_krw != self.rate_krw


@dataclass(frozen=True, slots=True)
class RatesPage:
    """All rate cards by SKU, all exchange rates, and the pools with the rates they keep."""

    cards: tuple[RateRow, ...]
    fx: tuple[RateRow, ...]
    pools: tuple[PricedPool, ...]


def rates_page(session: Session, viewer: Viewer, *, on: date) -> RatesPage:
    """Return rate cards and exchange rates, newest first; four statements.

    Raises:
        ForbiddenError: if the viewer may not see the ledger.
    """
    require(viewer, Verb.VIEW, Thing(Kind.LEDGER))
    changes = {(row.commodity, row.valid_from, row.version): row for row in session.scalars(select(RateChange))}
    cards = [
        (row.commodity, row.valid_from, row.version, _price(row.unit_price, row.currency), row.currency, row.source)
        for row in session.scalars(
            select(RateCard).order_by(RateCard.commodity, RateCard.valid_from.desc(), RateCard.version.desc())
        )
    ]
    fx = [
        (row.pair, row.day, row.version, Decimal(row.rate_e6).scaleb(-6), "KRW", row.source)
        for row in session.scalars(select(FxRate).order_by(FxRate.pair, FxRate.day.desc(), FxRate.version.desc()))
    ]
    pools = session.execute(
        select(Pool, Investor.name_ko, Investor.name_en)
        .join(Investor, Investor.code == Pool.investor_code)
        .order_by(Pool.quarter.desc(), Pool.sku, Pool.account)
    ).all()
    shown = _rows(cards, changes, on)
    return RatesPage(
        cards=shown,
        fx=_rows(fx, changes, on),
        pools=tuple(
            PricedPool(row.account, ko, en, row.sku, row.region, row.quarter, row.rate_krw, _card_on(shown, row))
            for row, ko, en in pools
        ),
    )


def _price(minor: int, currency: str) -> Decimal:
    return Decimal(minor) if currency == "KRW" else Decimal(minor).scaleb(-2)


def _rows(
    lines: list[tuple[str, date, int, Decimal, str, str]],
    changes: dict[tuple[str, date, int], RateChange],
    on: date,
) -> tuple[RateRow, ...]:
    newest: dict[tuple[str, date], int] = defaultdict(int)
    ruling: dict[str, date] = {}
    for code, day, version, *_ in lines:
        newest[code, day] = max(newest[code, day], version)
        if day <= on:
            ruling[code] = max(day, ruling.get(code, day))
    rows = []
    for code, day, version, price, currency, source in lines:
        change = changes.get((code, day, version))
        replaced = version < newest[code, day]
        rows.append(
            RateRow(
                code=code,
                valid_from=day,
                version=version,
                price=price,
                currency=currency,
                source=source,
                reason=change.reason if change else "",
                entered_by=change.entered_by if change else None,
                at=change.at if change else None,
                ruling=ruling.get(code) == day and not replaced,
                replaced=replaced,
            )
        )
    return tuple(rows)


def _card_on(cards: tuple[RateRow, ...], pool: Pool) -> Decimal | None:
    day = Quarter.parse(pool.quarter).first_day
    code = f"GPUH.{pool.sku.upper()}"
    fitting = (row for row in cards if row.code == code and not row.replaced and row.valid_from <= day)
    found = max(fitting, key=lambda row: row.valid_from, default=None)
    return found.price if found is not None and found.currency == "KRW" else None
