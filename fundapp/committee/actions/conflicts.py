"""Declaring that somebody may not take part: 제척, 기피, 회피."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from fundapp.committee.entrance import enter, require_person
from fundapp.committee.recording import Cause, find_standing, write_recusal
from fundapp.committee.rules import ROUTES, Route
from fundapp.core.access import Kind, Verb, Viewer
from fundapp.core.errors import ForbiddenError, InvalidInputError, NotFoundError
from fundapp.identity.tables import Person


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
    """Recuse a person from an application. A repeat changes nothing.

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
    if find_standing(session, application_id, person_id):
        return
    verb = Verb.RECUSE if route == "self_recusal" else Verb.ASSIGN
    application = enter(session, application_id, actor=actor, verb=verb, kind=Kind.APPLICATION)
    if route == "self_recusal":
        require_person(actor)
    if session.get(Person, person_id) is None:
        raise NotFoundError(person=str(person_id))
    write_recusal(session, application, person_id, Cause(route, reason.strip()), actor, at)
