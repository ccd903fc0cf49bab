"""Making people, letting them in, and taking rights away."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from fundapp.core.access import ANONYMOUS, Kind, Thing, Verb, Viewer, require
from fundapp.core.access import Role as RoleName
from fundapp.core.errors import InvalidInputError, NotFoundError
from fundapp.core.outbox import enqueue_mail
from fundapp.identity.letters import tell_of
from fundapp.identity.recording import as_viewer, record_of
from fundapp.identity.rules import Attempts, count_failure
from fundapp.identity.tables import AccountLink, ApiToken, Passkey, Person, RecoveryCode, Role, SecondFactor

TOKEN_PREFIX = "fund_"  # noqa: S105 - lets secret scanners recognise a leaked token
TOKEN_LENGTH = timedelta(days=90)


def ensure_roles(session: Session) -> None:
    """Create the rows of all roles that do not exist yet."""
    present = set(session.scalars(select(Role.name)))
    session.add_all(Role(name=str(name)) for name in RoleName if name not in present)
    session.flush()


def create_person(
    session: Session,
    *,
    actor: Viewer,
    at: datetime,
    email: str,
    name: str,
    roles: Iterable[str],
    password_hash: str | None,
    investor: str | None = None,
) -> uuid.UUID:
    """Create somebody who can sign in.

    Args:
        session: The session of the change.
        actor: Who creates the account; somebody who registers acts for themselves and may only be an applicant.
        at: When.
        email: Address; kept in lower case. Of somebody who registers it is unproved until they follow a link.
        name: How others see them.
        roles: Role names of the public contract.
        password_hash: From `passwords.hash_password`; None for people who sign in elsewhere.
        investor: Code of the investor a partner belongs to.

    Raises:
        ForbiddenError: if the actor may not give these roles.
        InvalidInputError: if the address is taken or a role unknown.
    """
    wanted = frozenset(roles)
    if wanted != {RoleName.APPLICANT}:
        require(actor, Verb.ADMINISTER, Thing(Kind.PERSON))
    address = email.strip().lower()
    if session.scalar(select(Person.id).where(Person.email == address)) is not None:
        raise InvalidInputError(field="email", reason_ko="이미 쓰고 있는 주소입니다", reason_en="already in use")
    ensure_roles(session)
    found = session.scalars(select(Role).where(Role.name.in_(wanted))).all()
    if len(found) != len(wanted) or not wanted:
        raise InvalidInputError(field="roles", reason_ko="없는 역할입니다", reason_en="no such role")
    person = Person(
        email=address,
        name=name,
        password=password_hash,
        investor=investor,
        created_at=at,
        # Whoever the fund lets in has been vouched for; whoever registers has only typed an address.
        confirmed_at=None if actor == ANONYMOUS else at,
        roles=list(found),
    )
    session.add(person)
    session.flush()
    record_of(session, actor, "person.created", person.id, at, roles=sorted(wanted))
    return person.id


def set_password(
    session: Session,
    *,
    actor: Viewer,
    at: datetime,
    person_id: uuid.UUID,
    password_hash: str,
    keep_passkeys: bool = False,
) -> None:
    """Replace a password, end all sessions of the person, and tell them.

    Args:
        session: The session of the change.
        actor: Whoever changes it.
        at: When.
        person_id: Whose it is.
        password_hash: From `passwords.hash_password`.
        keep_passkeys: Whether passkeys go on opening: their owner knows them all, or they need a reset of their own.

    Raises:
        ForbiddenError: unless it is one's own or the actor administers people.
    """
    if actor.person_id != person_id:
        require(actor, Verb.ADMINISTER, Thing(Kind.PERSON))
    person = _get_person(session, person_id)
    person.password = password_hash
    person.fs_uniquifier = uuid.uuid4().hex
    # Whoever changes a password wants everybody else out; a token, a link or a passkey is a way in like any other.
    _revoke_tokens(session, person_id, at)
    if not keep_passkeys:
        end_passkeys(session, actor=actor, person=person, at=at)
    session.execute(
        update(AccountLink)
        .where(AccountLink.person_id == person_id, AccountLink.ended_at.is_(None), AccountLink.purpose != "confirm")
        .values(ended_at=at)
    )
    record_of(session, actor, "person.password_set", person_id, at)
    tell(session, person=person, what="password", at=at)


def set_roles(session: Session, *, actor: Viewer, at: datetime, person_id: uuid.UUID, roles: Iterable[str]) -> None:
    """Replace the roles of a person and end their sessions, so that a lost right is lost at once.

    Raises:
        ForbiddenError: unless the actor administers people.
        InvalidInputError: if a role is unknown, or one beyond applicant is given before the address is proved: whoever
            registered with it may be somebody else, who chose the password.
    """
    require(actor, Verb.ADMINISTER, Thing(Kind.PERSON))
    wanted = frozenset(roles)
    ensure_roles(session)
    found = session.scalars(select(Role).where(Role.name.in_(wanted))).all()
    if len(found) != len(wanted):
        raise InvalidInputError(field="roles", reason_ko="없는 역할입니다", reason_en="no such role")
    person = _get_person(session, person_id)
    given = wanted - {role.name for role in person.roles} - {RoleName.APPLICANT}
    if given and person.confirmed_at is None:
        raise InvalidInputError(
            field="roles",
            reason_ko="이메일 주소를 확인하기 전에는 신청자 역할만 줄 수 있습니다. 본인이 메일의 링크로 확인합니다",
            reason_en="before an address is confirmed, by the link mailed to it, its holder can only be an applicant",
        )
    person.roles = list(found)
    person.fs_uniquifier = uuid.uuid4().hex
    record_of(session, actor, "person.roles_set", person_id, at, roles=sorted(wanted))


def deactivate_person(session: Session, *, actor: Viewer, at: datetime, person_id: uuid.UUID) -> None:
    """Close an account: no session, token or sign-in works any more."""
    require(actor, Verb.ADMINISTER, Thing(Kind.PERSON))
    person = _get_person(session, person_id)
    person.active = False
    person.fs_uniquifier = uuid.uuid4().hex
    _revoke_tokens(session, person_id, at)
    record_of(session, actor, "person.deactivated", person_id, at)


def revoke_sessions(session: Session, *, actor: Viewer, at: datetime, person_id: uuid.UUID) -> None:
    """End every session of a person: their cookies name an identifier that no longer exists."""
    if actor.person_id != person_id:
        require(actor, Verb.ADMINISTER, Thing(Kind.PERSON))
    _get_person(session, person_id).fs_uniquifier = uuid.uuid4().hex
    record_of(session, actor, "person.sessions_revoked", person_id, at)


def record_failed_login(session: Session, *, person_id: uuid.UUID, at: datetime) -> bool:
    """Count a wrong password; return whether the account is now closed for a while."""
    person = session.scalars(select(Person).where(Person.id == person_id).with_for_update()).one()
    after = count_failure(Attempts(person.failed_logins, person.locked_until), at)
    person.failed_logins, person.locked_until = after.failures, after.locked_until
    record_of(session, as_viewer(person), "person.login_failed", person_id, at, failures=after.failures)
    if after.locked_until is not None:
        tell(session, person=person, what="locked", at=at)
    return after.locked_until is not None


def record_login(session: Session, *, person_id: uuid.UUID, at: datetime) -> None:
    """Record a sign-in and forget earlier wrong passwords."""
    person = _get_person(session, person_id)
    person.failed_logins, person.locked_until = 0, None
    record_of(session, as_viewer(person), "person.signed_in", person_id, at)


def issue_token(
    session: Session,
    *,
    actor: Viewer,
    at: datetime,
    person_id: uuid.UUID,
    label: str,
    length: timedelta = TOKEN_LENGTH,
) -> str:
    """Issue a bearer token of the JSON API: 256 random bits, shown this once; only its hash is kept."""
    if actor.person_id != person_id:
        require(actor, Verb.ADMINISTER, Thing(Kind.PERSON))
    _get_person(session, person_id)
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(
        person_id=person_id, token_sha256=token_hash(token), label=label, created_at=at, expires_at=at + length
    )
    session.add(row)
    session.flush()
    record_of(session, actor, "token.issued", person_id, at, token=str(row.id), label=label)
    return token


def revoke_token(session: Session, *, actor: Viewer, at: datetime, token_id: uuid.UUID) -> None:
    """Revoke a token; revoking it again changes nothing.

    Raises:
        NotFoundError: if there is no such token, or it is somebody else's.
    """
    token = session.get(ApiToken, token_id)
    if token is None:
        raise NotFoundError
    if actor.person_id != token.person_id:
        require(actor, Verb.ADMINISTER, Thing(Kind.PERSON))
    if token.revoked_at is None:
        token.revoked_at = at
        record_of(session, actor, "token.revoked", token.person_id, at, token=str(token_id))


def _revoke_tokens(session: Session, person_id: uuid.UUID, at: datetime) -> None:
    session.execute(
        update(ApiToken).where(ApiToken.person_id == person_id, ApiToken.revoked_at.is_(None)).values(revoked_at=at)
    )


def token_hash(token: str) -> str:
    """Return what is kept of a token. It is random, so a plain hash cannot be guessed back."""
    return hashlib.sha256(token.encode()).hexdigest()


def forget_factor(session: Session, person_id: uuid.UUID) -> bool:
    """Delete somebody's authenticator and passkeys with the recovery codes; return whether there was one."""
    gone = 0
    for table in (SecondFactor, Passkey):
        dropped: CursorResult[Any] = session.execute(  # type: ignore[assignment]
            delete(table).where(table.person_id == person_id)
        )
        gone += dropped.rowcount
    forget_codes(session, person_id)
    return gone > 0


