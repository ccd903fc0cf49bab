"""What follows use beyond a grant: a warning, a request to block, or a charge, as the call says."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from fundapp.allocation.tables import Pool
from fundapp.core.access import Kind, Role, Thing, Verb, Viewer, require
from fundapp.core.errors import InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.outbox import OutboxMessage
from fundapp.core.quantities import Quantity, gpu_commodity, imputed_value, round_to_won
from fundapp.core.quarters import Quarter
from fundapp.identity.tables import Person
from fundapp.intake.tables import Application, Call
from fundapp.ledger.queries import balances, rate_on
from fundapp.portfolio.actions.events import record
from fundapp.portfolio.actions.moving import company_addresses, staff_addresses, tell
from fundapp.portfolio.rules.grant_terms import GrantTerms, grant_terms
from fundapp.portfolio.tables import Award, BlockRequest, OverageCharge, UsageDay

IMPUTED = "KRW-IMPUTED"
_WORDS_KO = {"warn": "", "block": " 출자자에게 차단을 요청합니다.", "charge": " 초과분은 청구합니다."}


@dataclass(frozen=True, slots=True)
class Overage:
    """Use of one quarter beyond every grant, in ten-thousandths of an hour."""

    award: Award
    terms: GrantTerms
    sku: str
    region: str
    quarter: str
    hours_e4: int

    @property
    def place(self) -> str:
        """Its name in keys and mails."""
        return f"{self.award.number}:{self.sku}:{self.region}:{self.quarter}"


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """What a run did: first warnings, requests to block, and lines charged or changed."""

    warned: int
    blocked: int
    charged: int


def apply_overage_policy(session: Session, *, actor: Viewer, at: datetime) -> PolicyResult:
    """Apply each call's `gpu_overage` to what stands beyond grants now; running it again changes nothing.

    Company and staff are warned once for each SKU, region and quarter whatever the policy. `block` also asks the
    contributor's people to block the subscriptions, `charge` also keeps the charge lines equal to the overage.
    """
    require(actor, Verb.EDIT, Thing(Kind.USAGE))
    warned = blocked = charged = 0
    found = _overages(session)
    seen = {(one.award.id, one.sku, one.region, one.quarter) for one in found}
    for one in found:
        warned += _warn(session, one, at)
        if one.terms.overage == "block":
            blocked += _block(session, one, actor, at)
        if one.terms.overage == "charge":
            charged += _charge(session, one.award, (one.sku, one.region, one.quarter), one.hours_e4, actor, at)
    for award, place in _charged_before(session):
        if (award.id, *place) not in seen:
            charged += _charge(session, award, place, 0, actor, at)
    session.flush()
    return PolicyResult(warned, blocked, charged)


def _overages(session: Session) -> list[Overage]:
    hours = {
        tuple(row.account.split(":")[1:]): -row.posted
        for row in balances(session, prefix="overage:")
        if row.commodity != IMPUTED and row.posted < 0
    }
    rows = session.execute(
        select(Award, Call.document)
        .join(Application, Application.id == Award.application_id)
        .join(Call, Call.id == Application.call_id)
        .where(Award.number.in_({place[0] for place in hours}))
    )
    awards = {award.number: (award, grant_terms(document)) for award, document in rows}
    return [
        Overage(*awards[number], sku, region, quarter, over)
        for (number, sku, region, quarter), over in sorted(hours.items())
        if number in awards
    ]


def _warn(session: Session, one: Overage, at: datetime) -> bool:
    people = [
        *company_addresses(session, one.award.company_id),
        *staff_addresses(session, one.award.application_id, Role.ANALYST, Role.FINANCE),
    ]
    words = _WORDS_KO[one.terms.overage]
    body = (
        f"{one.sku.upper()} {one.quarter} 사용량이 배정을 {_hours(one)}시간 넘었습니다.{words}\n\n"
        f"Use of {one.sku.upper()} in {one.quarter} exceeds the grant by {_hours(one)} hours."
    )
    subject = f"[{one.award.number}] GPU시간 초과 사용"
    before = _mails(session, one)
    if not before:
        tell(
            session,
            people,
            key=f"overage:{one.place}",
            subject=subject,
            body=body,
            at=at,
            about=(one.award.application_id,),
        )
    return bool(people) and not before


def _mails(session: Session, one: Overage) -> int:
    prefix = f"overage:{one.place}:"
    return (
        session.scalar(
            select(func.count())
            .select_from(OutboxMessage)
            .where(OutboxMessage.dedupe_key.startswith(prefix, autoescape=True))
        )
        or 0
    )


def _hours(one: Overage) -> str:
    return f"{Quantity(one.hours_e4, gpu_commodity(one.sku.upper())).decimal.normalize():f}"


def _block(session: Session, one: Overage, actor: Viewer, at: datetime) -> bool:
    known = session.scalar(
        select(BlockRequest.id).where(
            BlockRequest.award_id == one.award.id,
            BlockRequest.sku == one.sku,
            BlockRequest.region == one.region,
            BlockRequest.quarter == one.quarter,
        )
    )
    if known is not None:
        return False
    scopes = session.scalars(
        select(UsageDay.scope)
        .where(UsageDay.award_id == one.award.id, UsageDay.sku == one.sku, UsageDay.region == one.region)
        .distinct()
        .order_by(UsageDay.scope)
    ).all()
    asked = BlockRequest(
        award_id=one.award.id,
        sku=one.sku,
        region=one.region,
        quarter=one.quarter,
        subscriptions=", ".join(scopes),
        overage_e4=one.hours_e4,
        requested_at=at,
    )
    session.add(asked)
    session.flush()
    record(session, actor, "overage.block_requested", one.award.number, at, place=one.place)
    investors = session.scalars(
        select(Pool.investor_code).where(Pool.sku == one.sku, Pool.region == one.region, Pool.quarter == one.quarter)
    ).all()
    partners = session.scalars(
        select(Person.email).where(Person.investor.in_(investors), Person.active).order_by(Person.email)
    ).all()
    body = (
        f"{one.award.number}의 {one.sku.upper()} {one.quarter} 배정을 모두 썼습니다. 다음 구독을 차단해 주세요: "
        f"{asked.subscriptions or '-'}\n\nPlease block these subscriptions: {asked.subscriptions or '-'}"
    )
    subject = f"[{one.award.number}] 구독 차단 요청"
    tell(session, partners, key=f"block:{asked.id}", subject=subject, body=body, at=at)
    return True


_Place = tuple[str, str, str]


def _charged_before(session: Session) -> Iterable[tuple[Award, _Place]]:
    rows = session.execute(
        select(Award, OverageCharge.sku, OverageCharge.region, OverageCharge.quarter)
        .join(OverageCharge, OverageCharge.award_id == Award.id)
        .where(OverageCharge.number == 1)
        .order_by(OverageCharge.id)
    ).all()
    return [(award, (sku, region, quarter)) for award, sku, region, quarter in rows]


def _charge(session: Session, award: Award, place: _Place, hours_e4: int, actor: Viewer, at: datetime) -> bool:
    """Keep the sum of an overage's lines equal to it: change the open line, or add one after the last is settled."""
    sku, region, quarter = place
    lines = session.scalars(
        select(OverageCharge)
        .where(
            OverageCharge.award_id == award.id,
            OverageCharge.sku == sku,
            OverageCharge.region == region,
            OverageCharge.quarter == quarter,
        )
        .order_by(OverageCharge.number)
    ).all()
    rate = _rate(session, place)
    current = lines[-1] if lines and lines[-1].state == "open" else None
    settled = sum(line.hours_e4 for line in lines if line.state == "settled")
    due = hours_e4 - settled
    if rate is None or due == (current.hours_e4 if current else 0):
        return False
    if current is None:
        current = OverageCharge(
            award_id=award.id, sku=sku, region=region, quarter=quarter, number=len(lines) + 1, state="open"
        )
        session.add(current)
    value = imputed_value(Quantity(due, gpu_commodity(sku.upper())), rate)
    current.hours_e4, current.rate_krw, current.amount_krw = due, rate, round_to_won(value.minor)
    current.charged_at = at
    session.flush()
    facts = {"line": current.number, "hours_e4": due, "krw": current.amount_krw}
    record(session, actor, "overage.charged", award.number, at, sku=sku, quarter=quarter, **facts)
    return True


