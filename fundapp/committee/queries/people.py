"""Who is at the door, and who sits on the committee."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CompoundSelect, String, Uuid, bindparam, cast, literal, null, select, union_all
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
    """Assemble a viewer from the person, their companies and their recusals, in one statement: every request asks.

    The committee is the lowest room that sees all of these, which is why it does this and not `identity`.

    Raises:
        NotFoundError: if there is no such person, or they have been deactivated.
    """
    found: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for what, *values in session.connection().execute(_VIEWER, {"person": person_id}):
        found[what].append(tuple(values))
    if not found["person"]:
        raise NotFoundError(person=str(person_id))
    name, email, investor, _ = found["person"][0]
    return Viewer(
        person_id=person_id,
        name=name,
        email=email,
        roles=frozenset(role for role, *_ in found["role"]),
        company_ids=frozenset(company for *_, company in found["company"]),
        recused_from=frozenset(application for *_, application in found["recused"]),
        investor=investor,
    )


_WHO = bindparam("person", type_=Uuid())
_NO_TEXT, _NO_ID = cast(null(), String), cast(null(), Uuid())
_VIEWER: CompoundSelect[Any] = union_all(
    select(literal("person"), Person.name, Person.email, Person.investor, _NO_ID).where(
        Person.id == _WHO, Person.active
    ),
    select(literal("role"), RoleRow.name, _NO_TEXT, _NO_TEXT, _NO_ID)
    .join(person_role, person_role.c.role_id == RoleRow.id)
    .where(person_role.c.person_id == _WHO),
    select(literal("company"), _NO_TEXT, _NO_TEXT, _NO_TEXT, Membership.company_id).where(Membership.person_id == _WHO),
    select(literal("recused"), _NO_TEXT, _NO_TEXT, _NO_TEXT, Conflict.application_id).where(Conflict.person_id == _WHO),
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
