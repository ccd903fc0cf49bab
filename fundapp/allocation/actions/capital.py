"""Founding the fund and taking in its two kinds of capital."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from fundapp.allocation.tables import Fund, Investor, Pool
from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.quantities import Quantity, gpu_commodity, imputed_value, round_to_won
from fundapp.core.quarters import Quarter, kst_date
from fundapp.ledger.actions import open_account, post, set_rate
from fundapp.ledger.queries import find_balance
from fundapp.ledger.rules import Leg

IMPUTED = "KRW-IMPUTED"
"""The commodity of in-kind value."""
EXPENSES = ("management-fee", "audit", "legal", "custody")
"""The fund's own costs that investors are called for."""


@dataclass(frozen=True, slots=True)
class PoolAdded:
    """A pool after a contribution; `hours` are all it ever received and still has posted."""

    pool_id: uuid.UUID
    account: str
    hours: Quantity
    replayed: bool


def found_fund(
    session: Session,
    *,
    name_ko: str,
    name_en: str,
    legal_form: str,
    started_on: date,
    actor: Viewer,
    at: datetime,
    recognition: str = "at_delivery",
) -> None:
    """Write the fund down and open its bank accounts; once only.

    Raises:
        TransitionRefusedError: if it has been founded under another name or form.
    """
    require(actor, Verb.EDIT, Thing(Kind.POOL))
    wanted = (name_ko, name_en, legal_form, recognition, started_on)
    fund = session.get(Fund, 1)
    if fund is not None:
        known = (fund.name_ko, fund.name_en, fund.legal_form, fund.recognition, fund.started_on)
        if known != wanted:
            raise TransitionRefusedError(thing="fund", state="founded", verb="found")
        return
    session.add(
        Fund(
            id=1,
            name_ko=name_ko,
            name_en=name_en,
            legal_form=legal_form,
            recognition=recognition,
            started_on=started_on,
        )
    )
    for path in ("bank:fund", "expense:management-fee"):
        open_account(session, path, "KRW", on=started_on)
    _record(session, actor, "fund.founded", "fund", name_ko, at, recognition=recognition)


def add_investor(
    session: Session, *, code: str, name_ko: str, name_en: str, kind: str, actor: Viewer, at: datetime
) -> None:
    """Add an investor of `cash` or `in_kind` capital; repeating it changes nothing.

    Raises:
        InvalidInputError: for an unknown kind, or a code that cannot stand in an account path.
        TransitionRefusedError: if the code is taken by another kind.
    """
    require(actor, Verb.EDIT, Thing(Kind.POOL))
    if kind not in {"cash", "in_kind"}:
        raise InvalidInputError(field="kind", reason_ko="현금 또는 현물이어야 합니다", reason_en="cash or in_kind")
    _require_word("code", code)
    known = session.get(Investor, code)
    if known is not None:
        if known.kind != kind:
            raise TransitionRefusedError(thing="investor", state=known.kind, verb=kind)
        return
    session.add(Investor(code=code, name_ko=name_ko, name_en=name_en, kind=kind, committed_krw=0))
    on = kst_date(at)
    if kind == "cash":
        open_account(session, f"investor:{code}", "KRW", on=on, floor=None)
        open_account(session, f"pool:{code}", "KRW", on=on)
    else:
        # No floor: an investor may give more than was promised, and may give before promising.
        open_account(session, f"investor:{code}", IMPUTED, on=on, floor=None)
        open_account(session, f"promise:{code}", IMPUTED, on=on, floor=None)
    _record(session, actor, "investor.added", "investor", code, at, capital=kind)


def commit_cash(
    session: Session,
    *,
    investor: str,
    amount: Quantity,
    effective_on: date,
    key: str,
    actor: Viewer,
    at: datetime,
) -> None:
    """Record cash that an investor promises; a repeat of the key changes nothing.

    Raises:
        NotFoundError: if there is no such cash investor.
        InvalidInputError: if it is not a positive amount of won.
        IdempotencyConflictError: if the key came with other content.
    """
    require(actor, Verb.EDIT, Thing(Kind.POOL))
    if amount.commodity != "KRW" or amount.minor <= 0:
        raise InvalidInputError(field="amount", reason_ko="0보다 큰 원화여야 합니다", reason_en="a positive sum of won")
    _require_investor(session, investor, "cash")
    leg = Leg(f"investor:{investor}", f"pool:{investor}", amount)
    _commit(session, investor, leg, amount.minor, effective_on=effective_on, key=key, actor=actor, at=at)


