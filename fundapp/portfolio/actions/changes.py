"""What companies ask to have changed, and the linked transfers that grant it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.allocation.tables import Pool
from fundapp.core.access import Kind, Verb, Viewer, require
from fundapp.core.errors import FourEyesError, InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.idempotency import once
from fundapp.core.quarters import Quarter, utc_day
from fundapp.core.sessions import RetryTransactionError
from fundapp.ledger.rules import Leg
from fundapp.portfolio.actions.events import record
from fundapp.portfolio.actions.held import require_hours_free
from fundapp.portfolio.actions.moving import (
    GrantCase,
    company_addresses,
    draw_overage,
    grant_of_pool,
    home_of,
    left_in,
    load_grant,
    move,
    moving_legs,
    over,
    require_usable,
    tell,
)
from fundapp.portfolio.rules import CHANGE_KINDS, ChangeRefusedError, exchange, grant_expiry, latest_extension
from fundapp.portfolio.tables import ChangeRequest

LONGEST_REASON = 4000
_GIVES_AWAY = frozenset({"transfer", "advance", "early_return"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What a company asks for.

    Attributes:
        kind: One of `rules.CHANGE_KINDS`.
        hours_e4: Ten-thousandths of an hour; None for an extension.
        until: New last usable UTC day of an extension.
        target_pool_id: Where a transfer takes hours from; an advance finds its pool by itself.
        reason: Why.
    """

    kind: str
    reason: str
    hours_e4: int | None = None
    until: date | None = None
    target_pool_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Requested:
    """A change request as filed."""

    id: uuid.UUID
    number: str


def request_change(
    session: Session, *, grant_id: uuid.UUID, asked: Asked, key: str, actor: Viewer, at: datetime
) -> Requested:
    """File a company's request to change one of its grants.

    Args:
        session: A writing session.
        grant_id: The grant. For an advance, the grant of the later quarter.
        asked: What is asked for.
        key: Idempotency key of the request.
        actor: Somebody who acts for the company.
        at: Now.

    Raises:
        NotFoundError: if the grant is absent or another company's.
        InvalidInputError: naming what is missing or too much.
        ChangeRefusedError: if the grant has ended, or the terms rule the change out.
    """
    case = load_grant(session, grant_id)
    require(actor, Verb.SUBMIT, case.thing(Kind.CHANGE))
    request = {
        "grant": str(grant_id),
        "kind": asked.kind,
        "hours_e4": asked.hours_e4,
        "until": asked.until.isoformat() if asked.until else None,
        "pool": str(asked.target_pool_id) if asked.target_pool_id else None,
        "reason": asked.reason,
    }

    def work() -> dict[str, Any]:
        change = _file(session, case, asked, actor, at)
        return {"id": str(change.id), "number": change.number}

    result = once(session, key=key, verb="change.request", request=request, at=at, work=work)
    return Requested(uuid.UUID(result["id"]), result["number"])


def _file(session: Session, case: GrantCase, asked: Asked, actor: Viewer, at: datetime) -> ChangeRequest:
    if actor.person_id is None:
        raise NotFoundError(grant=str(case.grant.id))
    target = _check(session, case, asked, utc_day(at))
    change = ChangeRequest(
        number=_next_number(session, at.year),
        award_id=case.award.id,
        grant_id=case.grant.id,
        kind=asked.kind,
        hours_e4=asked.hours_e4,
        until=asked.until,
        target_pool_id=target.id if target else None,
        reason=asked.reason.strip(),
        requested_by_id=actor.person_id,
        requested_by=actor.name or actor.email,
        requested_at=at,
    )
    try:
        with session.begin_nested():
            session.add(change)
    except IntegrityError as error:
        if "number" in str(error.orig):  # a rival took the number
            raise RetryTransactionError from error
        raise
    record(session, actor, "change.requested", case.award.number, at, change=change.number, kind=asked.kind)
    return change


