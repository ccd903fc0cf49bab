"""Closing a quarter: gone through by one person, confirmed by another, sealed when all sides have signed the report.

There is one way to close. The last signature under the report and the second person's word lead to the same action
and the same checklist, whichever of them comes last; neither closes books that the checklist leaves open.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import FourEyesError, InvalidInputError, TransitionRefusedError
from fundapp.core.quarters import Quarter
from fundapp.core.sessions import RetryTransactionError
from fundapp.ledger.actions import close_books, halt_postings
from fundapp.ledger.tables import Period
from fundapp.reporting.close_checks import close_lines, closed_through
from fundapp.reporting.close_rules import EXPLAINABLE, Line, require_closable
from fundapp.reporting.sight import require_sight
from fundapp.reporting.tables import CloseNote, CloseStep

_SIGNED_LATER = frozenset({"report"})


def explain_line(session: Session, *, quarter: Quarter, item: str, note: str, actor: Viewer, at: datetime) -> None:
    """Write down why a line of the checklist may stay open; it counts while the very same things are missing.

    Raises:
        InvalidInputError: without a reason, or for a line that has to be met.
        TransitionRefusedError: if nothing is missing there, or the quarter is closed.
    """
    _require(session, Verb.EDIT, actor)
    if item not in EXPLAINABLE:
        raise InvalidInputError(field="item", reason_ko="설명으로 넘길 수 없는 항목입니다", reason_en="must be met")
    if not note.strip():
        raise InvalidInputError(field="note", reason_ko="사유를 적어 주세요", reason_en="a reason is needed")
    _require_open(session, quarter, "explain")
    line = next(one for one in close_lines(session, quarter, at=at) if one.key == item)
    if line.met:
        raise TransitionRefusedError(thing="close_line", state="met", verb="explain")
    session.add(
        CloseNote(
            quarter=str(quarter),
            item=item,
            found=line.found,
            note=note.strip(),
            noted_by=actor.name or actor.email,
            at=at,
        )
    )
    session.flush()
    _record(session, actor, "close.explained", quarter, at, item=item, missing=len(line.missing))


def prepare_close(session: Session, *, quarter: Quarter, actor: Viewer, at: datetime) -> None:
    """Vouch for a quarter's checklist; the report's signatures may still be on their way.

    Raises:
        FourEyesError: if the actor is no person.
        CloseRefusedError: naming what is open.
        TransitionRefusedError: if it has been prepared or closed.
    """
    _require(session, Verb.EDIT, actor)
    if actor.person_id is None:
        raise FourEyesError
    _require_open(session, quarter, "prepare")
    last = _latest_step(session, quarter)
    if last is not None and last.step in {"prepared", "confirmed"}:
        raise TransitionRefusedError(thing="close", state=last.step, verb="prepare")
    lines = close_lines(session, quarter, at=at)
    require_closable(quarter, lines, excused=_SIGNED_LATER)
    _step(session, quarter, "prepared", lines, actor=actor, at=at)


def withdraw_close(session: Session, *, quarter: Quarter, reason: str, actor: Viewer, at: datetime) -> None:
    """Take a preparation or a confirmation back, with the reason.

    Raises:
        InvalidInputError: without a reason.
        TransitionRefusedError: if nothing has been prepared, or the quarter is closed.
    """
    _require(session, Verb.EDIT, actor)
    if not reason.strip():
        raise InvalidInputError(field="reason", reason_ko="사유를 적어 주세요", reason_en="a reason is needed")
    _require_open(session, quarter, "withdraw")
    last = _latest_step(session, quarter)
    if last is None or last.step == "withdrawn":
        raise TransitionRefusedError(thing="close", state="open", verb="withdraw")
    _step(session, quarter, "withdrawn", (), actor=actor, at=at, reason=reason.strip())


def confirm_close(session: Session, *, quarter: Quarter, actor: Viewer, at: datetime) -> bool:
    """Confirm what another person prepared, and close if the report is signed; else the last signature closes.

    Returns:
        Whether the books are closed now.

    Raises:
        FourEyesError: if the actor is no person or prepared it.
        CloseRefusedError: naming what is open.
        TransitionRefusedError: if nothing has been prepared, or the quarter is closed.
    """
    halt_postings(session)
    _require(session, Verb.CLOSE, actor)
    _require_open(session, quarter, "confirm")
    last = _latest_step(session, quarter)
    if last is None or last.step not in {"prepared", "confirmed"}:
        raise TransitionRefusedError(thing="close", state="open", verb="confirm")
    prepared = _latest_step(session, quarter, step="prepared")
    if actor.person_id is None or prepared is None or prepared.person_id == actor.person_id:
        raise FourEyesError
    lines = close_lines(session, quarter, at=at)
    require_closable(quarter, lines, excused=_SIGNED_LATER)
    if last.step == "prepared":
        _step(session, quarter, "confirmed", lines, actor=actor, at=at)
    if not all(line.ok for line in lines):
        return False
    _close(session, quarter, lines, actor=actor, at=at)
    return True


def close_when_ready(session: Session, *, quarter: Quarter, actor: Viewer, at: datetime) -> bool:
    """Close a quarter that two people have gone through, if nothing is open any more; called at the last signature.

    Returns:
        Whether the books are closed now. What stands in the way is on the checklist.
    """
    require(actor, Verb.APPROVE, Thing(Kind.REPORT))
    closed = closed_through(session)
    if closed is not None and closed >= quarter.last_day:
        return True
    last = _latest_step(session, quarter)
    if last is None or last.step != "confirmed":
        return False
    lines = close_lines(session, quarter, at=at)
    if not all(line.ok for line in lines):
        return False
    _close(session, quarter, lines, actor=actor, at=at)
    return True


def _latest_step(session: Session, quarter: Quarter, *, step: str | None = None) -> CloseStep | None:
    """Return the newest step of a quarter's close, or the newest of one kind."""
    query = select(CloseStep).where(CloseStep.quarter == str(quarter)).order_by(CloseStep.number.desc()).limit(1)
    return session.scalars(query if step is None else query.where(CloseStep.step == step)).one_or_none()


