"""Dated prices and exchange rates, and what a quantity was worth on a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.errors import LedgerRefusedError
from fundapp.core.quantities import Quantity, scale_of
from fundapp.ledger.rules import CASH, FX_SCALE
from fundapp.ledger.tables import FxRate, RateCard

IMPUTED = "KRW-IMPUTED"


@dataclass(frozen=True, slots=True)
class RateRow:
    """A line of the rate card: minor units of a currency an hour, from a day on."""

    commodity: str
    valid_from: date
    version: int
    unit_price: int
    currency: str
    source: str


@dataclass(frozen=True, slots=True)
class FxRow:
    """An exchange rate as published for a day."""

    pair: str
    day: date
    version: int
    rate: Decimal
    source: str


def list_rates(session: Session, *, commodity: str | None = None) -> list[RateRow]:
    """Return the rate card, oldest line first; replaced lines too."""
    query = select(
        RateCard.commodity,
        RateCard.valid_from,
        RateCard.version,
        RateCard.unit_price,
        RateCard.currency,
        RateCard.source,
    ).order_by(RateCard.commodity, RateCard.valid_from, RateCard.version)
    if commodity is not None:
        query = query.where(RateCard.commodity == commodity)
    return [RateRow(*row) for row in session.execute(query)]


def list_fx(session: Session, *, pair: str | None = None) -> list[FxRow]:
    """Return the exchange rates, oldest first; replaced ones too."""
    query = select(FxRate.pair, FxRate.day, FxRate.version, FxRate.rate_e6, FxRate.source).order_by(
        FxRate.pair, FxRate.day, FxRate.version
    )
    if pair is not None:
        query = query.where(FxRate.pair == pair)
    return [FxRow(name, day, version, _rate(e6), source) for name, day, version, e6, source in session.execute(query)]


def fx_on(session: Session, pair: str, day: date) -> Decimal | None:
    """Return the exchange rate on a day: the newest published for that day or before; None before the first."""
    e6 = session.scalar(
        select(FxRate.rate_e6)
        .where(FxRate.pair == pair, FxRate.day <= day)
        .order_by(FxRate.day.desc(), FxRate.version.desc())
        .limit(1)
    )
    return None if e6 is None else _rate(e6)


def _rate(millionths: int) -> Decimal:
    return Decimal(millionths).scaleb(-FX_SCALE)


def rate_on(session: Session, commodity: str, day: date) -> int | None:
    """Return the rate card's price in whole won an hour on a day, or None before the first line.

    A price in another currency is converted at the day's exchange rate and rounded half to even.

    Raises:
        LedgerRefusedError: if there is no exchange rate for the price's currency.
    """
    line = _line(session, commodity, day)
    return None if line is None else round(_in_won(session, line, day))


def value_of(session: Session, quantity: Quantity, day: date) -> Quantity:
    """Return what a quantity was worth on a day: quantity x dated rate card x dated exchange rate.

    Returns:
        KRW-IMPUTED. Exact where the price is in won; whole won, rounded once and half to even, where it is converted.

    Raises:
        LedgerRefusedError: if the commodity has no price on that day, or its currency no exchange rate.
    """
    if quantity.commodity == IMPUTED:
        return quantity
    if quantity.commodity in CASH:
        line: tuple[int, str] | None = (10 ** scale_of(quantity.commodity), quantity.commodity)
    else:
        line = _line(session, quantity.commodity, day)
    if line is None:
        raise LedgerRefusedError(
            reason_ko=f"{day}의 단가가 없습니다: {quantity.commodity}",
            reason_en=f"no price of {quantity.commodity} on {day}",
        )
    value = Fraction(quantity.minor, 10 ** scale_of(quantity.commodity)) * _in_won(session, line, day)
    unit = 10 ** scale_of(IMPUTED)
    return Quantity(int(value * unit) if line[1] == "KRW" else round(value) * unit, IMPUTED)


def _line(session: Session, commodity: str, day: date) -> tuple[int, str] | None:
    """Return the price in minor units and its currency."""
    row = session.execute(
        select(RateCard.unit_price, RateCard.currency)
        .where(RateCard.commodity == commodity, RateCard.valid_from <= day)
        .order_by(RateCard.valid_from.desc(), RateCard.version.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else (row.unit_price, row.currency)


def _in_won(session: Session, line: tuple[int, str], day: date) -> Fraction:
    """Return the price of one unit in won, unrounded."""
    price, currency = line
    if currency == "KRW":
        return Fraction(price)
    rate = fx_on(session, f"{currency}KRW", day)
    if rate is None:
        raise LedgerRefusedError(
            reason_ko=f"{day}의 환율이 없습니다: {currency}KRW", reason_en=f"no exchange rate {currency}KRW on {day}"
        )
    return Fraction(price, 10 ** scale_of(currency)) * Fraction(rate)