def commit_in_kind(
    session: Session,
    *,
    investor: str,
    value: Quantity,
    effective_on: date,
    key: str,
    actor: Viewer,
    at: datetime,
) -> None:
    """Record the imputed value of capacity that an investor promises; contributions to pools draw on it.

    Args:
        session: A writing session.
        investor: Code of an in-kind investor.
        value: In KRW-IMPUTED.
        effective_on: Day of the promise.
        key: Of this promise; a repeat changes nothing.
        actor: Finance.
        at: Now.

    Raises:
        NotFoundError: if there is no such in-kind investor.
        InvalidInputError: if it is not a positive imputed value.
        IdempotencyConflictError: if the key came with other content.
    """
    require(actor, Verb.EDIT, Thing(Kind.POOL))
    if value.commodity != IMPUTED or value.minor <= 0:
        raise InvalidInputError(field="value", reason_ko="0보다 큰 상당액이어야 합니다", reason_en="a positive value")
    _require_investor(session, investor, "in_kind")
    leg = Leg(f"investor:{investor}", f"promise:{investor}", value)
    _commit(session, investor, leg, round_to_won(value.minor), effective_on=effective_on, key=key, actor=actor, at=at)


def charge_management_fee(
    session: Session,
    *,
    investor: str,
    quarter: Quarter,
    amount: Quantity,
    effective_on: date,
    actor: Viewer,
    at: datetime,
) -> None:
    """Call a quarter's management fee from a cash investor and pay it; a repeat changes nothing.

    The fee is called for its own use, so that gross figures can leave it out (the granular method of ILPA's
    performance template).

    Raises:
        NotFoundError: if there is no such cash investor.
        InvalidInputError: if it is not a positive amount of won.
        HeadroomExceededError: if the promised cash does not cover it.
        IdempotencyConflictError: if the quarter's fee was another one.
    """
    charge_expense(
        session,
        investor=investor,
        expense="management-fee",
        quarter=quarter,
        amount=amount,
        effective_on=effective_on,
        actor=actor,
        at=at,
    )


def charge_expense(
    session: Session,
    *,
    investor: str,
    expense: str,
    quarter: Quarter,
    amount: Quantity,
    effective_on: date,
    actor: Viewer,
    at: datetime,
) -> None:
    """Call one of the fund's own costs from a cash investor and pay it; a repeat changes nothing.

    Args:
        session: A writing session.
        investor: Code of a cash investor.
        expense: One of `EXPENSES`.
        quarter: Which it is for; each cost is called once a quarter from each investor.
        amount: Won.
        effective_on: Day of the call and of the payment.
        actor: Finance.
        at: Now.

    Raises:
        NotFoundError: if there is no such cash investor.
        InvalidInputError: if it is no known cost, or not a positive amount of won.
        HeadroomExceededError: if the promised cash does not cover it.
        IdempotencyConflictError: if the quarter's cost was another one.
    """
    require(actor, Verb.EDIT, Thing(Kind.POOL))
    if expense not in EXPENSES:
        raise InvalidInputError(field="expense", reason_ko="알 수 없는 비용입니다", reason_en=f"not one of {EXPENSES}")
    if amount.commodity != "KRW" or amount.minor <= 0:
        raise InvalidInputError(field="amount", reason_ko="0보다 큰 원화여야 합니다", reason_en="a positive sum of won")
    _require_investor(session, investor, "cash")
    cost = f"expense:{expense}"
    for path in ("bank:fund", cost):
        open_account(session, path, "KRW", on=effective_on)
    paying = "fee" if expense == "management-fee" else "expense"
    for kind, source, target in (("capital_call", f"pool:{investor}", "bank:fund"), (paying, "bank:fund", cost)):
        posting = post(
            session,
            key=f"{kind}:{expense}:{investor}:{quarter}",
            kind=kind,
            legs=[Leg(source, target, amount)],
            effective_on=effective_on,
            actor=actor,
            at=at,
            source_ref=f"fee:{quarter}",
        )
    if not posting.replayed:
        said = {"krw": amount.minor, "quarter": str(quarter), "expense": expense}
        _record(session, actor, f"{paying}.charged", "investor", investor, at, **said)


