"""Signing: a carried decision becomes an award."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.allocation.tables import Investor, Pool
from fundapp.committee.tables import Ballot, Condition, Decision
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.idempotency import once
from fundapp.core.quantities import Quantity, gpu_commodity, imputed_value, won
from fundapp.core.quarters import Quarter, kst_date
from fundapp.intake.actions import move_application
from fundapp.intake.tables import Application, Call, Company
from fundapp.ledger.actions import open_account, post, void_hold
from fundapp.ledger.queries import find_holds
from fundapp.ledger.rules import Leg
from fundapp.portfolio.actions.events import record
from fundapp.portfolio.rules import (
    INSTRUMENTS,
    ConditionsOpenError,
    PoolMissingError,
    award_number,
    grant_account,
    grant_expiry,
    plan_tranches,
)
from fundapp.portfolio.tables import Award, Grant, Tranche


@dataclass(frozen=True, slots=True)
class SignedAward:
    """An award as signed."""

    id: uuid.UUID
    number: str


@dataclass(frozen=True, slots=True)
class _Granted:
    """One grant to be made and the pool it comes from."""

    pool: Pool
    hours: Quantity


@dataclass(frozen=True, slots=True)
class _Case:
    """A carried decision with everything that signing it touches."""

    decision: Decision
    ballot: Ballot
    application: Application
    company: Company
    call: Call


def sign_award(
    session: Session,
    *,
    decision_id: uuid.UUID,
    instrument: str,
    key: str,
    actor: Viewer,
    at: datetime,
    signed_on: date,
) -> SignedAward:
    """Turn a carried decision into an award: commit its cash, grant its GPU time, plan its tranches.

    The ballot's holds are released and the same amounts posted in one transaction, so nobody can take them between.

    Args:
        session: A writing session.
        decision_id: The carried decision.
        instrument: One of `rules.INSTRUMENTS`; `none` for support without equity.
        key: Idempotency key of the request.
        actor: Finance.
        at: Now.
        signed_on: Date of the agreement in Seoul.

    Raises:
        ConditionsOpenError: naming the conditions that are neither met nor waived.
        TransitionRefusedError: if the decision was not carried or is signed already.
        HeadroomExceededError: if a pool no longer holds what was decided.
        PoolMissingError: if GPU time was decided for which there is no pool.
        InvalidInputError: for an unknown instrument, or a date before the decision or after today.
    """
    if instrument not in INSTRUMENTS:
        raise InvalidInputError(
            field="instrument", reason_ko="알 수 없는 투자 방식입니다", reason_en=f"not one of {', '.join(INSTRUMENTS)}"
        )
    case = _load_case(session, decision_id)
    require(actor, Verb.SIGN, Thing(Kind.AWARD, case.application.id, case.company.id))
    request = {"decision": str(decision_id), "instrument": instrument, "signed_on": signed_on.isoformat()}

    def work() -> dict[str, Any]:
        award = _sign(session, case, instrument=instrument, signed_on=signed_on, actor=actor, at=at)
        return {"id": str(award.id), "number": award.number}

    result = once(session, key=key, verb="award.sign", request=request, at=at, work=work)
    return SignedAward(uuid.UUID(result["id"]), result["number"])


def _load_case(session: Session, decision_id: uuid.UUID) -> _Case:
    row = session.execute(
        select(Decision, Ballot, Application, Company, Call)
        .join(Ballot, Ballot.id == Decision.ballot_id)
        .join(Application, Application.id == Decision.application_id)
        .join(Company, Company.id == Application.company_id)
        .join(Call, Call.id == Application.call_id)
        .where(Decision.id == decision_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError
    return _Case(*row)


def _sign(session: Session, case: _Case, *, instrument: str, signed_on: date, actor: Viewer, at: datetime) -> Award:
    if case.decision.outcome != "carried":
        raise TransitionRefusedError(state=case.decision.outcome, verb="award")
    _require_dated(signed_on, kst_date(case.decision.decided_at), kst_date(at))
    _require_conditions_resolved(session, case.decision.id)
    move_application(session, case.application, "award", actor=actor, at=at)
    granted = _find_pools(session, case.decision.gpu_lines)
    award = Award(
        number=_next_number(session, signed_on.year),
        decision_id=case.decision.id,
        application_id=case.application.id,
        company_id=case.company.id,
        instrument=instrument,
        committed_krw=case.decision.approved_krw,
        signed_on=signed_on,
        signed_by=actor.name or actor.email,
        created_at=at,
    )
    session.add(award)
    session.flush()
    _void_holds(session, case.ballot, award.number, actor=actor, at=at, on=signed_on)
    _plan_cash(session, award)
    grace = int(case.call.document.get("grant_grace_days", 0))
    legs = _cash_legs(session, award) + _grant_legs(session, award, granted, grace)
    if legs:
        post(
            session,
            key=f"award:{award.number}",
            kind="award",
            legs=legs,
            effective_on=signed_on,
            actor=actor,
            at=at,
            source_ref=f"award:{award.number}",
        )
    record(session, actor, "award.signed", award.number, at, instrument=instrument, krw=award.committed_krw)
    return award


def _require_conditions_resolved(session: Session, decision_id: uuid.UUID) -> None:
    open_ones = session.scalars(
        select(Condition)
        .where(Condition.decision_id == decision_id, Condition.state == "open")
        .order_by(Condition.number)
    ).all()
    if open_ones:
        raise ConditionsOpenError(conditions=" / ".join(f"{c.number}. {c.text}" for c in open_ones))


def _require_dated(signed_on: date, decided_on: date, today: date) -> None:
    """Refuse a date before the decision or after today: either would post into another quarter than the true one."""
    if not decided_on <= signed_on <= today:
        raise InvalidInputError(
            field="signed_on",
            reason_ko=f"의결일 {decided_on}부터 오늘 {today}까지의 날짜여야 합니다",
            reason_en=f"must be from the decision on {decided_on} to today, {today}",
        )


def _next_number(session: Session, year: int) -> str:
    newest = session.scalar(select(func.max(Award.number)).where(Award.number.startswith(f"AW-{year}-")))
    return award_number(year, 1 if newest is None else int(newest.rsplit("-", 1)[1]) + 1)


def _find_pools(session: Session, lines: Sequence[dict[str, Any]]) -> list[_Granted]:
    """Return one grant for each pool of a decision's lines."""
    wanted: dict[uuid.UUID, int] = defaultdict(int)
    for line in lines:
        wanted[uuid.UUID(line["pool_id"])] += int(line["hours_e4"])
    pools = {pool.id: pool for pool in session.scalars(select(Pool).where(Pool.id.in_(wanted)))}
    for line in lines:
        if uuid.UUID(line["pool_id"]) not in pools:
            raise PoolMissingError(sku=line["sku"], region=line["region"], quarter=line["quarter"])
    return [
        _Granted(pool, Quantity(wanted[pool.id], gpu_commodity(pool.sku.upper())))
        for pool in sorted(pools.values(), key=lambda pool: pool.account)
    ]