def end_passkeys(session: Session, *, actor: Viewer, person: Person, at: datetime) -> None:
    """Delete all of somebody's passkeys, with the recovery codes if no other factor is left, and tell them."""
    ended = session.scalars(select(Passkey.id).where(Passkey.person_id == person.id).order_by(Passkey.id)).all()
    if not ended:
        return
    session.execute(delete(Passkey).where(Passkey.person_id == person.id))
    forget_idle_codes(session, person.id)
    record_of(session, actor, "person.passkeys_ended", person.id, at, passkeys=[str(one) for one in ended])
    tell(session, person=person, what="passkeys_ended", at=at)


def forget_idle_codes(session: Session, person_id: uuid.UUID) -> None:
    """Delete somebody's recovery codes unless they stand in for an authenticator or a passkey."""
    factor = session.get(SecondFactor, person_id)
    passkey = session.scalar(select(Passkey.id).where(Passkey.person_id == person_id).limit(1))
    if passkey is None and (factor is None or factor.confirmed_at is None):
        forget_codes(session, person_id)


def forget_codes(session: Session, person_id: uuid.UUID) -> None:
    """Delete somebody's recovery codes."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))


def _get_person(session: Session, person_id: uuid.UUID) -> Person:
    person = session.get(Person, person_id)
    if person is None:
        raise NotFoundError
    return person


def tell(session: Session, *, person: Person, what: str, at: datetime) -> None:
    """Mail somebody what happened to their account, so that they notice what they did not do (ASVS 5.0, 6.3.7)."""
    letter = tell_of(what, at)
    enqueue_mail(
        session,
        dedupe_key=f"account:{what}:{person.id}:{at.isoformat()}",
        recipient=person.email,
        subject=letter.subject,
        body=letter.body,
        at=at,
    )