def _require_investor(session: Session, code: str, kind: str) -> None:
    found = session.get(Investor, code)
    if found is None or found.kind != kind:
        raise NotFoundError(investor=code)


def _commit(
    session: Session, investor: str, leg: Leg, krw: int, *, effective_on: date, key: str, actor: Viewer, at: datetime
) -> None:
    posting = post(
        session,
        key=f"commitment:{key}",
        kind="commitment",
        legs=[leg],
        effective_on=effective_on,
        actor=actor,
        at=at,
        source_ref=f"investor:{investor}",
    )
    if posting.replayed:
        return
    session.execute(
        update(Investor)
        .where(Investor.code == investor)
        .values(committed_krw=Investor.committed_krw + krw)
        .execution_options(synchronize_session=False)
    )
    session.expire(session.get(Investor, investor))
    _record(session, actor, "capital.committed", "investor", investor, at, krw=krw)


def add_pool(
    session: Session,
    *,
    investor: str,
    sku: str,
    region: str,
    quarter: str,
    hours: Quantity,
    rate_krw: int,
    actor: Viewer,
    at: datetime,
    key: str,
) -> PoolAdded:
    """Take in GPU time of one SKU, region and quarter, with its imputed value; more of it may follow.

    Args:
        session: A writing session.
        investor: Code of an in-kind investor.
        sku: Such as `h100`; kept in lower case.
        region: Such as `koreacentral`.
        quarter: UTC quarter, such as `2026Q3`.
        hours: GPU-hours of this SKU.
        rate_krw: Imputed value of an hour, whole won.
        actor: Finance.
        at: Now.
        key: Of this contribution; a repeat changes nothing.

    Raises:
        NotFoundError: if there is no such in-kind investor.
        InvalidInputError: for hours of another SKU, nothing positive, or a rate that differs from the pool's.
        IdempotencyConflictError: if the key came with other content.
    """
    require(actor, Verb.EDIT, Thing(Kind.POOL))
    sku, period = sku.lower(), Quarter.parse(quarter)
    _require_contribution(session, investor, sku, region, hours, rate_krw)
    pool = _open_pool(session, investor, sku, region, period, rate_krw, at)
    posting = post(
        session,
        key=f"contribution:{key}",
        kind="contribution",
        legs=[
            Leg(f"investor:{investor}", pool.account, hours),
            Leg(f"promise:{investor}", pool.account, imputed_value(hours, rate_krw)),
        ],
        effective_on=kst_date(at),
        actor=actor,
        at=at,
        source_ref=f"pool:{pool.id}",
    )
    if not posting.replayed:
        _note_rate(session, pool, period)
        _record(session, actor, "pool.contributed", "pool", pool.account, at, hours=str(hours), rate=rate_krw)
    balance = find_balance(session, pool.account, hours.commodity)
    posted = balance.posted if balance else 0
    return PoolAdded(pool.id, pool.account, Quantity(posted, hours.commodity), posting.replayed)


