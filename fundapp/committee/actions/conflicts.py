"""Declaring that somebody may not take part: 제척, 기피, 회피."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.actions.figures import keep_figures
from fundapp.committee.entrance import enter, require_person
from fundapp.committee.rules import ROUTES, Route
from fundapp.committee.tables import Assignment, Conflict
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import ForbiddenError, InvalidInputError, NotFoundError
from fundapp.core.sessions import RetryTransactionError
from fundapp.identity.tables import Person
from fundapp.intake.tables import Application, Membership


def declare_conflict(
    session: Session,
    *,
    application_id: uuid.UUID,
    person_id: uuid.UUID,
    route: Route,
    reason: str,
    actor: Viewer,
    at: datetime,
) -> None:
    """Recuse a person from an application, for good. A repeat changes nothing.

    From then on the person cannot open, find, count, review or vote on it, and leaves its quorum. Their assignment
    ends; what they filed stays in the record and no longer counts.

    Args:
        session: A writing session.
        application_id: From what.
        person_id: Whom.
        route: `self_recusal` (회피) by the person; `disqualification` (제척) and `challenge` (기피) by others.
        reason: Why; compulsory.
        actor: Who declares it.
        at: Now.

    Raises:
        InvalidInputError: for an unknown route or a missing reason.
        ForbiddenError: if the actor may not, e.g. declares a self-recusal for somebody else.
        NotFoundError: if there is no such application or person.
    """
    if route not in ROUTES:
        raise InvalidInputError(field="route", reason_ko="알 수 없는 사유 구분입니다", reason_en="unknown route")
    if not reason.strip():
        raise InvalidInputError(field="reason", reason_ko="사유를 적어 주세요", reason_en="give a reason")
    if (route == "self_recusal") != (actor.person_id == person_id):
        raise ForbiddenError(verb="recuse", kind="application")
    if _find(session, application_id, person_id):
        return
    verb = Verb.RECUSE if route == "self_recusal" else Verb.ASSIGN
    application = enter(session, application_id, actor=actor, verb=verb, kind=Kind.APPLICATION)
    if route == "self_recusal":
        require_person(actor)
    if session.get(Person, person_id) is None:
        raise NotFoundError(person=str(person_id))
    _write(session, application, person_id, route=route, reason=reason.strip(), actor=actor, at=at)


def _find(session: Session, application_id: uuid.UUID, person_id: uuid.UUID) -> uuid.UUID | None:
    return session.scalar(
        select(Conflict.id).where(Conflict.application_id == application_id, Conflict.person_id == person_id)
    )


def _write(
    session: Session,
    application: Application,
    person_id: uuid.UUID,
    *,
    route: Route,
    reason: str,
    actor: Viewer,
    at: datetime,
) -> None:
    """Write the recusal down, end the assignment, and record both. The reason stays out of the audit chain."""
    conflict = Conflict(
        application_id=application.id,
        person_id=person_id,
        route=route,
        reason=reason,
        declared_by=actor.name or actor.email,
        at=at,
    )
    try:
        with session.begin_nested():
            session.add(conflict)
    except IntegrityError as error:
        raise RetryTransactionError from error
    session.execute(
        delete(Assignment).where(Assignment.application_id == application.id, Assignment.person_id == person_id)
    )
    keep_figures(session, [application.id])
    record_event(
        session,
        actor=actor,
        verb="conflict.declared",
        subject_kind="application",
        subject=application.number,
        at=at,
        details={"person_id": str(person_id), "route": route},
    )


def disqualify_insiders(
    session: Session,
    *,
    applications: Collection[Application],
    seats: Collection[uuid.UUID],
    actor: Viewer,
    at: datetime,
) -> int:
    """Recuse members from the applications of companies they act for: disqualification takes no declaration.

    Returns:
        How many recusals were new.
    """
    require(actor, Verb.ASSIGN, Thing(Kind.APPLICATION))
    by_company: dict[uuid.UUID, list[Application]] = {}
    for application in applications:
        by_company.setdefault(application.company_id, []).append(application)
    insiders = session.execute(
        select(Membership.company_id, Membership.person_id)
        .where(Membership.person_id.in_(seats), Membership.company_id.in_(list(by_company)))
        .order_by(Membership.company_id, Membership.person_id)
    ).all()
    ids = [application.id for application in applications]
    known = {
        (row.application_id, row.person_id)
        for row in session.execute(
            select(Conflict.application_id, Conflict.person_id).where(Conflict.application_id.in_(ids))
        )
    }
    added = 0
    for company_id, person_id in insiders:
        for application in by_company[company_id]:
            if (application.id, person_id) not in known:
                reason = "신청 기업의 구성원 / acts for the applicant"
                _write(
                    session,
                    application,
                    person_id,
                    route="disqualification",
                    reason=reason,
                    actor=actor,
                    at=at,
                )
                added += 1
    return added
