"""Who is at the door, and who sits on the committee."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.committee.tables import Conflict
from fundapp.core.access import Role, Viewer
from fundapp.core.errors import NotFoundError
from fundapp.identity.tables import Person, person_role
from fundapp.identity.tables import Role as RoleRow
from fundapp.intake.tables import Membership

BOARD = frozenset({Role.COMMITTEE, Role.CHAIR})


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who holds a seat."""

    person_id: uuid.UUID
    name: str
    email: str
    chairs: bool


def load_viewer(session: Session, person_id: uuid.UUID) -> Viewer:
    """Assemble a viewer from the person, their companies and their recusals, in four statements.

    The committee is the lowest room that sees all of these, which is why it does this and not `identity`.

    Raises:
        NotFoundError: if there is no such person, or they have been deactivated.
    """
    person = session.execute(
        select(Person.name, Person.email, Person.investor).where(Person.id == person_id, Person.active)
    ).one_or_none()
    if person is None:
        raise NotFoundError(person=str(person_id))
    roles = session.scalars(
        select(RoleRow.name)
        .join(person_role, person_role.c.role_id == RoleRow.id)
        .where(person_role.c.person_id == person_id)
    )
    companies = session.scalars(select(Membership.company_id).where(Membership.person_id == person_id))
    recused = session.scalars(select(Conflict.application_id).where(Conflict.person_id == person_id))
    return Viewer(
        person_id=person_id,
        name=person.name,
        email=person.email,
        roles=frozenset(roles),
        company_ids=frozenset(companies),
        recused_from=frozenset(recused),
        investor=person.investor,
    )


def members(session: Session) -> list[Member]:
    """Return the committee in office, by name: everybody active who holds a seat."""
    rows = session.execute(
        select(Person.id, Person.name, Person.email, RoleRow.name.label("role"))
        .join(person_role, person_role.c.person_id == Person.id)
        .join(RoleRow, RoleRow.id == person_role.c.role_id)
        .where(Person.active, RoleRow.name.in_(BOARD))
        .order_by(Person.name, Person.id)
    ).all()
    chairs = {row.id for row in rows if row.role == Role.CHAIR}
    seats = {row.id: Member(row.id, row.name, row.email, row.id in chairs) for row in rows}
    return list(seats.values())
