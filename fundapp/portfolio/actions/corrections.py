"""Putting right the amount or the day of a payment: one person drafts, another approves, then it posts."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import FourEyesError, InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.orm import new_id
from fundapp.core.quantities import won
from fundapp.core.quarters import kst_date
from fundapp.ledger.actions import open_account, replace
from fundapp.ledger.queries import find_closed_through
from fundapp.ledger.rules import Leg
from fundapp.ledger.tables import Txn
from fundapp.portfolio.rules import BANK, correction_number
from fundapp.portfolio.tables import Award, CapitalCall, CapitalCallLine, PaymentCorrection, Tranche


@dataclass(frozen=True, slots=True)
class _Payment:
    """What is corrected, as it stands now.

    Attributes:
        award: The award it concerns; None for a cost of the fund.
        name: What the audit record calls it.
        first_day: The payment cannot have been made before.
        base: Key of the transaction that recorded it first.
        key: Key of the transaction that stands for it now.
    """

    award: Award | None
    name: str
    first_day: date | None
    base: str
    key: str
    amount_krw: int
    on: date
    tranche: Tranche | None = None
    line: CapitalCallLine | None = None


def draft_payment_correction(
    session: Session,
    *,
    tranche_id: uuid.UUID | None = None,
    line_id: uuid.UUID | None = None,
    amount_krw: int,
    effective_on: date,
    reason: str,
    actor: Viewer,
    at: datetime,
) -> str:
    """Draft the right amount and day of a paid tranche, or of a part of a received call; return its number.

    Args:
        session: A writing session.
        tranche_id: A tranche; or
        line_id: a line of a capital call.
        amount_krw: What was really paid.
        effective_on: The day it was really paid on.
        reason: What shows it: a bank statement, a letter.
        actor: Staff.
        at: Now.

    Raises:
        InvalidInputError: if nothing changes, or amount, day or reason cannot be.
        TransitionRefusedError: if it is not paid, or a correction of it waits already.
    """
    paid = _find(session, tranche_id, line_id, actor, Verb.PREPARE)
    if actor.person_id is None:
        raise FourEyesError
    _check(paid, amount_krw, effective_on, reason, kst_date(at))
    row = PaymentCorrection(
        id=new_id(),
        number=_next_number(session, kst_date(at).year),
        tranche_id=tranche_id,
        line_id=line_id,
        amount_krw=amount_krw,
        effective_on=effective_on,
        was_krw=paid.amount_krw,
        was_on=paid.on,
        replaces_key=paid.key,
        reason=reason.strip(),
        prepared_by_id=actor.person_id,
        prepared_at=at,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise TransitionRefusedError(thing="payment", state="drafted", verb="correct") from error
    _record(session, actor, "payment.correction_drafted", row, paid, at)
    return row.number


def approve_payment_correction(session: Session, *, number: str, actor: Viewer, at: datetime) -> None:
    """Approve a correction that somebody else drafted: what was recorded is reversed, what is right is posted.

    Both take effect on their own days where these are open, else on the first open day.

    Raises:
        FourEyesError: if the actor drafted it, or is no person.
        TransitionRefusedError: if it is not in state `drafted`.
        HeadroomExceededError: if the bank, the promise or the cost does not bear the right amount.
    """
    row, paid = _load(session, number, actor)
    _decide(session, row, actor, at, state="approved", txn_key=f"{paid.base}:{number}")
    for base, current, leg in _steps(row, paid):
        _replace(session, row, leg, base=base, current=current, actor=actor, at=at)
    if paid.tranche is not None:
        session.execute(
            update(Tranche)
            .where(Tranche.id == paid.tranche.id)
            .values(paid_krw=row.amount_krw, disbursed_on=row.effective_on)
        )
        session.refresh(paid.tranche)
    _record(session, actor, "payment.correction_approved", row, paid, at)


def return_payment_correction(session: Session, *, number: str, reason: str, actor: Viewer, at: datetime) -> None:
    """Send a drafted correction back, with the reason; it never posts.

    Raises:
        InvalidInputError: without a reason.
        FourEyesError: if the actor drafted it, or is no person.
        TransitionRefusedError: if it is not in state `drafted`.
    """
    if not reason.strip():
        raise _wrong("reason", "사유를 적어 주세요", "a reason is needed")
    row, paid = _load(session, number, actor)
    _decide(session, row, actor, at, state="returned", return_reason=reason.strip())
    _record(session, actor, "payment.correction_returned", row, paid, at)


def _check(paid: _Payment, amount_krw: int, on: date, reason: str, today: date) -> None:
    if amount_krw <= 0:
        raise _wrong("amount_krw", "0보다 커야 합니다", "must be above zero")
    if on > today:
        raise _wrong("effective_on", "오늘까지의 날짜여야 합니다", "not after today")
    if paid.first_day is not None and on < paid.first_day:
        raise _wrong("effective_on", f"{paid.first_day}부터의 날짜여야 합니다", f"not before {paid.first_day}")
    if (amount_krw, on) == (paid.amount_krw, paid.on):
        raise _wrong("amount_krw", "지금 기록과 같습니다", "this is what is on record")
    if not reason.strip():
        raise _wrong("reason", "근거를 적어 주세요", "say what it rests on")


def _find(
    session: Session, tranche_id: uuid.UUID | None, line_id: uuid.UUID | None, actor: Viewer, verb: Verb
) -> _Payment:
    """Return a payment as the newest approved correction left it."""
    require(actor, verb, Thing(Kind.AWARD))
    paid = _tranche(session, tranche_id) if tranche_id is not None else _line(session, line_id)
    if paid.award is not None:
        require(actor, verb, Thing(Kind.AWARD, paid.award.application_id, paid.award.company_id))
    return paid


def _tranche(session: Session, tranche_id: uuid.UUID) -> _Payment:
    tranche = session.get(Tranche, tranche_id, populate_existing=True)
    if tranche is None:
        raise NotFoundError(tranche=str(tranche_id))
    award = session.get_one(Award, tranche.award_id)
    if tranche.disbursed_on is None:
        raise TransitionRefusedError(thing="tranche", state=tranche.state, verb="correct")
    base = f"disbursement:{award.number}:{tranche.number}"
    newest = _newest(session, PaymentCorrection.tranche_id == tranche.id)
    return _Payment(
        award=award,
        name=f"{award.number}/{tranche.number}",
        first_day=award.signed_on,
        base=base,
        key=newest.txn_key or base if newest else base,
        amount_krw=newest.amount_krw if newest else tranche.amount_krw,
        on=newest.effective_on if newest else tranche.disbursed_on,
        tranche=tranche,
    )


def _line(session: Session, line_id: uuid.UUID | None) -> _Payment:
    row = session.execute(
        select(CapitalCallLine, CapitalCall, Award)
        .join(CapitalCall, CapitalCall.id == CapitalCallLine.call_id)
        .outerjoin(Tranche, Tranche.id == CapitalCallLine.tranche_id)
        .outerjoin(Award, Award.id == Tranche.award_id)
        .where(CapitalCallLine.id == line_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError(line=str(line_id))
    line, call = row[0], row[1]
    award: Award | None = row[2]
    if call.paid_on is None:
        raise TransitionRefusedError(thing="call", state=call.state, verb="correct")
    signed = award.signed_on if award else None
    newest = _newest(session, PaymentCorrection.line_id == line.id)
    return _Payment(
        award=award,
        name=f"{call.number}/{line.place}",
        first_day=signed if call.automatic else call.notice_on,
        base=line.txn_key,
        key=newest.txn_key or line.txn_key if newest else line.txn_key,
        amount_krw=newest.amount_krw if newest else line.amount_krw,
        on=newest.effective_on if newest else call.paid_on,
        line=line,
    )


def _newest(session: Session, of: object) -> PaymentCorrection | None:
    query = select(PaymentCorrection).where(of, PaymentCorrection.state == "approved")  # type: ignore[arg-type]
    return session.scalars(query.order_by(PaymentCorrection.decided_at.desc()).limit(1)).one_or_none()


def _steps(row: PaymentCorrection, paid: _Payment) -> list[tuple[str, str, Leg]]:
    """Return (first key, present key, right leg) of what is replaced: a cost was called and paid on at once."""
    amount = won(row.amount_krw)
    if paid.tranche is not None and paid.award is not None:
        return [(paid.base, paid.key, Leg(BANK, f"investment:{paid.award.number}", amount))]
    if paid.award is not None:
        return [(paid.base, paid.key, Leg(f"award:{paid.award.number}", BANK, amount))]
    line = paid.line
    expense = (line.expense if line else None) or ""
    paying = "fee" if expense == "management-fee" else "expense"
    called = (paid.base, paid.key, Leg(f"pool:{line.investor_code if line else ''}", BANK, amount))
    base, key = (f"{paying}:{one.removeprefix('capital_call:')}" for one in (paid.base, paid.key))
    passed_on = (base, key, Leg(BANK, f"expense:{expense}", amount))
    # The bank holds nothing of it in between, so whatever makes room there goes first.
    return [called, passed_on] if row.amount_krw >= row.was_krw else [passed_on, called]


def _replace(
    session: Session, row: PaymentCorrection, leg: Leg, *, base: str, current: str, actor: Viewer, at: datetime
) -> None:
    closed = find_closed_through(session)
    first_open = row.effective_on if closed is None else closed + timedelta(days=1)
    took_effect = session.scalars(select(Txn.effective_on).where(Txn.key == current)).one()
    open_account(session, BANK, "KRW", on=row.effective_on)
    replace(
        session,
        txn_key=current,
        reversed_on=took_effect if closed is None else max(took_effect, first_open),
        key=f"{base}:{row.number}",
        legs=[leg],
        effective_on=max(row.effective_on, first_open),
        actor=actor,
        at=at,
    )


def _load(session: Session, number: str, actor: Viewer) -> tuple[PaymentCorrection, _Payment]:
    require(actor, Verb.APPROVE, Thing(Kind.AWARD))
    row = session.scalars(select(PaymentCorrection).where(PaymentCorrection.number == number)).one_or_none()
    if row is None:
        raise NotFoundError(correction=number)
    paid = _find(session, row.tranche_id, row.line_id, actor, Verb.APPROVE)
    if actor.person_id is None or actor.person_id == row.prepared_by_id:
        raise FourEyesError
    return row, paid


def _decide(session: Session, row: PaymentCorrection, actor: Viewer, at: datetime, **changes: object) -> None:
    moved = session.execute(
        update(PaymentCorrection)
        .where(PaymentCorrection.id == row.id, PaymentCorrection.state == "drafted")
        .values(decided_by_id=actor.person_id, decided_at=at, **changes)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise TransitionRefusedError(thing="payment", state=row.state, verb=str(changes["state"]))
    session.refresh(row)


def _next_number(session: Session, year: int) -> str:
    newest = session.scalar(
        select(func.max(PaymentCorrection.number)).where(PaymentCorrection.number.startswith(f"PC-{year}-"))
    )
    return correction_number(year, 1 if newest is None else int(newest.rsplit("-", 1)[1]) + 1)


def _wrong(field: str, ko: str, en: str) -> InvalidInputError:
    return InvalidInputError(field=field, reason_ko=ko, reason_en=en)


def _record(session: Session, actor: Viewer, verb: str, row: PaymentCorrection, paid: _Payment, at: datetime) -> None:
    record_event(
        session,
        actor=actor,
        verb=verb,
        subject_kind="movement" if paid.award else "capital_call",
        subject=f"{paid.award.number}/{row.number}" if paid.award else paid.name,
        at=at,
        details={
            "of": paid.name,
            "krw": row.amount_krw,
            "was_krw": row.was_krw,
            "on": row.effective_on.isoformat(),
            "was_on": row.was_on.isoformat(),
            "reason": row.reason,
        },
    )
