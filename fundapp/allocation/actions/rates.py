"""Setting rate cards and exchange rates: dated lines with a source and a reason, never retroactive for a pool."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.allocation.tables import RateChange
from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import InvalidInputError
from fundapp.core.quantities import gpu_commodity
from fundapp.ledger.actions import set_fx, set_rate
from fundapp.ledger.tables import Book, FxRate, RateCard

PAIR = "USDKRW"


def set_rate_card(
    session: Session,
    *,
    sku: str,
    valid_from: date,
    price: int,
    currency: str,
    source: str,
    reason: str,
    actor: Viewer,
    at: datetime,
) -> int:
    """Append a version to a SKU's rate card; return its number for that day.

    A rate card is what a new pool is valued at. Pools that are there keep the rate of their contribution, and closed
    books keep theirs: nothing is valued anew.

    Args:
        session: A writing session.
        sku: Such as `h100`.
        valid_from: First day of the price.
        price: Whole won an hour, or cents for `USD`.
        currency: `KRW` or `USD`.
        source: Where the price comes from, e.g. the agreement and its date.
        reason: Why it changes.
        actor: Finance.
        at: Now.

    Raises:
        InvalidInputError: without a SKU, source or reason, for a price that is not positive, for a day whose books
            are closed, or if nothing would change.
    """
    require(actor, Verb.EDIT, Thing(Kind.LEDGER))
    _require_words(source, reason)
    _require_open(session, valid_from, "valid_from")
    commodity = _priced(sku, price)
    before = _version(session, commodity, valid_from)
    set_rate(
        session,
        commodity=commodity,
        valid_from=valid_from,
        unit_price=price,
        source=source.strip(),
        currency=currency,
    )
    version = _version(session, commodity, valid_from)
    if version == before:
        raise InvalidInputError(field="price", reason_ko="이미 그 단가입니다", reason_en="that is the price already")
    _keep(
        session,
        commodity=commodity,
        valid_from=valid_from,
        version=version,
        price=f"{currency} {price if currency == 'KRW' else Decimal(price).scaleb(-2)}",
        source=source,
        reason=reason,
        actor=actor,
        at=at,
    )
    return version


def set_exchange_rate(
    session: Session, *, day: date, rate: Decimal, source: str, reason: str, actor: Viewer, at: datetime
) -> int:
    """Append what a dollar costs in won from a day on; return the version for that day.

    Raises:
        InvalidInputError: without a source or reason, for a day whose books are closed, or if nothing would change.
        LedgerRefusedError: for a rate that the ledger cannot keep exactly.
    """
    require(actor, Verb.EDIT, Thing(Kind.LEDGER))
    _require_words(source, reason)
    _require_open(session, day, "day")
    before = _fx_version(session, day)
    set_fx(session, pair=PAIR, day=day, rate=rate, source=source.strip())
    version = _fx_version(session, day)
    if version == before:
        raise InvalidInputError(field="rate", reason_ko="이미 그 환율입니다", reason_en="that is the rate already")
    price = f"{rate.normalize():f}"
    _keep(
        session,
        commodity=PAIR,
        valid_from=day,
        version=version,
        price=price,
        source=source,
        reason=reason,
        actor=actor,
        at=at,
    )
    return version


def _priced(sku: str, price: int) -> str:
    """Return the commodity that is priced."""
    word = sku.strip().upper()
    if not word or ":" in word:
        raise InvalidInputError(field="sku", reason_ko="GPU 종류를 적어 주세요", reason_en="name the SKU")
    if price <= 0:
        raise InvalidInputError(field="price", reason_ko="0보다 커야 합니다", reason_en="must be above zero")
    return gpu_commodity(word)


def _require_words(source: str, reason: str) -> None:
    for field, words in (("source", source), ("reason", reason)):
        if not words.strip():
            raise InvalidInputError(field=field, reason_ko="꼭 필요합니다", reason_en="is needed")


def _require_open(session: Session, day: date, field: str) -> None:
    closed = session.scalar(select(Book.closed_through).where(Book.id == 1))
    if closed is not None and day <= closed:
        raise InvalidInputError(
            field=field,
            reason_ko=f"{closed}까지 마감되었습니다. 그 뒤의 날부터 적어 주세요",
            reason_en=f"books are closed through {closed}: choose a later day",
        )


def _version(session: Session, commodity: str, valid_from: date) -> int:
    query = select(func.max(RateCard.version)).where(RateCard.commodity == commodity, RateCard.valid_from == valid_from)
    return session.scalar(query) or 0


def _fx_version(session: Session, day: date) -> int:
    return session.scalar(select(func.max(FxRate.version)).where(FxRate.pair == PAIR, FxRate.day == day)) or 0


def _keep(
    session: Session,
    *,
    commodity: str,
    valid_from: date,
    version: int,
    price: str,
    source: str,
    reason: str,
    actor: Viewer,
    at: datetime,
) -> None:
    session.add(
        RateChange(
            commodity=commodity,
            valid_from=valid_from,
            version=version,
            price=price,
            source=source.strip(),
            reason=reason.strip(),
            entered_by=actor.name or actor.email,
            entered_by_id=actor.person_id,
            at=at,
        )
    )
    session.flush()
    record_event(
        session,
        actor=actor,
        verb="rate.set",
        subject_kind="rate",
        subject=commodity,
        at=at,
        details={"valid_from": valid_from.isoformat(), "version": version, "price": price, "reason": reason.strip()},
    )