def _next_number(session: Session, year: int) -> str:
    newest = session.scalar(
        select(func.max(ChangeRequest.number)).where(ChangeRequest.number.startswith(f"CR-{year}-"))
    )
    return f"CR-{year}-{1 if newest is None else int(newest.rsplit('-', 1)[1]) + 1:04d}"


def _check(session: Session, case: GrantCase, asked: Asked, today: date) -> Pool | None:
    """Refuse what cannot be granted whatever staff say; return the pool that hours would come from, if another."""
    _require_shape(asked)
    require_usable(case.grant, today)
    if asked.kind == "extension":
        require_extension(case, asked.until)
    if asked.kind in _GIVES_AWAY and (asked.hours_e4 or 0) > left_in(session, case.grant.account, case.grant.sku):
        raise InvalidInputError(
            field="hours", reason_ko="배정에 남은 시간보다 많습니다", reason_en="more than is left in the grant"
        )
    if asked.kind == "transfer":
        pool = session.get(Pool, asked.target_pool_id) if asked.target_pool_id else None
        if pool is None or pool.id == case.pool.id or over(pool, today):
            raise InvalidInputError(
                field="target", reason_ko="옮길 종류와 분기를 골라 주세요", reason_en="choose where to move the hours"
            )
        return pool
    return _pool_of_today(session, case, today) if asked.kind == "advance" else None


def _require_shape(asked: Asked) -> None:
    if asked.kind not in CHANGE_KINDS:
        raise InvalidInputError(
            field="kind", reason_ko="무엇을 바꿀지 골라 주세요", reason_en=f"not one of {', '.join(CHANGE_KINDS)}"
        )
    if not asked.reason.strip() or len(asked.reason) > LONGEST_REASON:
        raise InvalidInputError(
            field="reason",
            reason_ko=f"1자에서 {LONGEST_REASON:,}자까지 적어 주세요",
            reason_en=f"1 to {LONGEST_REASON:,} characters",
        )
    if asked.kind == "extension":
        if asked.hours_e4 is not None or asked.until is None:
            raise InvalidInputError(field="until", reason_ko="날짜를 적어 주세요", reason_en="give a date")
    elif asked.hours_e4 is None or asked.hours_e4 <= 0 or asked.until is not None:
        raise InvalidInputError(field="hours", reason_ko="0보다 큰 시간이어야 합니다", reason_en="give hours above 0")


def require_extension(case: GrantCase, until: date | None) -> None:
    """Raise unless an extension is later than now and within what the contributor allows.

    Raises:
        InvalidInputError: naming the days that are possible.
    """
    latest = latest_extension(Quarter.parse(case.grant.quarter), case.terms.max_extension_days)
    if until is None or not case.grant.usable_until < until <= latest:
        raise InvalidInputError(
            field="until",
            reason_ko=f"{case.grant.usable_until} 뒤부터 {latest}까지 늘릴 수 있습니다",
            reason_en=f"must be after {case.grant.usable_until} and no later than {latest}",
        )


def _pool_of_today(session: Session, case: GrantCase, today: date) -> Pool:
    """Return the pool of this quarter that a later quarter's hours can be advanced from."""
    now = Quarter.of_date(today)
    if Quarter.parse(case.grant.quarter) <= now:
        raise ChangeRefusedError(
            reason_ko="이번 분기보다 뒤 분기의 시간만 당겨 쓸 수 있습니다",
            reason_en="only hours of a later quarter can be used in advance",
        )
    pool = session.scalars(
        select(Pool).where(
            Pool.investor_code == case.pool.investor_code,
            Pool.sku == case.pool.sku,
            Pool.region == case.pool.region,
            Pool.quarter == str(now),
        )
    ).one_or_none()
    if pool is None:
        raise ChangeRefusedError(
            reason_ko=f"{now} 출자분이 없습니다", reason_en=f"there is no pool of this kind for {now}"
        )
    return pool


