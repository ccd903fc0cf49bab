"""The door of every action on an application: found, in sight, and nobody's own business."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import BindParameter, bindparam, select, union
from sqlalchemy.orm import Session

from fundapp.committee.rules import require_no_conflict
from fundapp.committee.tables import Conflict
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import ConflictOfInterestError, ForbiddenError, NotFoundError
from fundapp.identity.tables import Person
from fundapp.intake.tables import Application, Membership

_ONE: BindParameter[uuid.UUID] = bindparam("application_id")
RECUSED = union(
    select(Conflict.person_id).where(Conflict.application_id == _ONE),
    select(Membership.person_id)
    .join(Application, Application.company_id == Membership.company_id)
    .where(Application.id == _ONE),
)
"""Who is recused from `application_id`. Said once: every action on an application asks it."""


@dataclass(frozen=True, slots=True)
class Case:
    """What of an application decides who may do something to it."""

    application_id: uuid.UUID
    state: str
    company_id: uuid.UUID


def require_person(actor: Viewer) -> uuid.UUID:
    """Return who it is.

    Raises:
        ForbiddenError: if it is the system: ratings and votes are given by people.
    """
    if actor.person_id is None:
        raise ForbiddenError(verb="act", kind="person")
    return actor.person_id


def load_recused(session: Session, application_id: uuid.UUID) -> frozenset[uuid.UUID]:
    """Return everybody who is recused from an application, by the record and not by the viewer's snapshot.

    Whoever acts for the applicant is recused without a declaration.
    """
    return frozenset(session.scalars(RECUSED, {"application_id": application_id}))


def is_recused(session: Session, email: str, application_ids: Collection[uuid.UUID]) -> bool:
    """Say whether whoever has an address is recused from one of these, by the record as it stands."""
    declared = (
        select(Conflict.id)
        .join(Person, Person.id == Conflict.person_id)
        .where(Person.email == email, Conflict.application_id.in_(application_ids))
    )
    return session.scalar(declared.limit(1)) is not None


def enter(session: Session, application_id: uuid.UUID, *, actor: Viewer, verb: Verb, kind: Kind) -> Application:
    """Return the application if the actor may do this to it.

    The record of recusals is read again here, because a viewer assembled a minute ago may not know of the newest.

    Raises:
        NotFoundError: if it is absent, forbidden, a draft, or the actor is recused: all look the same.
    """
    application = session.get(Application, application_id)
    if application is None:
        raise NotFoundError(application=str(application_id))
    admit(actor, verb, kind, Case(application_id, application.state, application.company_id), ())
    # Only now: what is out of sight costs as many statements as what is absent.
    if actor.person_id is not None:
        require_no_conflict(actor.person_id, load_recused(session, application_id))
    return application


def admit(actor: Viewer, verb: Verb, kind: Kind, case: Case, recused: Collection[uuid.UUID]) -> None:
    """Raise unless the actor may do this to an application that was found.

    Args:
        actor: Who wants to.
        verb: What they want to do.
        kind: To what of it.
        case: The application.
        recused: Who is recused from it by the record, as far as the actor is concerned.

    Raises:
        NotFoundError: if it is forbidden, a draft, or the actor is recused: all look the same.
    """
    require(actor, verb, Thing(kind, application_id=case.application_id, draft=case.state == "draft"))
    if case.company_id in actor.company_ids:
        raise ConflictOfInterestError(application=str(case.application_id))
    if actor.person_id is not None:
        require_no_conflict(actor.person_id, recused)
