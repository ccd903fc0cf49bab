"""Calling cash from the investors: draft, issue, receive; and calls made on the spot."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from fundapp.allocation.actions import EXPENSES, charge_expense
from fundapp.allocation.tables import Investor
from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Role, Thing, Verb, Viewer, require
from fundapp.core.errors import FourEyesError, InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.orm import new_id
from fundapp.core.outbox import enqueue_mail
from fundapp.core.quantities import split_pro_rata, won
from fundapp.core.quarters import Quarter, kst_date
from fundapp.identity.tables import Person
from fundapp.identity.tables import Role as RoleRow
from fundapp.ledger.actions import open_account, post
from fundapp.ledger.queries import transfers
from fundapp.ledger.rules import Leg
from fundapp.portfolio.rules import BANK, TrancheNotReadyError, call_number, plan_calls, split_within
from fundapp.portfolio.tables import Award, CapitalCall, CapitalCallLine, Tranche


@dataclass(frozen=True, slots=True)
class ExpenseLine:
    """A cost of the fund that a call asks for: one of the known kinds, for a quarter."""

    expense: str
    quarter: Quarter
    amount_krw: int


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One investor's part of a tranche or a cost."""

    investor: str
    amount_krw: int
    txn_key: str
    tranche_id: uuid.UUID | None = None
    expense: str | None = None
    quarter: str | None = None


def draft_calls(
    session: Session,
    *,
    tranche_ids: Sequence[uuid.UUID],
    expenses: Sequence[ExpenseLine] = (),
    due_on: date,
    note: str = "",
    actor: Viewer,
    at: datetime,
) -> list[str]:
    """Draft one call for each cash investor, for tranches and costs; return their numbers.

    A tranche is split over the investors by what each promised to the award, never beyond it, a cost by their
    commitments; won that do not divide go to the largest remainders.

    Raises:
        InvalidInputError: if nothing is called, the call is due in the past, a cost is unknown or not positive, or
            what is left of the promises does not cover a tranche.
        TransitionRefusedError: if a tranche is paid or already called, or the quarter's cost has been called.
        NotFoundError: if a tranche is absent or out of sight.
    """
    require(actor, Verb.PREPARE, Thing(Kind.AWARD))
    today = kst_date(at)
    if actor.person_id is None:
        raise FourEyesError
    if not tranche_ids and not expenses:
        raise InvalidInputError(field="lines", reason_ko="부를 것을 골라 주세요", reason_en="choose what to call for")
    if due_on < today:
        raise InvalidInputError(field="due_on", reason_ko="납입 기한이 지났습니다", reason_en="the due date is past")
    wanted: list[_Wanted] = []
    for one in dict.fromkeys(tranche_ids):
        wanted += _tranche_parts(session, one, wanted, actor)
    for line in expenses:
        _require_uncalled(session, line)
        wanted += _expense_parts(session, line)
    numbers = []
    for investor in sorted({part.investor for part in wanted}):
        call = CapitalCall(
            id=new_id(),
            number=_next_number(session, today.year),
            investor_code=investor,
            notice_on=today,
            due_on=due_on,
            note=note.strip() or None,
            prepared_by_id=actor.person_id,
            prepared_at=at,
        )
        _add(session, call, [part for part in wanted if part.investor == investor])
        _record(session, actor, "capital_call.drafted", call.number, at, investor=investor, due_on=due_on.isoformat())
        numbers.append(call.number)
    return numbers


def issue_call(session: Session, *, number: str, actor: Viewer, at: datetime) -> None:
    """Issue a drafted call: its investor's people are written to.

    Raises:
        FourEyesError: if the actor drafted it, or is no person.
        TransitionRefusedError: if it is not in state `drafted`.
        InvalidInputError: if its due date has passed meanwhile.
    """
    call = _load(session, number, actor, Verb.APPROVE)
    if actor.person_id is None or actor.person_id == call.prepared_by_id:
        raise FourEyesError
    today = kst_date(at)
    if call.due_on < today:
        raise InvalidInputError(field="due_on", reason_ko="납입 기한이 지났습니다", reason_en="the due date is past")
    _move(session, call, "drafted", state="issued", issued_by_id=actor.person_id, issued_at=at, notice_on=today)
    _notify(session, call, at)
    _record(session, actor, "capital_call.issued", number, at)


def cancel_call(session: Session, *, number: str, reason: str, actor: Viewer, at: datetime) -> None:
    """Take back a call that has not been paid, with the reason; what it asked for can be called again.

    Raises:
        InvalidInputError: without a reason.
        TransitionRefusedError: if it is paid or cancelled.
    """
    if not reason.strip():
        raise InvalidInputError(field="reason", reason_ko="사유를 적어 주세요", reason_en="a reason is needed")
    call = _load(session, number, actor, Verb.APPROVE)
    if call.state not in {"drafted", "issued"}:
        raise TransitionRefusedError(thing="call", state=call.state, verb="cancel")
    _move(session, call, call.state, state="cancelled", note=reason.strip())
    session.execute(update(CapitalCallLine).where(CapitalCallLine.call_id == call.id).values(cancelled_at=at))
    _record(session, actor, "capital_call.cancelled", number, at, reason=reason)


