"""Signing: a carried decision becomes an award."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.allocation.planning import split_cash
from fundapp.committee.queries import open_conditions
from fundapp.committee.queries.ballot_state import is_standing
from fundapp.committee.rules import keeps_signing
from fundapp.committee.tables import Ballot, Decision
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.idempotency import once
from fundapp.core.orm import new_id
from fundapp.core.quantities import won
from fundapp.core.quarters import kst_date
from fundapp.intake.actions import move_application
from fundapp.intake.tables import Application, Call, Company
from fundapp.ledger.actions import open_account, post, void_hold
from fundapp.ledger.queries import find_holds
from fundapp.ledger.rules import Leg
from fundapp.portfolio.actions.events import record
from fundapp.portfolio.actions.follow_on import follow_award
from fundapp.portfolio.actions.granting import grant_hours
from fundapp.portfolio.actions.held import hold_back_hours, name_conditions
from fundapp.portfolio.rules import (
    INSTRUMENTS,
    ConditionsOpenError,
    TrancheTerms,
    award_number,
    plan_tranches,
    require_schedule,
)
from fundapp.portfolio.tables import Award, Tranche, TrancheCondition


@dataclass(frozen=True, slots=True)
class SignedAward:
    """An award as signed."""

    id: uuid.UUID
    number: str


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
    schedule: Sequence[TrancheTerms] = (),
    follows: str | None = None,
) -> SignedAward:
    """Turn a carried decision into an award: commit its cash, grant its GPU time, plan its tranches.

    While a condition of GPU time is open, the granted hours are the award's but stay unreleased; see `free_held_hours`.
    The ballot's holds are released and the same amounts posted in one transaction, so nobody can take them between.

    Args:
        session: A writing session.
        decision_id: The carried decision.
        instrument: One of `rules.INSTRUMENTS`; `none` for support without equity.
        key: Idempotency key of the request.
        actor: Finance.
        at: Now.
        signed_on: Date of the agreement in Seoul.
        schedule: The tranches as agreed, adding up to the commitment; half and half when there is none.
        follows: Number of an earlier award of the same company that this one follows.

    Raises:
        ConditionsOpenError: naming the conditions of both cash and GPU time that are neither met nor waived.
        TransitionRefusedError: if the decision was not carried or is signed already.
        HeadroomExceededError: if a pool no longer holds what was decided.
        PoolMissingError: if GPU time was decided for which there is no pool.
        InvalidInputError: for an unknown instrument, a date before the decision or after today, or a schedule that
            does not add up, or an award to follow that is not an earlier one of the company.
    """
    if instrument not in INSTRUMENTS:
        raise InvalidInputError(
            field="instrument", reason_ko="알 수 없는 투자 방식입니다", reason_en=f"not one of {', '.join(INSTRUMENTS)}"
        )
    case = _load_case(session, decision_id)
    require(actor, Verb.SIGN, Thing(Kind.AWARD, case.application.id, case.company.id))
    request: dict[str, Any] = {
        "decision": str(decision_id),
        "instrument": instrument,
        "signed_on": signed_on.isoformat(),
    }
    request |= _agreed(schedule, follows)

    def work() -> dict[str, Any]:
        terms = _Signing(instrument, signed_on, tuple(schedule))
        award = _sign(session, case, terms, actor=actor, at=at)
        if follows:
            follow_award(session, award=award, follows=follows, actor=actor, at=at)
        return {"id": str(award.id), "number": award.number}

    result = once(session, key=key, verb="award.sign", request=request, at=at, work=work)
    return SignedAward(uuid.UUID(result["id"]), result["number"])


def _agreed(schedule: Sequence[TrancheTerms], follows: str | None) -> dict[str, Any]:
    """Return what a request says besides the decision; nothing where nothing was said."""
    parts = [
        [one.amount_krw, one.due_on.isoformat(), one.milestone, [list(pair) for pair in one.conditions]]
        for one in schedule
    ]
    return ({"schedule": parts} if parts else {}) | ({"follows": follows} if follows else {})


@dataclass(frozen=True, slots=True)
class _Signing:
    """What the agreement says besides the decision."""

    instrument: str
    signed_on: date
    schedule: tuple[TrancheTerms, ...]


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


def _sign(session: Session, case: _Case, terms: _Signing, *, actor: Viewer, at: datetime) -> Award:
    signed_on = terms.signed_on
    if case.decision.outcome != "carried":
        raise TransitionRefusedError(thing="decision", state=case.decision.outcome, verb="award")
    if not is_standing(session, case.decision.id):
        raise TransitionRefusedError(thing="decision", state="reopened", verb="award")
    _require_dated(signed_on, kst_date(case.decision.decided_at), kst_date(at))
    _require_conditions_resolved(session, case.decision.id)
    move_application(session, case.application, "award", actor=actor, at=at)
    award = Award(
        number=_next_number(session, signed_on.year),
        decision_id=case.decision.id,
        application_id=case.application.id,
        company_id=case.company.id,
        instrument=terms.instrument,
        committed_krw=case.decision.approved_krw,
        signed_on=signed_on,
        signed_by=actor.name or actor.email,
        created_at=at,
    )
    session.add(award)
    session.flush()
    _void_holds(session, case.ballot, award.number, actor=actor, at=at, on=signed_on)
    _plan_cash(session, award, terms.schedule)
    held = hold_back_hours(session, award=award, at=at)
    legs = _cash_legs(session, award) + grant_hours(session, award, case.decision, held=held)
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
    record(session, actor, "award.signed", award.number, at, instrument=terms.instrument, krw=award.committed_krw)
    return award


def _require_conditions_resolved(session: Session, decision_id: uuid.UUID) -> None:
    """Refuse while a condition of both cash and GPU time is open; one of either alone keeps back its own release."""
    left = [row for row in open_conditions(session, decision_id) if keeps_signing(row.scope)]
    if left:
        raise ConditionsOpenError(conditions=name_conditions(left))


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


def _void_holds(session: Session, ballot: Ballot, number: str, *, actor: Viewer, at: datetime, on: date) -> None:
    ended = {
        hold.key for hold in find_holds(session, f"ballot:{ballot.id}", keys=ballot.hold_keys) if hold.state != "open"
    }
    for place, hold_key in enumerate(ballot.hold_keys, start=1):
        if hold_key not in ended:
            key = f"award:{number}:release:{place}"
            void_hold(session, hold_key=hold_key, key=key, effective_on=on, actor=actor, at=at)


def _plan_cash(session: Session, award: Award, schedule: Sequence[TrancheTerms]) -> None:
    if not schedule:
        schedule = [
            TrancheTerms(planned.amount_krw, planned.due_on, planned.milestone)
            for planned in plan_tranches(award.committed_krw, award.signed_on)
        ]
    require_schedule(schedule, award.committed_krw, award.signed_on)
    add_tranches(session, award, schedule)


def add_tranches(session: Session, award: Award, schedule: Sequence[TrancheTerms], *, after: int = 0) -> None:
    """Plan tranches with their conditions, numbered from `after` + 1."""
    for number, one in enumerate(schedule, start=after + 1):
        tranche = Tranche(
            id=new_id(),
            award_id=award.id,
            number=number,
            amount_krw=one.amount_krw,
            due_on=one.due_on,
            milestone=one.milestone.strip(),
        )
        session.add(tranche)
        session.flush()
        session.add_all(
            TrancheCondition(tranche_id=tranche.id, number=place, kind=kind, text=text.strip())
            for place, (kind, text) in enumerate(one.conditions, start=1)
        )
    session.flush()


def _cash_legs(session: Session, award: Award) -> list[Leg]:
    if award.committed_krw == 0:
        return []
    account = f"award:{award.number}"
    open_account(session, account, "KRW", on=award.signed_on)
    return [Leg(payer, account, won(part)) for payer, part in split_cash(session, award.committed_krw).items()]
