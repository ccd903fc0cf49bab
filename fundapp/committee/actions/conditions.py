"""Ending conditions: met with evidence, or waived by the chair with a reason."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Literal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.entrance import enter
from fundapp.committee.tables import Condition, Decision
from fundapp.core.access import Kind, Role, Verb, Viewer
from fundapp.core.errors import ForbiddenError, InvalidInputError, NotFoundError, TransitionRefusedError


def meet_condition(session: Session, *, condition_id: uuid.UUID, evidence: str, actor: Viewer, at: datetime) -> None:
    """Record that a condition is met, and by what.

    Raises:
        InvalidInputError: without evidence.
        NotFoundError: if it is absent or out of sight.
        TransitionRefusedError: if it has ended already.
    """
    _resolve(session, condition_id, "met", evidence, actor, at)


def waive_condition(session: Session, *, condition_id: uuid.UUID, reason: str, actor: Viewer, at: datetime) -> None:
    """Waive a condition in the committee's name; only a chair can.

    Raises:
        InvalidInputError: without a reason.
        NotFoundError: if it is absent or out of sight, or the actor does not chair.
        TransitionRefusedError: if it has ended already.
    """
    if not actor.has(Role.CHAIR):
        raise ForbiddenError(verb="waive", kind="condition")
    _resolve(session, condition_id, "waived", reason, actor, at)


def _resolve(
    session: Session,
    condition_id: uuid.UUID,
    state: Literal["met", "waived"],
    evidence: str,
    actor: Viewer,
    at: datetime,
) -> None:
    row = session.execute(
        select(Condition.number, Decision.id, Decision.application_id)
        .join(Decision, Decision.id == Condition.decision_id)
        .where(Condition.id == condition_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError(condition=str(condition_id))
    number, decision_id, application_id = row
    application = enter(session, application_id, actor=actor, verb=Verb.RESOLVE, kind=Kind.CONDITION)
    if not evidence.strip():
        raise InvalidInputError(
            field="evidence", reason_ko="증빙이나 사유를 적어 주세요", reason_en="give the evidence or the reason"
        )
    ended = session.execute(
        update(Condition)
        .where(Condition.id == condition_id, Condition.state == "open")
        .values(state=state, evidence=evidence.strip(), resolved_by=actor.name or actor.email, resolved_at=at)
        .returning(Condition.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if ended is None:
        current = session.scalar(select(Condition.state).where(Condition.id == condition_id))
        raise TransitionRefusedError(thing="condition", state=current, verb=state)
    record_event(
        session,
        actor=actor,
        verb=f"condition.{state}",
        subject_kind="decision",
        subject=str(decision_id),
        at=at,
        details={"application": application.number, "number": number},
    )
