"""Fair-value marks, by two people: one prepares, another approves or sends back."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import FourEyesError, InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.orm import new_id
from fundapp.core.quarters import Quarter, kst_date
from fundapp.identity.tables import Person
from fundapp.ledger.queries import find_closed_through
from fundapp.portfolio.actions.events import record
from fundapp.portfolio.queries.marks import load_history
from fundapp.portfolio.rules import TECHNIQUES, Mark, check_mark
from fundapp.portfolio.tables import Award, Tranche, Valuation, ValuationDraft


def prepare_valuation(
    session: Session, *, award_id: uuid.UUID, quarter: Quarter, mark: Mark, actor: Viewer, at: datetime
) -> uuid.UUID:
    """Propose a fair value at a quarter's end; return the draft. Somebody else approves it.

    Raises:
        FourEyesError: if the preparer is no person.
        InvalidInputError: naming what is missing, see `rules.check_mark`; or for a quarter that has not begun or is
            closed.
        TransitionRefusedError: if a mark for this quarter is waiting already.
    """
    award = session.get(Award, award_id)
    if award is None:
        raise NotFoundError
    require(actor, Verb.PREPARE, Thing(Kind.AWARD, award.application_id, award.company_id))
    if actor.person_id is None:
        raise FourEyesError
    if quarter.first_day > kst_date(at):
        raise InvalidInputError(field="quarter", reason_ko="아직 시작하지 않은 분기입니다", reason_en="has not begun")
    _require_open(session, quarter)
    earlier = [(known, value) for known, value in load_history(session, award_id) if known < quarter]
    change, inputs = check_mark(mark, quarter=quarter, entered=_entered(session, award), history=earlier)
    draft = ValuationDraft(
        id=new_id(),
        award_id=award_id,
        quarter=str(quarter),
        fair_value_krw=mark.fair_value_krw,
        technique=mark.technique,
        inputs=list(inputs),
        milestone_status=mark.milestone_status.strip(),
        round_price_krw=mark.round_price_krw,
        round_new_bp=mark.round_new_bp,
        calibration_note=mark.calibration_note.strip(),
        change_krw=change,
        change_reason=mark.change_reason.strip(),
        prepared_by_id=actor.person_id,
        prepared_at=at,
    )
    try:
        with session.begin_nested():
            session.add(draft)
    except IntegrityError as error:
        raise TransitionRefusedError(thing="valuation", state="prepared", verb="prepare") from error
    record(session, actor, "valuation.prepared", award.number, at, quarter=str(quarter), krw=mark.fair_value_krw)
    return draft.id


def approve_valuation(session: Session, *, draft_id: uuid.UUID, actor: Viewer, at: datetime) -> int:
    """Approve a prepared mark: it is appended for its quarter; return its version. The newest version counts.

    Raises:
        FourEyesError: if the approver prepared it, or is no person.
        InvalidInputError: if the quarter has been closed since.
        TransitionRefusedError: if it is not in state `prepared`.
    """
    draft, award = _load(session, draft_id, actor)
    _require_open(session, Quarter.parse(draft.quarter))
    people = session.execute(
        select(Person.id, Person.name).where(Person.id.in_([draft.prepared_by_id, actor.person_id]))
    )
    names: dict[uuid.UUID | None, str] = {person_id: name for person_id, name in people}  # noqa: C416 - typed rows
    known = session.scalar(
        select(func.max(Valuation.version)).where(Valuation.award_id == award.id, Valuation.quarter == draft.quarter)
    )
    valuation = Valuation(
        id=new_id(),
        award_id=award.id,
        quarter=draft.quarter,
        version=(known or 0) + 1,
        fair_value_krw=draft.fair_value_krw,
        technique=TECHNIQUES[draft.technique][0],
        note=draft.change_reason or draft.calibration_note,
        prepared_by=_signature(names, draft.prepared_by_id, actor.person_id),
        approved_by=names.get(actor.person_id, ""),
        at=at,
        inputs=draft.inputs,
        calibration_note=draft.calibration_note,
        change_reason=draft.change_reason,
        prepared_by_id=draft.prepared_by_id,
        approved_by_id=actor.person_id,
    )
    session.add(valuation)
    session.flush()
    _decide(session, draft, actor, at, state="approved", valuation_id=valuation.id)
    record(session, actor, "valuation.approved", award.number, at, quarter=draft.quarter, krw=draft.fair_value_krw)
    return valuation.version


def return_valuation(session: Session, *, draft_id: uuid.UUID, reason: str, actor: Viewer, at: datetime) -> None:
    """Send a prepared mark back to its preparer, with the reason.

    Raises:
        InvalidInputError: without a reason.
        FourEyesError: if the actor prepared it, or is no person.
        TransitionRefusedError: if it is not in state `prepared`.
    """
    if not reason.strip():
        raise InvalidInputError(field="reason", reason_ko="사유를 적어 주세요", reason_en="a reason is needed")
    draft, award = _load(session, draft_id, actor)
    _decide(session, draft, actor, at, state="returned", return_reason=reason.strip())
    record(session, actor, "valuation.returned", award.number, at, quarter=draft.quarter, reason=reason.strip())


def _require_open(session: Session, quarter: Quarter) -> None:
    """Refuse a mark for closed books: what all sides have signed keeps its values."""
    closed = find_closed_through(session, hold=True)
    if closed is not None and quarter.last_day <= closed:
        raise InvalidInputError(
            field="quarter",
            reason_ko=f"{quarter}은 마감되어 평가를 더할 수 없습니다. 열린 분기에 적어 주세요",
            reason_en=f"{quarter} is closed and takes no more marks: enter it for an open quarter",
        )


def _entered(session: Session, award: Award) -> Quarter:
    first = session.scalar(select(func.min(Tranche.disbursed_on)).where(Tranche.award_id == award.id))
    return Quarter.of_date(first or award.signed_on)


def _signature(names: dict[uuid.UUID | None, str], preparer: uuid.UUID, approver: uuid.UUID | None) -> str:
    """Name the preparer; two people of one name stay two in the record."""
    name = names.get(preparer, "")
    return f"{name} ({str(preparer)[-4:]})" if name == names.get(approver, "") else name


def _load(session: Session, draft_id: uuid.UUID, actor: Viewer) -> tuple[ValuationDraft, Award]:
    row = session.execute(
        select(ValuationDraft, Award)
        .join(Award, Award.id == ValuationDraft.award_id)
        .where(ValuationDraft.id == draft_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError
    draft, award = row
    require(actor, Verb.APPROVE, Thing(Kind.AWARD, award.application_id, award.company_id))
    if actor.person_id is None or actor.person_id == draft.prepared_by_id:
        raise FourEyesError
    if draft.state != "prepared":
        raise TransitionRefusedError(thing="valuation", state=draft.state, verb="approve")
    return draft, award


def _decide(session: Session, draft: ValuationDraft, actor: Viewer, at: datetime, **changes: Any) -> None:  # noqa: ANN401 - columns
    moved = session.execute(
        update(ValuationDraft)
        .where(ValuationDraft.id == draft.id, ValuationDraft.state == "prepared")
        .values(decided_by_id=actor.person_id, decided_at=at, **changes)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise TransitionRefusedError(thing="valuation", state=draft.state, verb=str(changes["state"]))
    session.refresh(draft)