def receive_call(session: Session, *, number: str, paid_on: date, actor: Viewer, at: datetime) -> None:
    """Record that a call was paid in, with its value date; costs among its lines are paid on at once.

    Raises:
        TransitionRefusedError: if it is not in state `issued`.
        InvalidInputError: for a value date before the notice or after today.
        LedgerRefusedError: if the value date lies in closed books.
    """
    call = _load(session, number, actor, Verb.APPROVE)
    if actor.person_id is None:
        raise FourEyesError
    if not call.notice_on <= paid_on <= kst_date(at):
        raise InvalidInputError(
            field="paid_on",
            reason_ko=f"통지일({call.notice_on})부터 오늘까지의 날짜여야 합니다",
            reason_en=f"must be from the notice on {call.notice_on} to today",
        )
    _move(session, call, "issued", state="paid", paid_on=paid_on, received_by_id=actor.person_id)
    rows = session.execute(
        select(CapitalCallLine, Award.number)
        .outerjoin(Tranche, Tranche.id == CapitalCallLine.tranche_id)
        .outerjoin(Award, Award.id == Tranche.award_id)
        .where(CapitalCallLine.call_id == call.id)
        .order_by(CapitalCallLine.place)
    ).all()
    for line, award in rows:
        _receive(session, line, award, on=paid_on, actor=actor, at=at)
    _record(session, actor, "capital_call.paid", number, at, paid_on=paid_on.isoformat())


def call_expense(
    session: Session,
    *,
    expense: str,
    quarter: Quarter,
    amount_krw: int,
    effective_on: date,
    actor: Viewer,
    at: datetime,
) -> None:
    """Call a cost of the fund from its cash investors on the spot and pay it; a repeat changes nothing.

    Raises:
        InvalidInputError: for an unknown cost or an amount that is not positive.
        TransitionRefusedError: if a call for it is waiting to be paid.
    """
    require(actor, Verb.APPROVE, Thing(Kind.AWARD))
    key = (CapitalCallLine.expense == expense, CapitalCallLine.quarter == str(quarter))
    known = session.scalars(select(CapitalCallLine).where(*key, CapitalCallLine.cancelled_at.is_(None))).all()
    paid = session.scalars(
        select(CapitalCall.id).where(CapitalCall.id.in_([one.call_id for one in known]), CapitalCall.state == "paid")
    ).all()
    if known:
        if len(paid) < len({one.call_id for one in known}) or sum(one.amount_krw for one in known) != amount_krw:
            raise TransitionRefusedError(thing="expense", state="called", verb="call")
        return
    for part in _expense_parts(session, ExpenseLine(expense, quarter, amount_krw)):
        _add_paid(session, [part], on=effective_on, prepared_by=actor.person_id, actor=actor, at=at)
        _charge(session, part.investor, expense, quarter, part.amount_krw, on=effective_on, actor=actor, at=at)


def cover_tranche(session: Session, *, tranche: Tranche, award: Award, on: date, actor: Viewer, at: datetime) -> None:
    """See that a tranche's cash is in the bank: what no paid call covers is called and paid on the spot.

    Raises:
        TrancheNotReadyError: if a call for it is waiting to be issued or paid.
    """
    require(actor, Verb.APPROVE, Thing(Kind.TRANCHE, award.application_id, award.company_id))
    waiting = session.scalars(
        select(CapitalCall.number)
        .join(CapitalCallLine, CapitalCallLine.call_id == CapitalCall.id)
        .where(CapitalCallLine.tranche_id == tranche.id, CapitalCall.state.in_(("drafted", "issued")))
        .order_by(CapitalCall.number)
    ).all()
    if waiting:
        raise TrancheNotReadyError(
            number=tranche.number,
            reason_ko=f"출자 요청 {', '.join(waiting)}의 납입을 기다립니다",
            reason_en=f"capital call {', '.join(waiting)} has not been paid",
        )
    for part in _missing_parts(session, tranche, award):
        _add_paid(session, [part], on=on, prepared_by=tranche.prepared_by_id, actor=actor, at=at)
        leg = Leg(f"award:{award.number}", BANK, won(part.amount_krw))
        _post_call(session, part.txn_key, leg, f"award:{award.number}", on=on, actor=actor, at=at)


