"""Writing recusals down: what every route to one has in common."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.actions.figures import keep_figures
from fundapp.committee.rules import Route
from fundapp.committee.tables import Assignment, Conflict, Recusal
from fundapp.core.access import Viewer
from fundapp.core.sessions import RetryTransactionError
from fundapp.intake.tables import Application


@dataclass(frozen=True, slots=True)
class Cause:
    """By which route somebody is recused, and why.

    Attributes:
        rule: Key of the ground, for a disqualification by a fact.
        interest_id: The declared interest that it rests on.
        keeps_assignment: Whether the assignment stays for the case that the recusal is lifted soon.
    """

    route: Route
    reason: str
    rule: str | None = None
    interest_id: uuid.UUID | None = None
    keeps_assignment: bool = False


def find_standing(session: Session, application_id: uuid.UUID, person_id: uuid.UUID) -> uuid.UUID | None:
    """Return the recusal that holds between a person and an application."""
    return session.scalar(
        select(Conflict.id).where(Conflict.application_id == application_id, Conflict.person_id == person_id)
    )


def write_recusal(
    session: Session, application: Application, person_id: uuid.UUID, cause: Cause, actor: Viewer, at: datetime
) -> uuid.UUID:
    """Write a recusal down, end the assignment, and record both. The reason stays out of the audit chain.

    Raises:
        RetryTransactionError: if a rival recused the same person at the same moment.
    """
    newest = session.scalar(
        select(func.max(Recusal.number)).where(Recusal.application_id == application.id, Recusal.person_id == person_id)
    )
    recusal = Recusal(
        application_id=application.id,
        person_id=person_id,
        number=1 + (newest or 0),
        route=cause.route,
        reason=cause.reason,
        rule=cause.rule,
        interest_id=cause.interest_id,
        declared_by=actor.name or actor.email,
        at=at,
    )
    try:
        with session.begin_nested():
            session.add(recusal)
    except IntegrityError as error:
        raise RetryTransactionError from error
    if not cause.keeps_assignment:
        end_assignment(session, application.id, person_id)
    keep_figures(session, [application.id])
    details = {"person_id": str(person_id), "route": cause.route} | ({"rule": cause.rule} if cause.rule else {})
    record_event(
        session,
        actor=actor,
        verb="conflict.declared",
        subject_kind="application",
        subject=application.number,
        at=at,
        details=details,
    )
    return recusal.id


def end_assignment(session: Session, application_id: uuid.UUID, person_id: uuid.UUID) -> None:
    """Take an application off somebody's list."""
    session.execute(
        delete(Assignment).where(Assignment.application_id == application_id, Assignment.person_id == person_id)
    )