def return_pool_hours(
    session: Session, *, account: str, hours: Quantity, reason: str, key: str, actor: Viewer, at: datetime
) -> bool:
    """Give free hours of a pool back to its contributor for good, with their imputed value.

    What was contributed stays as stated; the pool's capacity is less by what was returned.

    Args:
        session: A writing session.
        account: The pool's account.
        hours: GPU-hours of the pool's SKU.
        reason: Why.
        key: Of this return; a repeat changes nothing.
        actor: Finance.
        at: Now.

    Returns:
        Whether it was new.

    Raises:
        NotFoundError: if there is no such pool.
        InvalidInputError: for hours of another SKU or nothing positive, or without a reason.
        HeadroomExceededError: if fewer hours are free.
        IdempotencyConflictError: if the key came with other content.
    """
    require(actor, Verb.EDIT, Thing(Kind.POOL))
    pool = session.scalars(select(Pool).where(Pool.account == account)).one_or_none()
    if pool is None:
        raise NotFoundError(pool=account)
    if hours.commodity != gpu_commodity(pool.sku.upper()) or hours.minor <= 0:
        raise InvalidInputError(field="hours", reason_ko="0보다 큰 시간이어야 합니다", reason_en="must be positive")
    if not reason.strip():
        raise InvalidInputError(field="reason", reason_ko="사유를 적어 주세요", reason_en="give a reason")
    target = f"returned:{pool.investor_code}:{pool.sku}"
    legs = []
    for quantity in (hours, imputed_value(hours, pool.rate_krw)):
        open_account(session, target, quantity.commodity, on=kst_date(at))
        legs.append(Leg(account, target, quantity))
    posting = post(
        session,
        key=f"return:{key}",
        kind="return",
        legs=legs,
        effective_on=kst_date(at),
        actor=actor,
        at=at,
        source_ref=f"pool:{pool.id}",
    )
    if not posting.replayed:
        _record(session, actor, "pool.returned", "pool", account, at, hours=str(hours), reason=reason.strip())
    return not posting.replayed


def _require_contribution(
    session: Session, investor: str, sku: str, region: str, hours: Quantity, rate_krw: int
) -> None:
    _require_word("sku", sku)
    _require_word("region", region)
    found = session.get(Investor, investor)
    if found is None or found.kind != "in_kind":
        raise NotFoundError(investor=investor)
    if hours.commodity != gpu_commodity(sku.upper()) or hours.minor <= 0 or rate_krw <= 0:
        raise InvalidInputError(
            field="hours", reason_ko="시간과 단가는 0보다 커야 합니다", reason_en="hours and rate must be positive"
        )


def _open_pool(
    session: Session, investor: str, sku: str, region: str, quarter: Quarter, rate_krw: int, at: datetime
) -> Pool:
    pool = session.scalars(
        select(Pool).where(
            Pool.investor_code == investor,
            Pool.sku == sku,
            Pool.region == region,
            Pool.quarter == str(quarter),
        )
    ).one_or_none()
    if pool is not None:
        if pool.rate_krw != rate_krw:
            raise InvalidInputError(
                field="rate_krw",
                reason_ko=f"이 풀의 단가는 {pool.rate_krw}원입니다",
                reason_en=f"this pool's rate is {pool.rate_krw} won",
            )
        return pool
    account = f"pool:{investor}:{sku}:{region}:{quarter}"
    pool = Pool(
        investor_code=investor,
        sku=sku,
        region=region,
        quarter=str(quarter),
        rate_krw=rate_krw,
        account=account,
        created_at=at,
    )
    session.add(pool)
    session.flush()
    for commodity in (gpu_commodity(sku.upper()), IMPUTED):
        open_account(session, f"investor:{investor}", commodity, on=kst_date(at), floor=None)
        open_account(session, account, commodity, on=kst_date(at))
    return pool


def _note_rate(session: Session, pool: Pool, period: Quarter) -> None:
    set_rate(
        session,
        commodity=gpu_commodity(pool.sku.upper()),
        valid_from=period.first_day,
        unit_price=pool.rate_krw,
        source=f"{pool.investor_code} {pool.region}",
    )


def _require_word(field: str, word: str) -> None:
    if not word or ":" in word or word != word.strip().lower():
        raise InvalidInputError(
            field=field, reason_ko="소문자로, 콜론 없이 적어 주세요", reason_en="lower case, without a colon"
        )


def _record(
    session: Session, actor: Viewer, verb: str, kind: str, subject: str, at: datetime, **details: object
) -> None:
    record_event(session, actor=actor, verb=verb, subject_kind=kind, subject=subject, at=at, details=dict(details))
