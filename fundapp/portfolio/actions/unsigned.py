"""Decisions that never become an award: what they hold is freed."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.queries.ballot_state import is_standing
from fundapp.committee.tables import Ballot, Decision
from fundapp.core.access import Kind, Thing, Verb, Viewer, may
from fundapp.core.errors import ForbiddenError, InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.quarters import kst_date
from fundapp.intake.actions import move_application
from fundapp.intake.tables import Application
from fundapp.ledger.actions import void_hold
from fundapp.ledger.queries import find_holds
from fundapp.portfolio.usage import open_day


def release_unsigned(session: Session, *, decision_id: uuid.UUID, reason: str, actor: Viewer, at: datetime) -> int:
    """Let a carried decision lapse that nobody signs: its holds are void and its application is withdrawn.

    Args:
        session: A writing session.
        decision_id: The carried decision.
        reason: Why, such as that the company declined.
        actor: Finance or the chair.
        at: Now.

    Returns:
        How many holds were freed.

    Raises:
        NotFoundError: if there is no such decision or the actor may not do this.
        InvalidInputError: without a reason.
        TransitionRefusedError: if it was not carried, or has been signed or released.
    """
    found = session.execute(
        select(Decision, Application)
        .join(Application, Application.id == Decision.application_id)
        .where(Decision.id == decision_id)
    ).one_or_none()
    if found is None:
        raise NotFoundError(decision=str(decision_id))
    decision, application = found
    award, vote = (Thing(kind, application.id, application.company_id) for kind in (Kind.AWARD, Kind.BALLOT))
    if not (may(actor, Verb.SIGN, award) or may(actor, Verb.CLOSE, vote)):
        raise ForbiddenError(verb="lapse", kind="decision")
    if not reason.strip():
        raise InvalidInputError(field="reason", reason_ko="사유를 적어 주세요", reason_en="give a reason")
    if decision.outcome != "carried":
        raise TransitionRefusedError(thing="decision", state=decision.outcome, verb="lapse")
    if not is_standing(session, decision_id):
        raise TransitionRefusedError(thing="decision", state="reopened", verb="lapse")
    move_application(session, application, "lapse", actor=actor, at=at, reason=reason.strip())
    ballot = session.scalars(select(Ballot).where(Ballot.id == decision.ballot_id)).one()
    on = open_day(session, kst_date(at))
    freed = [
        hold.key for hold in find_holds(session, f"ballot:{ballot.id}", keys=ballot.hold_keys) if hold.state == "open"
    ]
    for key in freed:
        void_hold(session, hold_key=key, key=f"{key}:lapse", effective_on=on, actor=actor, at=at)
    record_event(
        session,
        actor=actor,
        verb="decision.lapsed",
        subject_kind="decision",
        subject=str(decision_id),
        at=at,
        details={"application": application.number, "reason": reason.strip(), "holds": len(freed)},
    )
    return len(freed)