def withdraw_change(session: Session, *, change_id: uuid.UUID, actor: Viewer, at: datetime) -> None:
    """Take a request back before it is decided.

    Raises:
        NotFoundError: if it is absent or another company's.
        TransitionRefusedError: if it has been decided.
    """
    change, case = _load(session, change_id)
    require(actor, Verb.SUBMIT, case.thing(Kind.CHANGE))
    _end(session, change, "withdraw", {"state": "withdrawn"})
    record(session, actor, "change.withdrawn", case.award.number, at, change=change.number)


def approve_change(
    session: Session,
    *,
    change_id: uuid.UUID,
    reason: str,
    actor: Viewer,
    at: datetime,
    hours_e4: int | None = None,
    until: date | None = None,
) -> ChangeRequest:
    """Grant a request, wholly or in part, and move its hours in one transaction.

    Args:
        session: A writing session.
        change_id: The request.
        reason: Why; may be empty.
        actor: Staff, not who asked.
        at: Now.
        hours_e4: Less than was asked for, in ten-thousandths; None for all.
        until: Earlier than was asked for; None for that day.

    Raises:
        NotFoundError: if it is absent or the actor may not decide it.
        FourEyesError: if the actor asked for it.
        TransitionRefusedError: if it has been decided.
        InvalidInputError: if more is approved than was asked for.
        ChangeRefusedError: if the grant or the pool's quarter has ended.
        PoolShortError: if there is less than is to be moved, saying how much there is.
        ConditionsOpenError: while a condition of the decision keeps back the GPU time that would arrive.
    """
    change, case = _enter(session, change_id, actor)
    decided = {"state": "approved", "decision_reason": reason.strip() or None, **_decider(actor, at)}
    _end(session, change, "approve", decided)
    require_usable(case.grant, utc_day(at))
    if change.kind not in {"extension", "early_return"}:
        require_hours_free(session, case.award)
    if change.kind == "extension":
        _extend(session, change, case, until or change.until)
    else:
        asked = change.hours_e4 or 0
        approved = asked if hours_e4 is None else hours_e4
        if not 0 < approved <= asked:
            raise InvalidInputError(
                field="hours", reason_ko="요청한 시간 이하여야 합니다", reason_en="at most what was asked for"
            )
        change.approved_e4 = approved
        legs = _legs(session, change, case, approved, utc_day(at))
        key, ref = f"change:{change.number}", f"change:{change.number}"
        change.txn_key = move(session, key=key, kind=change.kind, legs=legs, source_ref=ref, actor=actor, at=at)
    session.flush()
    if change.kind != "early_return":
        receiving = session.get(Pool, change.target_pool_id) if change.target_pool_id else case.pool
        if receiving is not None:
            draw_overage(session, award=case.award, places=[(receiving.sku, receiving.region)], actor=actor, at=at)
    facts = {"approved_e4": change.approved_e4, "taken_e4": change.taken_e4, "given_e4": change.given_e4}
    record(session, actor, "change.approved", case.award.number, at, change=change.number, **facts)
    _tell(session, change, case, "승인했습니다", at)
    return change


def decline_change(session: Session, *, change_id: uuid.UUID, reason: str, actor: Viewer, at: datetime) -> None:
    """Refuse a request with a reason; nothing moves.

    Raises:
        InvalidInputError: without a reason.
        NotFoundError, FourEyesError, TransitionRefusedError: as `approve_change`.
    """
    if not reason.strip():
        raise InvalidInputError(field="reason", reason_ko="사유를 적어 주세요", reason_en="give a reason")
    change, case = _enter(session, change_id, actor)
    _end(session, change, "decline", {"state": "declined", "decision_reason": reason.strip(), **_decider(actor, at)})
    record(session, actor, "change.declined", case.award.number, at, change=change.number, reason=reason.strip())
    _tell(session, change, case, f"받아들이지 않았습니다. 사유: {reason.strip()}", at)


