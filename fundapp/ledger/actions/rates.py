"""Rate cards and exchange rates: dated lines, appended and never changed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.quantities import scale_of
from fundapp.ledger.actions.accounts import insert_missing
from fundapp.ledger.rules import rate_e6, require_currency, require_pair
from fundapp.ledger.tables import Commodity, FxRate, RateCard


def set_rate(
    session: Session, *, commodity: str, valid_from: date, unit_price: int, source: str, currency: str = "KRW"
) -> None:
    """Append a rate-card line: minor units of a currency an hour, from a date on; the same line twice changes nothing.

    Args:
        session: A writing session.
        commodity: What is priced, e.g. `GPUH.H100`.
        valid_from: First day of the price. A later line for the same day replaces it; the earlier one stays on record.
        unit_price: Whole won an hour, or cents for `USD`.
        source: Where the price comes from.
        currency: `KRW` or `USD`.

    Raises:
        LedgerRefusedError: for a currency that the ledger does not keep.
    """
    require_currency(currency)
    newest = session.scalars(
        select(RateCard)
        .where(RateCard.commodity == commodity, RateCard.valid_from == valid_from)
        .order_by(RateCard.version.desc())
        .limit(1)
    ).one_or_none()
    if newest is not None and (newest.unit_price, newest.currency, newest.source) == (unit_price, currency, source):
        return
    insert_missing(session, Commodity.__table__, [{"code": commodity, "scale": scale_of(commodity)}])
    session.add(
        RateCard(
            commodity=commodity,
            valid_from=valid_from,
            version=1 if newest is None else newest.version + 1,
            unit_price=unit_price,
            currency=currency,
            source=source,
        )
    )
    session.flush()


def set_fx(session: Session, *, pair: str, day: date, rate: Decimal | int | str, source: str) -> None:
    """Append an exchange rate; the same line twice changes nothing.

    Args:
        session: A writing session.
        pair: Two currencies, e.g. `USDKRW`: what one of the first costs in the second.
        day: The day it is published for; it holds until the next one.
        rate: Exact decimal above zero, at most six decimals.
        source: Where it is published.

    Raises:
        LedgerRefusedError: for a pair that the ledger does not keep or a rate that it cannot keep exactly.
    """
    require_pair(pair)
    millionths = rate_e6(rate)
    newest = session.scalars(
        select(FxRate).where(FxRate.pair == pair, FxRate.day == day).order_by(FxRate.version.desc()).limit(1)
    ).one_or_none()
    if newest is not None and (newest.rate_e6, newest.source) == (millionths, source):
        return
    version = 1 if newest is None else newest.version + 1
    session.add(FxRate(pair=pair, day=day, version=version, rate_e6=millionths, source=source))
    session.flush()