def _void_holds(session: Session, ballot: Ballot, number: str, *, actor: Viewer, at: datetime, on: date) -> None:
    ended = {hold.key for hold in find_holds(session, f"ballot:{ballot.id}") if hold.state != "open"}
    for place, hold_key in enumerate(ballot.hold_keys, start=1):
        if hold_key not in ended:
            key = f"award:{number}:release:{place}"
            void_hold(session, hold_key=hold_key, key=key, effective_on=on, actor=actor, at=at)


def _plan_cash(session: Session, award: Award) -> None:
    session.add_all(
        Tranche(
            award_id=award.id,
            number=planned.number,
            amount_krw=planned.amount_krw,
            due_on=planned.due_on,
            milestone=planned.milestone,
        )
        for planned in plan_tranches(award.committed_krw, award.signed_on)
    )
    session.flush()


def _cash_legs(session: Session, award: Award) -> list[Leg]:
    if award.committed_krw == 0:
        return []
    payer = session.scalars(select(Investor.code).where(Investor.kind == "cash").order_by(Investor.code)).first()
    if payer is None:
        raise NotFoundError
    account = f"award:{award.number}"
    open_account(session, account, "KRW", on=award.signed_on)
    return [Leg(f"pool:{payer}", account, won(award.committed_krw))]


def _grant_legs(session: Session, award: Award, granted: Sequence[_Granted], grace_days: int) -> list[Leg]:
    legs = []
    for one in granted:
        pool = one.pool
        account = grant_account(award.number, pool.sku, pool.region, pool.quarter)
        session.add(
            Grant(
                award_id=award.id,
                pool_id=pool.id,
                sku=pool.sku,
                region=pool.region,
                quarter=pool.quarter,
                hours_e4=one.hours.minor,
                account=account,
                usable_until=Quarter.parse(pool.quarter).last_day,
                expires_on=grant_expiry(Quarter.parse(pool.quarter), grace_days),
            )
        )
        for quantity in (one.hours, imputed_value(one.hours, pool.rate_krw)):
            open_account(session, account, quantity.commodity, on=award.signed_on)
            legs.append(Leg(pool.account, account, quantity))
    session.flush()
    return legs
