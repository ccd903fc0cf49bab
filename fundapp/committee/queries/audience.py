"""Who may read the discussion of an application, and which of its comments."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, false, or_, select
from sqlalchemy.orm import Session

from fundapp.committee.entrance import load_recused
from fundapp.committee.queries.sight import load_figures
from fundapp.committee.tables import Comment, CommentReader
from fundapp.core.access import Kind, Role, Thing, Verb, Viewer, may
from fundapp.identity.tables import Person, person_role
from fundapp.identity.tables import Role as RoleRow
from fundapp.intake.tables import Application

_BOARD = (Role.COMMITTEE, Role.CHAIR)
_TAKE_PART = (*_BOARD, Role.ANALYST)


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody who may take part in the discussion of an application."""

    person_id: uuid.UUID
    name: str
    email: str
    on_board: bool


def discussion_sealed(session: Session, viewer: Viewer, application_id: uuid.UUID) -> bool:
    """Say whether the discussion waits for the viewer's own review, or for a later phase."""
    figures = load_figures(session, select(Application.id).where(Application.id == application_id))
    return figures.sealed(application_id, viewer)


def comment_clause(viewer: Viewer) -> ColumnElement[bool]:
    """Return the SQL condition under which a viewer may read a row of `Comment`, its application being in sight."""
    if not may(viewer, Verb.VIEW, Thing(Kind.DISCUSSION)):
        return false()
    reader = exists().where(CommentReader.comment_id == Comment.id, CommentReader.person_id == viewer.person_id)
    open_to = ["staff", "committee"] if viewer.has(*_BOARD) else ["staff"]
    return or_(Comment.visibility.in_(open_to), Comment.author_id == viewer.person_id, reader)


def list_participants(session: Session, application_id: uuid.UUID) -> list[Participant]:
    """Return who may take part now, by name: in office, not recused, and past their own review where that is asked."""
    rows = session.execute(
        select(Person.id, Person.name, Person.email, RoleRow.name.label("role"))
        .join(person_role, person_role.c.person_id == Person.id)
        .join(RoleRow, RoleRow.id == person_role.c.role_id)
        .where(Person.active)
        .order_by(Person.name, Person.id)
    ).all()
    roles: dict[uuid.UUID, set[str]] = {}
    for row in rows:
        roles.setdefault(row.id, set()).add(row.role)
    outside = load_recused(session, application_id)
    figures = load_figures(session, select(Application.id).where(Application.id == application_id))
    found = {}
    for row in rows:
        viewer = Viewer(row.id, roles=frozenset(roles[row.id]))
        if row.id in outside or not viewer.has(*_TAKE_PART) or figures.sealed(application_id, viewer):
            continue
        found[row.id] = Participant(row.id, row.name, row.email, viewer.has(*_BOARD))
    return list(found.values())


def readers_of(
    participants: Collection[Participant], visibility: str, named: Collection[uuid.UUID]
) -> list[Participant]:
    """Return those who may read a comment."""
    if visibility == "named":
        return [one for one in participants if one.person_id in named]
    return [one for one in participants if one.on_board or visibility == "staff"]
