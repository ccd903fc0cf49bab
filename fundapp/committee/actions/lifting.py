"""Lifting a recusal that was declared by mistake: two people, a reason, and a record that stays."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.actions.figures import keep_figures
from fundapp.committee.entrance import enter, require_person
from fundapp.committee.tables import Challenge, Conflict, LiftRequest, Recusal, RecusalLift
from fundapp.core.access import Kind, Verb, Viewer
from fundapp.core.errors import ForbiddenError, FourEyesError, InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.intake.tables import Application


def ask_lift(session: Session, *, recusal_id: uuid.UUID, reason: str, actor: Viewer, at: datetime) -> uuid.UUID:
    """Ask that a recusal be lifted; somebody else decides.

    Args:
        session: A writing session.
        recusal_id: What to lift.
        reason: Why it was wrong; compulsory.
        actor: Who keeps the register; never the recused member.
        at: Now.

    Raises:
        NotFoundError: if it does not hold, or its application is out of sight.
        InvalidInputError: without a reason.
        TransitionRefusedError: if it is a pending challenge, which a vote decides, or was asked already.
    """
    recusal, application = _enter(session, recusal_id, actor)
    if not reason.strip():
        raise InvalidInputError(field="reason", reason_ko="사유를 적어 주세요", reason_en="give a reason")
    require_no_pending_challenge(session, recusal.id)
    request = LiftRequest(
        recusal_id=recusal.id,
        reason=reason.strip(),
        asked_by_id=require_person(actor),
        asked_by=actor.name or actor.email,
        asked_at=at,
    )
    try:
        with session.begin_nested():
            session.add(request)
    except IntegrityError as error:
        raise TransitionRefusedError(thing="lift_request", state="open", verb="lift") from error
    _record(session, "conflict.lift_asked", application, recusal.person_id, actor, at)
    return request.id


def decide_lift(session: Session, *, request_id: uuid.UUID, approve: bool, actor: Viewer, at: datetime) -> None:
    """Approve or refuse what another person asked for; an approved lift opens the case to the member again.

    Raises:
        NotFoundError: if there is no such request, or its application is out of sight.
        FourEyesError: if the actor asked for it.
        TransitionRefusedError: if it was decided already.
    """
    request = session.get(LiftRequest, request_id)
    if request is None:
        raise NotFoundError(request=str(request_id))
    recusal, application = _enter(session, request.recusal_id, actor)
    if request.asked_by_id == actor.person_id:
        raise FourEyesError
    state = "approved" if approve else "refused"
    won = session.execute(
        update(LiftRequest)
        .where(LiftRequest.id == request_id, LiftRequest.state == "open")
        .values(state=state, decided_by_id=actor.person_id, decided_by=actor.name or actor.email, decided_at=at)
        .returning(LiftRequest.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if won is None:
        raise TransitionRefusedError(thing="lift_request", state=request.state, verb="decide")
    if approve:
        lift = RecusalLift(
            recusal_id=recusal.id,
            reason=request.reason,
            asked_by_id=request.asked_by_id,
            asked_by=request.asked_by,
            decided_by_id=require_person(actor),
            decided_by=actor.name or actor.email,
            at=at,
        )
        write_lift(session, lift)
    verb = "conflict.lifted" if approve else "conflict.lift_refused"
    _record(session, verb, application, recusal.person_id, actor, at)


def write_lift(session: Session, lift: RecusalLift) -> None:
    """Write down that a recusal holds no longer.

    Raises:
        TransitionRefusedError: if it did not hold any more.
    """
    try:
        with session.begin_nested():
            session.add(lift)
    except IntegrityError as error:
        raise TransitionRefusedError(thing="recusal", state="lifted", verb="lift") from error
    # What the member had filed before counts again.
    keep_figures(session, [session.get_one(Recusal, lift.recusal_id).application_id])


def require_no_pending_challenge(session: Session, recusal_id: uuid.UUID) -> None:
    """Raise if the recusal is a challenge that waits for its vote.

    Raises:
        TransitionRefusedError: if so.
    """
    pending = select(Challenge.id).where(Challenge.recusal_id == recusal_id, Challenge.state == "pending")
    if session.scalar(pending) is not None:
        raise TransitionRefusedError(thing="challenge", state="pending", verb="lift")


def _enter(session: Session, recusal_id: uuid.UUID, actor: Viewer) -> tuple[Recusal, Application]:
    standing = session.scalar(select(Conflict.id).where(Conflict.id == recusal_id))
    recusal = session.get(Recusal, recusal_id)
    if standing is None or recusal is None:
        raise NotFoundError(recusal=str(recusal_id))
    application = enter(session, recusal.application_id, actor=actor, verb=Verb.RESOLVE, kind=Kind.CONFLICT)
    if recusal.person_id == require_person(actor):
        raise ForbiddenError(verb="lift", kind="conflict")
    return recusal, application


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