def _require(session: Session, verb: Verb, actor: Viewer) -> None:
    require(actor, verb, Thing(Kind.LEDGER))
    require_sight(session, actor)


def _require_open(session: Session, quarter: Quarter, verb: str) -> None:
    closed = closed_through(session)
    if closed is not None and closed >= quarter.last_day:
        raise TransitionRefusedError(thing="close", state="closed", verb=verb)


def _close(session: Session, quarter: Quarter, lines: tuple[Line, ...], *, actor: Viewer, at: datetime) -> None:
    close_books(session, through=quarter.last_day, actor=actor, at=at)
    period = session.scalars(select(Period).where(Period.ends_on == quarter.last_day)).one()
    _step(session, quarter, "closed", lines, actor=actor, at=at, sha256=period.sha256)


def _step(
    session: Session,
    quarter: Quarter,
    step: str,
    lines: tuple[Line, ...],
    *,
    actor: Viewer,
    at: datetime,
    sha256: str | None = None,
    reason: str = "",
) -> None:
    last = _latest_step(session, quarter)
    document = {
        "lines": [{"key": line.key, "found": line.found, "met": line.met, "ok": line.ok} for line in lines],
        "reason": reason,
    }
    row = CloseStep(
        quarter=str(quarter),
        number=1 if last is None else last.number + 1,
        step=step,
        checklist=document,
        period_sha256=sha256,
        person_id=actor.person_id,
        taken_by=actor.name or actor.email,
        at=at,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:  # a rival took the same step first
        raise RetryTransactionError from error
    _record(session, actor, f"close.{step}", quarter, at, **({"sha256": sha256} if sha256 else {}))


def _record(session: Session, actor: Viewer, verb: str, quarter: Quarter, at: datetime, **details: object) -> None:
    record_event(
        session, actor=actor, verb=verb, subject_kind="quarter", subject=str(quarter), at=at, details=dict(details)
    )