def _tranche_parts(session: Session, tranche_id: uuid.UUID, ahead: Sequence[_Wanted], actor: Viewer) -> list[_Wanted]:
    row = session.execute(
        select(Tranche, Award).join(Award, Award.id == Tranche.award_id).where(Tranche.id == tranche_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError
    tranche, award = row
    require(actor, Verb.PREPARE, Thing(Kind.AWARD, award.application_id, award.company_id))
    parts = _missing_parts(session, tranche, award, ahead)
    if tranche.state == "disbursed" or not parts:
        raise TransitionRefusedError(thing="tranche", state=tranche.state, verb="call")
    return parts


def _missing_parts(session: Session, tranche: Tranche, award: Award, ahead: Sequence[_Wanted] = ()) -> list[_Wanted]:
    """Return what of a tranche nobody has been asked for yet, by investor; `ahead` is asked for in the same breath."""
    promised = load_funding(session, award.number)
    schedule = session.execute(select(Tranche).where(Tranche.award_id == award.id)).scalars().all()
    asked = session.execute(
        select(CapitalCallLine.investor_code, CapitalCallLine.tranche_id, CapitalCallLine.amount_krw)
        .join(Tranche, Tranche.id == CapitalCallLine.tranche_id)
        .where(Tranche.award_id == award.id, CapitalCallLine.cancelled_at.is_(None))
    )
    own = {one.id for one in schedule}
    lines = [(code, tranche_id, krw) for code, tranche_id, krw in asked]
    lines += [(one.investor, one.tranche_id, one.amount_krw) for one in ahead if one.tranche_id in own]
    missing, done, left = tranche.amount_krw, set(), dict(promised)
    for investor, tranche_id, amount in lines:
        left[investor] = left.get(investor, 0) - amount
        if tranche_id == tranche.id:
            missing -= amount
            done.add(investor)
    if missing <= 0:
        return []
    plan = plan_calls({one.number: one.amount_krw for one in schedule}, promised)[tranche.number]
    base = f"capital_call:{award.number}:{tranche.number}"
    free = {code: amount for code, amount in left.items() if code not in done}
    return [
        _Wanted(code, part, base if len(promised) == 1 else f"{base}:{code}", tranche_id=tranche.id)
        for code, part in split_within(missing, plan, free).items()
    ]


def load_funding(session: Session, number: str) -> dict[str, int]:
    """Return what each cash investor's promise gave to an award, in won by code."""
    account = f"award:{number}"
    given: dict[str, int] = defaultdict(int)
    for row in transfers(session, account=account):
        if row.commodity != "KRW":
            continue
        if row.debit.startswith("pool:"):
            given[row.debit.removeprefix("pool:")] += row.amount
        elif row.credit.startswith("pool:"):
            given[row.credit.removeprefix("pool:")] -= row.amount
    return {code: amount for code, amount in sorted(given.items()) if amount > 0}


def _require_uncalled(session: Session, line: ExpenseLine) -> None:
    """Refuse a cost of a quarter that the investors have been asked for already."""
    known = session.scalar(
        select(CapitalCallLine.id)
        .where(
            CapitalCallLine.expense == line.expense,
            CapitalCallLine.quarter == str(line.quarter),
            CapitalCallLine.cancelled_at.is_(None),
        )
        .limit(1)
    )
    if known is not None:
        raise TransitionRefusedError(thing="expense", state="called", verb="call")


def _expense_parts(session: Session, line: ExpenseLine) -> list[_Wanted]:
    if line.expense not in EXPENSES or line.amount_krw <= 0:
        raise InvalidInputError(
            field="expense", reason_ko="비용과 금액을 확인해 주세요", reason_en="check cost and amount"
        )
    investors = session.scalars(select(Investor).where(Investor.kind == "cash"))
    committed = {investor.code: investor.committed_krw for investor in investors}
    if not any(committed.values()):
        raise NotFoundError(investor="cash")
    return [
        _Wanted(
            investor,
            part,
            f"capital_call:{line.expense}:{investor}:{line.quarter}",
            expense=line.expense,
            quarter=str(line.quarter),
        )
        for investor, part in split_pro_rata(line.amount_krw, committed).items()
    ]


def _receive(
    session: Session, line: CapitalCallLine, award: str | None, *, on: date, actor: Viewer, at: datetime
) -> None:
    if award is not None:
        leg = Leg(f"award:{award}", BANK, won(line.amount_krw))
        _post_call(session, line.txn_key, leg, f"award:{award}", on=on, actor=actor, at=at)
        return
    quarter = Quarter.parse(line.quarter or "")
    _charge(session, line.investor_code, line.expense or "", quarter, line.amount_krw, on=on, actor=actor, at=at)


def _charge(
    session: Session,
    investor: str,
    expense: str,
    quarter: Quarter,
    krw: int,
    *,
    on: date,
    actor: Viewer,
    at: datetime,
) -> None:
    charge_expense(
        session,
        investor=investor,
        expense=expense,
        quarter=quarter,
        amount=won(krw),
        effective_on=on,
        actor=actor,
        at=at,
    )


def _post_call(session: Session, key: str, leg: Leg, ref: str, *, on: date, actor: Viewer, at: datetime) -> None:
    open_account(session, BANK, "KRW", on=on)
    post(session, key=key, kind="capital_call", legs=[leg], effective_on=on, actor=actor, at=at, source_ref=ref)


def _add_paid(
    session: Session,
    parts: Sequence[_Wanted],
    *,
    on: date,
    prepared_by: uuid.UUID | None,
    actor: Viewer,
    at: datetime,
) -> None:
    call = CapitalCall(
        id=new_id(),
        number=_next_number(session, on.year),
        investor_code=parts[0].investor,
        notice_on=on,
        due_on=on,
        state="paid",
        automatic=True,
        prepared_by_id=prepared_by,
        prepared_at=at,
        issued_by_id=actor.person_id,
        issued_at=at,
        received_by_id=actor.person_id,
        paid_on=on,
    )
    _add(session, call, parts)


def _add(session: Session, call: CapitalCall, parts: Sequence[_Wanted]) -> None:
    session.add(call)
    session.flush()
    session.add_all(
        CapitalCallLine(
            call_id=call.id,
            place=place,
            investor_code=part.investor,
            tranche_id=part.tranche_id,
            expense=part.expense,
            quarter=part.quarter,
            amount_krw=part.amount_krw,
            txn_key=part.txn_key,
        )
        for place, part in enumerate(parts, start=1)
    )
    session.flush()


def _next_number(session: Session, year: int) -> str:
    newest = session.scalar(select(func.max(CapitalCall.number)).where(CapitalCall.number.startswith(f"CC-{year}-")))
    return call_number(year, 1 if newest is None else int(newest.rsplit("-", 1)[1]) + 1)


def _load(session: Session, number: str, actor: Viewer, verb: Verb) -> CapitalCall:
    require(actor, verb, Thing(Kind.AWARD))
    call = session.scalars(select(CapitalCall).where(CapitalCall.number == number)).one_or_none()
    if call is None:
        raise NotFoundError(call=number)
    awards = session.execute(
        select(Award.application_id, Award.company_id)
        .join(Tranche, Tranche.award_id == Award.id)
        .join(CapitalCallLine, CapitalCallLine.tranche_id == Tranche.id)
        .where(CapitalCallLine.call_id == call.id)
    )
    for application_id, company_id in awards:
        require(actor, verb, Thing(Kind.AWARD, application_id, company_id))
    return call


def _move(session: Session, call: CapitalCall, expected: str, **changes: object) -> None:
    moved = session.execute(
        update(CapitalCall).where(CapitalCall.id == call.id, CapitalCall.state == expected).values(**changes)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise TransitionRefusedError(thing="call", state=call.state, verb=str(changes["state"]))
    session.refresh(call)


def _notify(session: Session, call: CapitalCall, at: datetime) -> None:
    lines = session.execute(
        select(CapitalCallLine, Award.number, Tranche.number)
        .outerjoin(Tranche, Tranche.id == CapitalCallLine.tranche_id)
        .outerjoin(Award, Award.id == Tranche.award_id)
        .where(CapitalCallLine.call_id == call.id)
        .order_by(CapitalCallLine.place)
    ).all()
    total = sum(line.amount_krw for line, _, _ in lines)
    listed = [
        f"- {f'{award} {place}차' if award else f'{line.quarter} {line.expense}'}: {line.amount_krw:,}원"
        for line, award, place in lines
    ]
    body = [
        f"출자 요청 {call.number}",
        f"납입 기한 {call.due_on}",
        f"합계 {total:,}원",
        "",
        *listed,
        "",
        f"Capital call {call.number}: KRW {total:,}, due {call.due_on}.",
    ]
    people = session.execute(
        select(Person.id, Person.email)
        .where(
            Person.investor == call.investor_code,
            Person.active.is_(True),
            Person.roles.any(RoleRow.name == str(Role.PARTNER)),
        )
        .order_by(Person.email)
    )
    for person_id, email in people:
        enqueue_mail(
            session,
            dedupe_key=f"capital-call:{call.number}:{person_id}",
            recipient=email,
            subject=f"출자 요청 {call.number} · {call.due_on}까지 {total:,}원",
            body="\n".join(body),
            at=at,
        )


def _record(session: Session, actor: Viewer, verb: str, number: str, at: datetime, **details: object) -> None:
    record_event(
        session, actor=actor, verb=verb, subject_kind="capital_call", subject=number, at=at, details=dict(details)
    )
