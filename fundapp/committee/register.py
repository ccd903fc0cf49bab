"""The register of conditions from inside: found, held, ended, and where its owner gets mail."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.queries.ballot_state import stands
from fundapp.committee.queries.told import decision_told
from fundapp.committee.tables import Condition, Conflict, Decision
from fundapp.core.access import Viewer
from fundapp.core.errors import NotFoundError, TransitionRefusedError
from fundapp.identity.tables import Person
from fundapp.intake.tables import Application, Membership


@dataclass(frozen=True, slots=True)
class ConditionCase:
    """A condition with the application it belongs to."""

    condition: Condition
    application: Application


def load_condition(session: Session, condition_id: uuid.UUID) -> ConditionCase:
    """Return a condition with its application.

    Raises:
        NotFoundError: if there is none, or its decision no longer stands.
    """
    row = session.execute(
        select(Condition, Application)
        .join(Decision, Decision.id == Condition.decision_id)
        .join(Application, Application.id == Decision.application_id)
        .where(Condition.id == condition_id, stands())
    ).one_or_none()
    if row is None:
        raise NotFoundError(condition=str(condition_id))
    return ConditionCase(row[0], row[1])


def decision_is_told(session: Session, decision_id: uuid.UUID) -> bool:
    """Say whether the company knows of a decision by now."""
    found = session.scalar(
        select(Decision.id)
        .join(Application, Application.id == Decision.application_id)
        .where(Decision.id == decision_id, decision_told())
    )
    return found is not None


def hold_open(session: Session, condition_id: uuid.UUID, verb: str) -> None:
    """Hold the condition's row until the commit, so that judging and handing in come one after the other.

    Raises:
        TransitionRefusedError: if it has ended.
    """
    state = session.scalar(select(Condition.state).where(Condition.id == condition_id).with_for_update())
    if state != "open":
        raise TransitionRefusedError(thing="condition", state=state, verb=verb)


def end_condition(
    session: Session, case: ConditionCase, state: str, evidence: str, actor: Viewer, at: datetime
) -> None:
    """End an open condition.

    Raises:
        TransitionRefusedError: if it has ended already.
    """
    ended = session.execute(
        update(Condition)
        .where(Condition.id == case.condition.id, Condition.state == "open")
        .values(state=state, evidence=evidence, resolved_by=actor.name or actor.email, resolved_at=at)
        .returning(Condition.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if ended is None:
        current = session.scalar(select(Condition.state).where(Condition.id == case.condition.id))
        raise TransitionRefusedError(thing="condition", state=current, verb="met" if state == "met" else "waived")
    session.refresh(case.condition)


def owner_addresses(session: Session, condition: Condition, application: Application) -> list[str]:
    """Return where the owner of a condition gets mail: never the address of somebody who declared a conflict."""
    if condition.owner_id is not None:
        people = select(Person.email).where(Person.id == condition.owner_id)
    else:
        people = (
            select(Person.email)
            .join(Membership, Membership.person_id == Person.id)
            .where(Membership.company_id == application.company_id)
        )
    recused = select(Conflict.person_id).where(Conflict.application_id == application.id)
    found = session.scalars(people.where(Person.active, Person.id.not_in(recused)).order_by(Person.email))
    return list(found)


def record_step(
    session: Session, case: ConditionCase, verb: str, actor: Viewer, at: datetime, **details: object
) -> None:
    """Write a step about a condition to the audit chain, under its decision."""
    record_event(
        session,
        actor=actor,
        verb=verb,
        subject_kind="decision",
        subject=str(case.condition.decision_id),
        at=at,
        details={"application": case.application.number, "number": case.condition.number, **details},
    )