def _rate(session: Session, place: _Place) -> int | None:
    """Return the pool's rate, else the rate card's on the quarter's first day, else None."""
    sku, region, quarter = place
    rate = session.scalar(
        select(Pool.rate_krw)
        .where(Pool.sku == sku, Pool.region == region, Pool.quarter == quarter)
        .order_by(Pool.investor_code)
        .limit(1)
    )
    return rate or rate_on(session, gpu_commodity(sku.upper()), Quarter.parse(quarter).first_day)


def mark_blocked(session: Session, *, request_id: uuid.UUID, note: str, actor: Viewer, at: datetime) -> None:
    """Note that the contributor has blocked the subscriptions.

    Raises:
        NotFoundError: if there is no such request or the actor may not note this.
        TransitionRefusedError: if it is done already.
    """
    asked = session.get(BlockRequest, request_id)
    if asked is None:
        raise NotFoundError(request=str(request_id))
    award = session.get_one(Award, asked.award_id)
    require(actor, Verb.EDIT, Thing(Kind.USAGE, award.application_id, award.company_id))
    done = session.execute(
        update(BlockRequest)
        .where(BlockRequest.id == request_id, BlockRequest.state == "open")
        .values(state="done", done_at=at, done_by=actor.name or actor.email, note=note.strip() or None)
        .returning(BlockRequest.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if done is None:
        raise TransitionRefusedError(thing="block", state=asked.state, verb="block")
    session.refresh(asked)
    record(session, actor, "overage.blocked", award.number, at, sku=asked.sku, quarter=asked.quarter)


def settle_charge(session: Session, *, charge_id: uuid.UUID, actor: Viewer, at: datetime) -> None:
    """Note that a charge line has been paid or credited; later changes become a further line.

    Raises:
        NotFoundError: if there is no such line or the actor may not note this.
        InvalidInputError: if nothing is due on it.
        TransitionRefusedError: if it is settled already.
    """
    line = session.get(OverageCharge, charge_id)
    if line is None:
        raise NotFoundError(charge=str(charge_id))
    award = session.get_one(Award, line.award_id)
    require(actor, Verb.APPROVE, Thing(Kind.AWARD, award.application_id, award.company_id))
    if line.hours_e4 == 0:
        raise InvalidInputError(field="charge", reason_ko="청구할 것이 없습니다", reason_en="nothing is due")
    done = session.execute(
        update(OverageCharge)
        .where(OverageCharge.id == charge_id, OverageCharge.state == "open")
        .values(state="settled", settled_at=at, settled_by=actor.name or actor.email)
        .returning(OverageCharge.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if done is None:
        raise TransitionRefusedError(thing="charge", state=line.state, verb="settle")
    session.refresh(line)
    record(session, actor, "overage.settled", award.number, at, line=line.number, krw=line.amount_krw)
