"""Asking for a closed ballot to be voted on again, and answering: two people."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.entrance import enter, require_person
from fundapp.committee.queries.ballot_state import is_standing
from fundapp.committee.tables import Ballot, Decision, Reopening
from fundapp.core.access import Kind, Role, Verb, Viewer
from fundapp.core.errors import FourEyesError, InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.intake.rules import advance


def ask_reopening(session: Session, *, ballot_id: uuid.UUID, reason: str, actor: Viewer, at: datetime) -> uuid.UUID:
    """Ask that a closed ballot be voted on again; a chair who is somebody else answers.

    Raises:
        NotFoundError: if the ballot is absent or the actor is recused, or neither votes nor proposes.
        InvalidInputError: without a reason.
        TransitionRefusedError: if its decision does not stand any more, the application has moved on, such as to an
            award, or somebody has asked already.
    """
    person_id, ballot = require_person(actor), session.get(Ballot, ballot_id)
    if ballot is None:
        raise NotFoundError(ballot=str(ballot_id))
    verb = Verb.PROPOSE if actor.has(Role.ANALYST) else Verb.VOTE
    application = enter(session, ballot.application_id, actor=actor, verb=verb, kind=Kind.BALLOT)
    if not reason.strip():
        raise InvalidInputError(field="reason", reason_ko="사유를 적어 주세요", reason_en="give a reason")
    decision_id = session.scalar(select(Decision.id).where(Decision.ballot_id == ballot_id))
    if decision_id is None or not is_standing(session, decision_id):
        raise TransitionRefusedError(thing="ballot", state=ballot.state, verb="reopen")
    advance(application.state, "reopen")
    asked = Reopening(
        ballot_id=ballot_id,
        reason=reason.strip(),
        asked_by_id=person_id,
        asked_by=actor.name or actor.email,
        asked_at=at,
    )
    try:
        with session.begin_nested():
            session.add(asked)
    except IntegrityError as error:
        raise TransitionRefusedError(thing="reopening", state="asked", verb="reopen") from error
    record_event(
        session, actor=actor, verb="ballot.reopening_asked", subject_kind="ballot", subject=str(ballot_id), at=at
    )
    return asked.id


def answer_reopening(
    session: Session, *, reopening_id: uuid.UUID, confirmed: bool, actor: Viewer, at: datetime
) -> uuid.UUID:
    """Confirm or decline that a ballot is voted on again; `allocation.actions.reopen_award` opens the new one.

    Returns:
        The closed ballot.

    Raises:
        NotFoundError: if it is absent or the actor is recused or does not chair.
        FourEyesError: if the actor asked for it.
        TransitionRefusedError: if it has been answered.
    """
    person_id, asked = require_person(actor), session.get(Reopening, reopening_id)
    if asked is None:
        raise NotFoundError(reopening=str(reopening_id))
    ballot = session.get_one(Ballot, asked.ballot_id)
    enter(session, ballot.application_id, actor=actor, verb=Verb.CLOSE, kind=Kind.BALLOT)
    if asked.asked_by_id == person_id:
        raise FourEyesError
    state = "confirmed" if confirmed else "declined"
    won = session.execute(
        update(Reopening)
        .where(Reopening.id == reopening_id, Reopening.state == "asked")
        .values(state=state, answered_by_id=person_id, answered_by=actor.name or actor.email, answered_at=at)
        .returning(Reopening.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if won is None:
        raise TransitionRefusedError(thing="reopening", state=asked.state, verb="reopen")
    session.expire(asked)
    record_event(
        session,
        actor=actor,
        verb=f"ballot.reopening_{state}",
        subject_kind="ballot",
        subject=str(ballot.id),
        at=at,
    )
    return ballot.id
