"""Opening a call with its terms of review, fixing them, and going from phase to phase."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.fixing import find_frozen, find_present_step, freeze_terms, terms_sha256
from fundapp.committee.queries.phases import load_terms
from fundapp.committee.rules import ballot_rule, require_committee_terms
from fundapp.committee.rules.terms import Phase, PhaseBegunError, ReviewTerms, review_terms
from fundapp.committee.tables import Assignment, Review, ReviewPhaseStep
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import InvalidInputError, NotFoundError
from fundapp.core.idempotency import once
from fundapp.core.sessions import RetryTransactionError
from fundapp.intake import actions as intake
from fundapp.intake.actions import OpenedCall
from fundapp.intake.form import parse_form
from fundapp.intake.tables import Application, Call


def open_call(session: Session, *, actor: Viewer, at: datetime, document: dict[str, Any], text: str) -> OpenedCall:
    """Open a call, or bring an open one to a changed document, with what the committee works by checked first.

    Args:
        session: The session.
        actor: An analyst or administrator.
        at: Now.
        document: The call as `call_file.read_call_file` gives it.
        text: What the document's hash is taken of.

    Raises:
        InvalidInputError: naming the key that cannot be used, or `review` where a change comes after reviews opened.
    """
    require(actor, Verb.EDIT, Thing(Kind.CALL))
    terms = review_terms(document)
    _require_questions(terms, document)
    ballot_rule(document)
    require_committee_terms(document)
    call = session.scalar(select(Call).where(Call.code == document.get("code")))
    if call is not None:
        if _reviews_opened(session, call.id):
            freeze_terms(session, call.id, actor=actor, at=at)
        _require_unchanged(session, call.id, terms)
    opened = intake.open_call(session, actor=actor, at=at, document=document, text=text)
    call = session.scalars(select(Call).where(Call.code == opened.code)).one()
    present = find_present_step(session, call.id)
    first = terms.phases[0]
    if present is None or (find_frozen(session, call.id) is None and _says(present) != _rules(first)):
        _begin(session, call, first, step=present.step + 1 if present else 1, reason=None, actor=actor, at=at)
    return opened


def _require_questions(terms: ReviewTerms, document: Mapping[str, Any]) -> None:
    known = parse_form(document).fields
    for key in terms.masked:
        if key not in known:
            raise InvalidInputError(
                field="review.masked", reason_ko=f"없는 문항입니다: {key}", reason_en=f"there is no question {key}"
            )


def _reviews_opened(session: Session, call_id: uuid.UUID) -> bool:
    return any(
        session.scalar(select(exists().where(Application.call_id == call_id, table.application_id == Application.id)))
        for table in (Assignment, Review)
    )


def _require_unchanged(session: Session, call_id: uuid.UUID, terms: ReviewTerms) -> None:
    frozen = find_frozen(session, call_id)
    if frozen is not None and frozen.sha256 != terms_sha256(terms):
        raise InvalidInputError(
            field="review",
            reason_ko="심사가 열린 공모의 심사 기준과 단계는 바꿀 수 없습니다",
            reason_en="criteria, official score and phases are fixed once reviews are open",
        )


def move_phase(
    session: Session, *, call_code: str, phase: str, reason: str, key: str, actor: Viewer, at: datetime
) -> None:
    """Let a later phase of a call's review begin, by the secretary's hand.

    Raises:
        NotFoundError: if there is no such call.
        InvalidInputError: if the phase is unknown, or no reason is given.
        PhaseBegunError: if the phase has begun or is over.
    """
    require(actor, Verb.EDIT, Thing(Kind.CALL))
    call = session.scalar(select(Call).where(Call.code == call_code))
    if call is None:
        raise NotFoundError(call=call_code)
    terms = load_terms(session, call.id)
    chosen = terms.find_phase(phase)
    if chosen is None:
        raise InvalidInputError(field="phase", reason_ko="없는 단계입니다", reason_en="there is no such phase")
    if not reason.strip():
        raise InvalidInputError(field="reason", reason_ko="사유를 적어 주세요", reason_en="give a reason")

    def work() -> dict[str, Any]:
        present = find_present_step(session, call.id)
        standing = terms.find_phase(present.key) if present else None
        if terms.phases.index(chosen) <= terms.phases.index(standing or terms.phases[0]):
            raise PhaseBegunError(state="begun", verb="move_phase")
        step = present.step + 1 if present else 1
        _begin(session, call, chosen, step=step, reason=reason.strip(), actor=actor, at=at)
        return {"step": step}

    request = {"call": call_code, "phase": phase, "reason": reason}
    once(session, key=key, verb="review.move_phase", request=request, at=at, work=work)


def move_due_phases(session: Session, *, actor: Viewer, at: datetime) -> int:
    """Begin the phases whose day has come; return how many. What the secretary moved ahead stays ahead."""
    require(actor, Verb.EDIT, Thing(Kind.CALL))
    moved = 0
    for call in session.scalars(select(Call).order_by(Call.code)):
        terms = load_terms(session, call.id)
        if not terms.dated:
            continue
        present = find_present_step(session, call.id)
        standing = terms.find_phase(present.key) if present else None
        due = terms.phase_due(at)
        if terms.phases.index(due) > terms.phases.index(standing or terms.phases[0]):
            _begin(session, call, due, step=present.step + 1 if present else 1, reason=None, actor=actor, at=at)
            moved += 1
    return moved


def _begin(
    session: Session, call: Call, phase: Phase, *, step: int, reason: str | None, actor: Viewer, at: datetime
) -> None:
    names, others, machine, may_review = _rules(phase)[1:]
    row = ReviewPhaseStep(
        call_id=call.id,
        step=step,
        key=phase.key,
        names=names,
        others=others,
        machine=machine,
        may_review=may_review,
        moved_by=actor.name or actor.email,
        reason=reason,
        at=at,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        # Somebody else moved it first: look again at where it is.
        raise RetryTransactionError from error
    record_event(
        session,
        actor=actor,
        verb="review.phase_began",
        subject_kind="call",
        subject=call.code,
        at=at,
        details={"phase": phase.key, "step": step},
    )


def _rules(phase: Phase) -> tuple[str, str, str, str, bool]:
    return phase.key, phase.names, phase.others, phase.machine, phase.may_review


def _says(step: ReviewPhaseStep) -> tuple[str, str, str, str, bool]:
    return step.key, step.names, step.others, step.machine, step.may_review