def _legs(session: Session, change: ChangeRequest, case: GrantCase, hours_e4: int, today: date) -> list[Leg]:
    """Return the linked transfers of a change, and note on it what leaves and what arrives."""
    grant, pool = case.grant, case.pool
    if change.kind == "supplement":
        _require_current(pool, today)
        change.taken_e4, change.given_e4 = 0, hours_e4
        return moving_legs(session, pool, pool.account, grant.account, hours_e4, today)
    home = home_of(pool, today)
    if change.kind == "early_return":
        change.taken_e4, change.given_e4 = hours_e4, 0
        return moving_legs(session, pool, grant.account, home, hours_e4, today)
    target = session.get_one(Pool, change.target_pool_id)
    _require_current(target, today)
    found = exchange(hours_e4, pool.rate_krw, target.rate_krw)
    if found.given_e4 == 0:
        raise ChangeRefusedError(
            reason_ko="옮길 종류의 최소 단위보다 적은 가치입니다",
            reason_en="worth less than one unit of the other kind",
        )
    change.taken_e4, change.given_e4 = found.taken_e4, found.given_e4
    receiving = grant_of_pool(session, case.award, target, case.terms, today)
    return [
        *moving_legs(session, pool, grant.account, home, found.taken_e4, today),
        *moving_legs(session, target, target.account, receiving.account, found.given_e4, today),
    ]


def _require_current(pool: Pool, today: date) -> None:
    if over(pool, today):
        raise ChangeRefusedError(
            reason_ko=f"{pool.quarter} 분기가 끝났습니다", reason_en=f"quarter {pool.quarter} is over"
        )


def _extend(session: Session, change: ChangeRequest, case: GrantCase, until: date | None) -> None:
    require_extension(case, until)
    if until is None or change.until is None or until > change.until:
        raise InvalidInputError(
            field="until", reason_ko="요청한 날 이전이어야 합니다", reason_en="no later than was asked for"
        )
    change.approved_until = until
    grace = grant_expiry(Quarter.parse(case.grant.quarter), case.terms.grace_days)
    case.grant.usable_until = until
    case.grant.expires_on = until + (grace - Quarter.parse(case.grant.quarter).last_day)
    session.flush()


def _load(session: Session, change_id: uuid.UUID) -> tuple[ChangeRequest, GrantCase]:
    change = session.get(ChangeRequest, change_id)
    if change is None:
        raise NotFoundError(change=str(change_id))
    return change, load_grant(session, change.grant_id)


def _enter(session: Session, change_id: uuid.UUID, actor: Viewer) -> tuple[ChangeRequest, GrantCase]:
    change, case = _load(session, change_id)
    require(actor, Verb.RESOLVE, case.thing(Kind.CHANGE))
    if actor.person_id is not None and actor.person_id == change.requested_by_id:
        raise FourEyesError
    return change, case


def _decider(actor: Viewer, at: datetime) -> dict[str, Any]:
    return {"decided_by_id": actor.person_id, "decided_by": actor.name or actor.email, "decided_at": at}


def _end(session: Session, change: ChangeRequest, verb: str, values: dict[str, Any]) -> None:
    """End a request once, whoever else tries to."""
    ended = session.execute(
        update(ChangeRequest)
        .where(ChangeRequest.id == change.id, ChangeRequest.state == "requested")
        .values(**values)
        .returning(ChangeRequest.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if ended is None:
        raise TransitionRefusedError(thing="change", state=change.state, verb=verb)
    session.refresh(change)


def _tell(session: Session, change: ChangeRequest, case: GrantCase, said: str, at: datetime) -> None:
    body = f"{change.number} 변경 요청을 {said}"
    addresses = company_addresses(session, case.award.company_id)
    key = f"change:{change.number}:{change.state}"
    tell(session, addresses, key=key, subject=f"[{case.award.number}] 변경 요청 {change.number}", body=body, at=at)
