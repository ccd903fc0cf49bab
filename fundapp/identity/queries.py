"""Looking people up."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.identity.actions import token_hash
from fundapp.identity.rules import Attempts, is_locked
from fundapp.identity.tables import ApiToken, Person


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person, without anything secret."""

    id: uuid.UUID
    email: str
    name: str
    active: bool
    roles: tuple[str, ...]
    investor: str | None
    locked: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Credentials:
    """What sign-in compares against."""

    person_id: uuid.UUID
    password_hash: str | None
    active: bool
    locked: bool


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One bearer token, without the token."""

    id: uuid.UUID
    label: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


def find_person_by_email(session: Session, email: str, at: datetime) -> PersonRow | None:
    """Return the person with an address, if there is one."""
    person = session.scalar(select(Person).where(Person.email == email.strip().lower()))
    return None if person is None else _row(person, at)


def find_credentials(session: Session, email: str, at: datetime) -> Credentials | None:
    """Return what to compare a password with, if the address is known."""
    person = session.scalar(select(Person).where(Person.email == email.strip().lower()))
    if person is None:
        return None
    locked = is_locked(Attempts(person.failed_logins, person.locked_until), at)
    return Credentials(person.id, person.password, person.active, locked)


def load_roles(session: Session, person_id: uuid.UUID) -> frozenset[str]:
    """Return the role names of a person; of nobody, none."""
    person = session.get(Person, person_id)
    return frozenset(role.name for role in person.roles) if person is not None else frozenset()


def find_token_holder(session: Session, token: str, at: datetime) -> uuid.UUID | None:
    """Return whose bearer token this is, unless it is unknown, revoked, expired or its holder inactive."""
    return session.scalar(
        select(Person.id)
        .join(ApiToken, ApiToken.person_id == Person.id)
        .where(
            ApiToken.token_sha256 == token_hash(token),
            ApiToken.revoked_at.is_(None),
            ApiToken.expires_at > at,
            Person.active,
        )
    )


def list_tokens(session: Session, viewer: Viewer) -> list[TokenRow]:
    """Return the viewer's own tokens, newest first."""
    rows = session.scalars(
        select(ApiToken).where(ApiToken.person_id == viewer.person_id).order_by(ApiToken.created_at.desc())
    )
    return [TokenRow(row.id, row.label, row.created_at, row.expires_at, row.revoked_at) for row in rows]


def list_people(session: Session, viewer: Viewer, at: datetime) -> list[PersonRow]:
    """Return everybody, by address.

    Raises:
        ForbiddenError: unless the viewer administers people.
    """
    require(viewer, Verb.VIEW, Thing(Kind.PERSON))
    return [_row(person, at) for person in session.scalars(select(Person).order_by(Person.email))]


def _row(person: Person, at: datetime) -> PersonRow:
    return PersonRow(
        id=person.id,
        email=person.email,
        name=person.name,
        active=person.active,
        roles=tuple(sorted(role.name for role in person.roles)),
        investor=person.investor,
        locked=is_locked(Attempts(person.failed_logins, person.locked_until), at),
        created_at=person.created_at,
    )
