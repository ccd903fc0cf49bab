"""Who is at the door, and who sits on the committee."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Row,
    String,
    Uuid,
    bindparam,
    cast,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from fundapp.committee.queries.phases import is_present_step
from fundapp.committee.tables import Conflict, ReviewPhaseStep
from fundapp.core.access import Role, Viewer
from fundapp.core.errors import NotFoundError
from fundapp.core.recollection import present_state
from fundapp.core.sessions import Database
from fundapp.identity.tables import Person, person_role
from fundapp.identity.tables import Role as RoleRow
from fundapp.intake.tables import Membership

BOARD = frozenset({Role.COMMITTEE, Role.CHAIR})
_SEE_NAMES = frozenset({Role.ANALYST, Role.AUDITOR})
"""Offices that know who applies in every phase, whatever else they hold."""


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who holds a seat; `investor` is the code of the one they sit for, if any."""

    person_id: uuid.UUID
    name: str
    email: str
    chairs: bool
    investor: str | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Whose session it is, and the state of the database in which that was found out."""

    viewer: Viewer
    state: str


def load_viewer(session: Session, person_id: uuid.UUID) -> Viewer:
    """Assemble a viewer from the person, their companies and their recusals, in one statement: every request asks.

    The committee is the lowest room that sees all of these, which is why it does this and not `identity`.

    Raises:
        NotFoundError: if there is no such person, or they have been deactivated.
    """
    found = _assemble(session.connection().execute(_BY_ID, {"key": person_id}).all())
    if found is None:
        raise NotFoundError(person=str(person_id))
    return found.viewer


def find_viewer(database: Database, fs_uniquifier: str) -> SignedIn | None:
    """Return whose session names this identifier; None when it was rotated away or they were deactivated."""
    return _assemble(database.ask(_BY_SESSION, {"key": fs_uniquifier}))


def _assemble(rows: Iterable[Row[*tuple[Any, ...]]]) -> SignedIn | None:
    found: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for what, *values in rows:
        found[what].append(tuple(values))
    if not found["person"]:
        return None
    name, email, investor, person_id = found["person"][0]
    roles = frozenset(role for role, *_ in found["role"])
    masked = () if roles.isdisjoint(BOARD) or not roles.isdisjoint(_SEE_NAMES) else found["masked"]
    viewer = Viewer(
        person_id=person_id,
        name=name,
        email=email,
        roles=roles,
        company_ids=frozenset(company for *_, company in found["company"]),
        recused_from=frozenset(application for *_, application in found["recused"]),
        masked_calls=frozenset(call for *_, call in masked),
        investor=investor,
        confirmed=not found["unconfirmed"],
    )
    return SignedIn(viewer, found["state"][0][0])


_NO_TEXT, _NO_ID = cast(null(), String), cast(null(), Uuid())


def _everything_of(whose: ColumnElement[bool]) -> CompoundSelect[Any]:
    """Return the statement that reads a viewer; built once, because every request asks it."""
    return union_all(
        select(literal("state"), present_state(), _NO_TEXT, _NO_TEXT, _NO_ID),
        select(literal("person"), Person.name, Person.email, Person.investor, Person.id).where(whose, Person.active),
        select(literal("unconfirmed"), _NO_TEXT, _NO_TEXT, _NO_TEXT, Person.id).where(
            whose, Person.confirmed_at.is_(None)
        ),
        select(literal("role"), RoleRow.name, _NO_TEXT, _NO_TEXT, _NO_ID)
        .join(person_role, person_role.c.role_id == RoleRow.id)
        .join(Person, Person.id == person_role.c.person_id)
        .where(whose),
        select(literal("company"), _NO_TEXT, _NO_TEXT, _NO_TEXT, Membership.company_id)
        .join(Person, Person.id == Membership.person_id)
        .where(whose),
        select(literal("recused"), _NO_TEXT, _NO_TEXT, _NO_TEXT, Conflict.application_id)
        .join(Person, Person.id == Conflict.person_id)
        .where(whose),
        select(literal("masked"), _NO_TEXT, _NO_TEXT, _NO_TEXT, ReviewPhaseStep.call_id).where(
            ReviewPhaseStep.names == "masked", is_present_step()
        ),
    )


_BY_ID = _everything_of(Person.id == bindparam("key", type_=Uuid()))
_BY_SESSION = _everything_of(Person.fs_uniquifier == bindparam("key", type_=String()))


def members(session: Session) -> list[Member]:
    """Return the committee in office, by name: everybody active who holds a seat."""
    rows = session.execute(
        select(Person.id, Person.name, Person.email, Person.investor, RoleRow.name.label("role"))
        .join(person_role, person_role.c.person_id == Person.id)
        .join(RoleRow, RoleRow.id == person_role.c.role_id)
        .where(Person.active, RoleRow.name.in_(BOARD))
        .order_by(Person.name, Person.id)
    ).all()
    chairs = {row.id for row in rows if row.role == Role.CHAIR}
    seats = {row.id: Member(row.id, row.name, row.email, row.id in chairs, row.investor) for row in rows}
    return list(seats.values())
