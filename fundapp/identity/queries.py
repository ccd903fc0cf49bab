"""Looking people up."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, union
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import NotFoundError
from fundapp.core.sealing import Seal
from fundapp.identity.actions.people import token_hash
from fundapp.identity.recording import as_viewer
from fundapp.identity.rules import Attempts, is_locked
from fundapp.identity.tables import AccountLink, ApiToken, Passkey, Person, RecoveryCode, SecondFactor


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
    confirmed: bool
    factor: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Credentials:
    """What sign-in compares against; `session_id` is rotated whenever everybody else has to be out."""

    person_id: uuid.UUID
    session_id: str
    password_hash: str | None
    active: bool
    locked: bool
    factor: bool


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One's own account: what is proved, what waits for an answer to a mail, and how one signs in."""

    email: str
    name: str
    confirmed_at: datetime | None
    moving_to: str | None
    has_password: bool
    factor_since: datetime | None
    passkeys: int
    codes_left: int


@dataclass(frozen=True, slots=True)
class PasskeyRow:
    """One passkey, as its owner calls it."""

    id: uuid.UUID
    name: str
    created_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Ways:
    """What somebody can prove themselves with beside the password; recovery codes go with either."""

    authenticator: bool
    passkey: bool


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
    return None if person is None else _row(person, at, factor=_has_factor(session, person.id))


def find_credentials(session: Session, email: str, at: datetime) -> Credentials | None:
    """Return what to compare a password with, if the address is known."""
    person = session.scalar(select(Person).where(Person.email == email.strip().lower()))
    if person is None:
        return None
    locked = is_locked(Attempts(person.failed_logins, person.locked_until), at)
    return Credentials(
        person_id=person.id,
        session_id=person.fs_uniquifier,
        password_hash=person.password,
        active=person.active,
        locked=locked,
        factor=_has_factor(session, person.id),
    )


def find_credentials_of(session: Session, person_id: uuid.UUID, at: datetime) -> Credentials | None:
    """Return the same of somebody known by their key."""
    person = session.get(Person, person_id)
    return None if person is None else find_credentials(session, person.email, at)


def get_account(session: Session, viewer: Viewer, at: datetime) -> AccountRow:
    """Return the viewer's own account.

    Raises:
        NotFoundError: of nobody.
    """
    person = session.get(Person, viewer.person_id) if viewer.person_id is not None else None
    if person is None:
        raise NotFoundError
    factor = session.get(SecondFactor, person.id)
    codes = session.scalars(
        select(func.count()).where(RecoveryCode.person_id == person.id, RecoveryCode.used_at.is_(None))
    ).one()
    moving = session.scalar(
        select(AccountLink.email).where(
            AccountLink.person_id == person.id,
            AccountLink.purpose == "move",
            AccountLink.ended_at.is_(None),
            AccountLink.expires_at > at,
        )
    )
    return AccountRow(
        email=person.email,
        name=person.name,
        confirmed_at=person.confirmed_at,
        moving_to=moving,
        has_password=person.password is not None,
        factor_since=factor.confirmed_at if factor is not None else None,
        passkeys=len(_passkeys(session, person.id)),
        codes_left=codes,
    )


def begun_secret(session: Session, viewer: Viewer, seal: Seal) -> str:
    """Return the secret, in base 32, that the viewer has been shown and not yet confirmed by a code.

    Raises:
        NotFoundError: if none was begun, or one is on: a secret in use is never shown again.
    """
    factor = session.get(SecondFactor, viewer.person_id)
    if factor is None or factor.confirmed_at is not None:
        raise NotFoundError
    return base64.b32encode(seal.open(factor.sealed)).decode()


def as_actor(session: Session, person_id: uuid.UUID) -> Viewer:
    """Return somebody who has just registered as the actor of what follows from it."""
    return as_viewer(session.get_one(Person, person_id))


def is_confirmed(session: Session, viewer: Viewer) -> bool:
    """Return whether the viewer's address is proved; the fund's own machine needs no address."""
    if viewer.person_id is None:
        return True
    return session.scalar(select(Person.confirmed_at).where(Person.id == viewer.person_id)) is not None


def _has_factor(session: Session, person_id: uuid.UUID) -> bool:
    return (
        session.scalar(select(_FACTOR_HOLDERS.c.person_id).where(_FACTOR_HOLDERS.c.person_id == person_id)) is not None
    )


_FACTOR_HOLDERS = union(
    select(SecondFactor.person_id).where(SecondFactor.confirmed_at.is_not(None)), select(Passkey.person_id)
).subquery()
"""Whoever is asked for more than a password."""


def list_passkeys(session: Session, viewer: Viewer) -> list[PasskeyRow]:
    """Return the viewer's own passkeys, oldest first."""
    return _passkeys(session, viewer.person_id)


def ways_of(session: Session, person_id: uuid.UUID) -> Ways:
    """Return with what somebody whose password was right can go on."""
    factor = session.get(SecondFactor, person_id)
    authenticator = factor is not None and factor.confirmed_at is not None
    return Ways(authenticator=authenticator, passkey=bool(_passkeys(session, person_id)))


def _passkeys(session: Session, person_id: uuid.UUID | None) -> list[PasskeyRow]:
    rows = session.scalars(
        select(Passkey).where(Passkey.person_id == person_id).order_by(Passkey.created_at, Passkey.id)
    )
    return [PasskeyRow(row.id, row.name, row.created_at, row.used_at) for row in rows]


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
    holders = set(session.scalars(select(_FACTOR_HOLDERS.c.person_id)))
    people = session.scalars(select(Person).order_by(Person.email))
    return [_row(person, at, factor=person.id in holders) for person in people]


def _row(person: Person, at: datetime, *, factor: bool) -> PersonRow:
    return PersonRow(
        id=person.id,
        email=person.email,
        name=person.name,
        active=person.active,
        roles=tuple(sorted(role.name for role in person.roles)),
        investor=person.investor,
        locked=is_locked(Attempts(person.failed_logins, person.locked_until), at),
        confirmed=person.confirmed_at is not None,
        factor=factor,
        created_at=person.created_at,
    )
