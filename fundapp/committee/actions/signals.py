"""Answering what only suggests a conflict: a recusal confirms it, a reason dismisses it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.entrance import enter, require_person
from fundapp.committee.recording import Cause, find_standing, write_recusal
from fundapp.committee.tables import Signal, SignalAnswer
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.intake.tables import Application


def dismiss_signals(
    session: Session, *, application_id: uuid.UUID, person_id: uuid.UUID, reason: str, actor: Viewer, at: datetime
) -> None:
    """Say that what was found is no conflict. The same facts are not suggested again; new ones are.

    Args:
        session: A writing session.
        application_id: The application.
        person_id: The member it was suggested about.
        reason: Why it is none; compulsory.
        actor: The member, or who keeps the register.
        at: Now.

    Raises:
        NotFoundError: if the application is out of sight or nothing was suggested.
        InvalidInputError: without a reason.
        TransitionRefusedError: if somebody answered first.
    """
    application = _enter(session, application_id, person_id, actor)
    waiting = _waiting(session, application_id, person_id)
    if not reason.strip():
        raise InvalidInputError(field="reason", reason_ko="사유를 적어 주세요", reason_en="give a reason")
    _answer(session, waiting, "dismissed", reason.strip(), actor, at)
    _record(session, "conflict.dismissed", application, person_id, actor, at)


def confirm_signals(
    session: Session, *, application_id: uuid.UUID, person_id: uuid.UUID, reason: str, actor: Viewer, at: datetime
) -> None:
    """Say that what was found is a conflict: the member is recused, by themselves or by who keeps the register.

    Raises:
        NotFoundError: if the application is out of sight or nothing was suggested.
        InvalidInputError: without a reason.
        TransitionRefusedError: if somebody answered first.
    """
    application = _enter(session, application_id, person_id, actor)
    waiting = _waiting(session, application_id, person_id)
    if not reason.strip():
        raise InvalidInputError(field="reason", reason_ko="사유를 적어 주세요", reason_en="give a reason")
    _answer(session, waiting, "confirmed", reason.strip(), actor, at)
    if find_standing(session, application_id, person_id) is None:
        route = Cause("self_recusal" if actor.person_id == person_id else "disqualification", reason.strip())
        write_recusal(session, application, person_id, route, actor, at)


def _enter(session: Session, application_id: uuid.UUID, person_id: uuid.UUID, actor: Viewer) -> Application:
    own = require_person(actor) == person_id
    if not own:
        require(actor, Verb.RESOLVE, Thing(Kind.CONFLICT, application_id=application_id))
    return enter(session, application_id, actor=actor, verb=Verb.RECUSE, kind=Kind.APPLICATION)


def _waiting(session: Session, application_id: uuid.UUID, person_id: uuid.UUID) -> Sequence[Signal]:
    answered = select(SignalAnswer.id).where(SignalAnswer.signal_id == Signal.id).exists()
    found = session.scalars(
        select(Signal)
        .where(Signal.application_id == application_id, Signal.person_id == person_id, ~answered)
        .order_by(Signal.found_at, Signal.id)
    ).all()
    if not found:
        raise NotFoundError(application=str(application_id), person=str(person_id))
    return found


def _answer(
    session: Session, waiting: Sequence[Signal], outcome: str, reason: str, actor: Viewer, at: datetime
) -> None:
    try:
        with session.begin_nested():
            session.add_all(
                SignalAnswer(
                    signal_id=signal.id,
                    outcome=outcome,
                    reason=reason,
                    answered_by_id=actor.person_id,
                    answered_by=actor.name or actor.email,
                    at=at,
                )
                for signal in waiting
            )
    except IntegrityError as error:
        raise TransitionRefusedError(thing="signal", state="answered", verb="decide") from error


def _record(
    session: Session, verb: str, application: Application, person_id: uuid.UUID, actor: Viewer, at: datetime
) -> None:
    record_event(
        session,
        actor=actor,
        verb=verb,
        subject_kind="application",
        subject=application.number,
        at=at,
        details={"person_id": str(person_id)},
    )
