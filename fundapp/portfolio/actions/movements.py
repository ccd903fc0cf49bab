"""Cash that comes back, is lost, or goes to the investors: one person drafts, another approves, then it posts."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import FourEyesError, InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.orm import new_id
from fundapp.core.quantities import won
from fundapp.core.quarters import Quarter, kst_date
from fundapp.ledger.actions import open_account, post, reverse
from fundapp.ledger.queries import find_balance
from fundapp.ledger.rules import Leg
from fundapp.portfolio.queries.proceeds import undistributed
from fundapp.portfolio.queries.releases import share_payout
from fundapp.portfolio.rules import BANK, DISTRIBUTIONS, movement_number, proceeds_steps
from fundapp.portfolio.tables import Award, CashMovement

SHARING = ("source", "all")
"""How a payout is shared: to each kind of capital what it earned, or to all by what they have paid in."""


def draft_distribution(
    session: Session,
    *,
    award_id: uuid.UUID,
    kind: str,
    amount_krw: int,
    cost_krw: int,
    effective_on: date,
    reason: str,
    actor: Viewer,
    at: datetime,
) -> str:
    """Draft cash that came from a company; return its number. Nothing posts before somebody else approves it.

    Args:
        session: A writing session.
        award_id: Whose.
        kind: One of `dividend`, `interest` (no cost given up), `redemption`, `exit`.
        amount_krw: What came in.
        cost_krw: Cash cost given up against it; the difference is realised gain or loss. The cost of GPU time stands
            in hours and imputed value and is not touched: reports release it in the same proportion.
        effective_on: Value date.
        reason: Where it comes from: contract, resolution, statement.
        actor: Staff.
        at: Now.

    Raises:
        InvalidInputError: for an unknown kind, an amount that is not positive, or more cost than there is.
    """
    award = _load_award(session, award_id, actor)
    if kind not in DISTRIBUTIONS:
        raise _wrong("kind", "회수 종류를 골라 주세요", "choose what it is")
    if amount_krw <= 0:
        raise _wrong("amount_krw", "0보다 커야 합니다", "must be above zero")
    if kind in {"dividend", "interest"} and cost_krw:
        raise _wrong("cost_krw", "배당과 이자는 원가를 줄이지 않습니다", "dividends and interest give up no cost")
    _require_cost(session, award, cost_krw)
    return _draft(
        session,
        CashMovement(kind=kind, award_id=award.id, amount_krw=amount_krw, cost_krw=cost_krw),
        effective_on=effective_on,
        reason=reason,
        actor=actor,
        at=at,
    )


def draft_write_off(
    session: Session,
    *,
    award_id: uuid.UUID,
    amount_krw: int,
    effective_on: date,
    reason: str,
    actor: Viewer,
    at: datetime,
) -> str:
    """Draft the loss of an award's cash cost, or of a part of it; return its number.

    The ledger writes off cash only. Use of GPU time has been recorded as use and stays so; reports take its value
    down in the same proportion.

    Raises:
        InvalidInputError: if it is not positive or more than the cost there is.
    """
    award = _load_award(session, award_id, actor)
    if amount_krw <= 0:
        raise _wrong("amount_krw", "0보다 커야 합니다", "must be above zero")
    _require_cost(session, award, amount_krw, "amount_krw")
    return _draft(
        session,
        CashMovement(kind="write_off", award_id=award.id, amount_krw=0, cost_krw=amount_krw),
        effective_on=effective_on,
        reason=reason,
        actor=actor,
        at=at,
    )


def draft_payout(
    session: Session,
    *,
    quarter: Quarter | None = None,
    amount_krw: int | None = None,
    sharing: str = "source",
    effective_on: date,
    reason: str,
    actor: Viewer,
    at: datetime,
) -> str:
    """Draft a payout of proceeds to the investors; return its number.

    Args:
        session: A writing session.
        quarter: Pay out all proceeds received up to its end and not paid out yet; or give an amount.
        amount_krw: So much; never more than the proceeds, received by the value date, that have not been paid out.
        sharing: One of `SHARING`; the fund's agreement decides. See `queries.releases.share_payout`.
        effective_on: Value date.
        reason: Resolution or clause.
        actor: Staff.
        at: Now.

    Raises:
        InvalidInputError: if neither or both are given, or there is less to pay out.
    """
    require(actor, Verb.PREPARE, Thing(Kind.AWARD))
    if (quarter is None) == (amount_krw is None):
        raise _wrong("amount_krw", "분기와 금액 가운데 하나를 적어 주세요", "give a quarter or an amount")
    if sharing not in SHARING:
        raise _wrong("sharing", "배분 대상을 골라 주세요", "choose who shares")
    there = undistributed(session, through=min(quarter.last_day, effective_on) if quarter else effective_on)
    amount = there if amount_krw is None else amount_krw
    _require_payable(amount, there)
    return _draft(
        session,
        CashMovement(kind="payout", amount_krw=amount, cost_krw=0, sharing=sharing),
        effective_on=effective_on,
        reason=reason,
        actor=actor,
        at=at,
    )


def draft_correction(
    session: Session, *, number: str, effective_on: date, reason: str, actor: Viewer, at: datetime
) -> str:
    """Draft the reversal of an approved movement; return its number.

    Raises:
        InvalidInputError: for a value date before the one of what it reverses.
        TransitionRefusedError: if it is not approved, is a correction itself, or is being corrected already.
    """
    movement = _load(session, number, actor, Verb.PREPARE)
    if movement.state != "approved" or movement.kind == "correction":
        raise TransitionRefusedError(thing="movement", state=movement.state, verb="correct")
    if effective_on < movement.effective_on:
        day = movement.effective_on
        raise _wrong("effective_on", f"고칠 기록의 기준일({day})부터입니다", f"not before what it corrects, on {day}")
    correction = CashMovement(
        kind="correction",
        award_id=movement.award_id,
        corrects_id=movement.id,
        amount_krw=movement.amount_krw,
        cost_krw=movement.cost_krw if movement.kind not in {"dividend", "interest"} else 0,
    )
    try:
        with session.begin_nested():
            return _draft(session, correction, effective_on=effective_on, reason=reason, actor=actor, at=at)
    except IntegrityError as error:
        raise TransitionRefusedError(thing="movement", state="corrected", verb="correct") from error


def approve_movement(session: Session, *, number: str, actor: Viewer, at: datetime) -> None:
    """Approve and post a movement that somebody else drafted.

    Raises:
        FourEyesError: if the actor drafted it, or is no person.
        TransitionRefusedError: if it is not in state `drafted`.
        HeadroomExceededError: if cost or cash is no longer there.
        LedgerRefusedError: if its value date lies in closed books.
    """
    movement = _load(session, number, actor, Verb.APPROVE)
    if actor.person_id is None or actor.person_id == movement.prepared_by_id:
        raise FourEyesError
    key = _key(session, movement)
    _move(session, movement, state="approved", decided_by_id=actor.person_id, decided_at=at, txn_key=key)
    if movement.kind == "correction":
        original = session.get_one(CashMovement, movement.corrects_id)
        reverse(
            session,
            txn_key=original.txn_key or "",
            key=key,
            effective_on=movement.effective_on,
            actor=actor,
            at=at,
        )
    else:
        _post(session, movement, key, actor=actor, at=at)
    _record(session, actor, "movement.approved", movement, at)


def return_movement(session: Session, *, number: str, reason: str, actor: Viewer, at: datetime) -> None:
    """Send a drafted movement back, with the reason; it never posts.

    Raises:
        InvalidInputError: without a reason.
        FourEyesError: if the actor drafted it, or is no person.
        TransitionRefusedError: if it is not in state `drafted`.
    """
    if not reason.strip():
        raise _wrong("reason", "사유를 적어 주세요", "a reason is needed")
    movement = _load(session, number, actor, Verb.APPROVE)
    if actor.person_id is None or actor.person_id == movement.prepared_by_id:
        raise FourEyesError
    changes = {"decided_by_id": actor.person_id, "decided_at": at, "return_reason": reason.strip()}
    _move(session, movement, state="returned", **changes)
    _record(session, actor, "movement.returned", movement, at)


def _key(session: Session, movement: CashMovement) -> str:
    if movement.kind != "correction":
        return f"{movement.kind}:{movement.number}"
    original = session.get_one(CashMovement, movement.corrects_id)
    return f"reverse:{original.txn_key}"


def _post(session: Session, movement: CashMovement, key: str, *, actor: Viewer, at: datetime) -> None:
    on = movement.effective_on
    open_account(session, BANK, "KRW", on=on)
    if movement.kind == "payout":
        _require_payable(movement.amount_krw, undistributed(session, through=on))
        parts = share_payout(session, movement.amount_krw, sharing=movement.sharing or "source", as_of=on)
        if not parts:
            raise _wrong("amount_krw", "납입이 없어 나눌 수 없습니다", "nothing has been paid in to share by")
        legs = [Leg(BANK, f"distributed:{code}", won(part)) for code, part in parts.items()]
        kind, ref = "payout", f"payout:{movement.number}"
    else:
        award = session.get_one(Award, movement.award_id)
        steps = proceeds_steps(movement.kind, award.number, movement.amount_krw, movement.cost_krw)
        legs = [Leg(source, target, won(krw)) for source, target, krw in steps]
        kind, ref = ("write_off" if movement.kind == "write_off" else "proceeds"), f"award:{award.number}"
    for leg in legs:
        for path in (leg.debit, leg.credit):
            source = path.startswith(("gain:", "income:"))
            open_account(session, path, "KRW", on=on, floor=None if source else 0)
    post(session, key=key, kind=kind, legs=legs, effective_on=on, actor=actor, at=at, source_ref=ref)


def _draft(
    session: Session, movement: CashMovement, *, effective_on: date, reason: str, actor: Viewer, at: datetime
) -> str:
    if actor.person_id is None:
        raise FourEyesError
    if not reason.strip():
        raise _wrong("reason", "근거를 적어 주세요", "say what it rests on")
    today = kst_date(at)
    if effective_on > today:
        raise _wrong("effective_on", "오늘까지의 날짜여야 합니다", "not after today")
    award = session.get(Award, movement.award_id) if movement.award_id else None
    if award is not None and effective_on < award.signed_on:
        raise _wrong("effective_on", f"협약일({award.signed_on})부터입니다", f"not before the award, {award.signed_on}")
    movement.id = new_id()
    movement.number = _next_number(session, today.year)
    movement.effective_on = effective_on
    movement.reason = reason.strip()
    movement.state = "drafted"
    movement.prepared_by_id = actor.person_id
    movement.prepared_at = at
    session.add(movement)
    session.flush()
    _record(session, actor, "movement.drafted", movement, at)
    return movement.number


def _next_number(session: Session, year: int) -> str:
    newest = session.scalar(select(func.max(CashMovement.number)).where(CashMovement.number.startswith(f"CM-{year}-")))
    return movement_number(year, 1 if newest is None else int(newest.rsplit("-", 1)[1]) + 1)


def _load_award(session: Session, award_id: uuid.UUID, actor: Viewer) -> Award:
    award = session.get(Award, award_id)
    if award is None:
        raise NotFoundError
    require(actor, Verb.PREPARE, Thing(Kind.AWARD, award.application_id, award.company_id))
    return award


def _load(session: Session, number: str, actor: Viewer, verb: Verb) -> CashMovement:
    require(actor, verb, Thing(Kind.AWARD))
    movement = session.scalars(select(CashMovement).where(CashMovement.number == number)).one_or_none()
    if movement is None:
        raise NotFoundError(movement=number)
    if movement.award_id is not None:
        award = session.get_one(Award, movement.award_id)
        require(actor, verb, Thing(Kind.AWARD, award.application_id, award.company_id))
    return movement


def _move(session: Session, movement: CashMovement, **changes: object) -> None:
    moved = session.execute(
        update(CashMovement).where(CashMovement.id == movement.id, CashMovement.state == "drafted").values(**changes)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise TransitionRefusedError(thing="movement", state=movement.state, verb=str(changes["state"]))
    session.refresh(movement)


def _require_cost(session: Session, award: Award, cost_krw: int, field: str = "cost_krw") -> None:
    balance = find_balance(session, f"investment:{award.number}", "KRW")
    there = balance.posted if balance else 0
    if not 0 <= cost_krw <= there:
        raise _wrong(field, f"남은 투자 원가는 {there:,}원입니다", f"the cost left is {there:,} won")


def _require_payable(amount: int, there: int) -> None:
    if not 0 < amount <= there:
        raise _wrong(
            "amount_krw", f"나눌 수 있는 회수금은 {there:,}원입니다", f"proceeds that can be paid out: {there:,} won"
        )


def _wrong(field: str, ko: str, en: str) -> InvalidInputError:
    return InvalidInputError(field=field, reason_ko=ko, reason_en=en)


def _record(session: Session, actor: Viewer, verb: str, movement: CashMovement, at: datetime) -> None:
    award = session.get(Award, movement.award_id) if movement.award_id else None
    record_event(
        session,
        actor=actor,
        verb=verb,
        subject_kind="movement",
        subject=f"{award.number}/{movement.number}" if award else movement.number,
        at=at,
        details={
            "kind": movement.kind,
            "krw": movement.amount_krw,
            "cost": movement.cost_krw,
            "reason": movement.reason,
        },
    )
