"""A second factor: one-time codes of an authenticator (RFC 6238), and codes for when it is lost.

The secret is kept sealed under the instance's key; a time step's code is taken once; recovery codes are kept as
keyed hashes.
"""

from __future__ import annotations

import hmac
import secrets
import uuid
from datetime import datetime
from typing import Any

from passlib.exc import TokenError
from passlib.totp import TOTP
from sqlalchemy import delete, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import ForbiddenError, InvalidInputError, NotFoundError
from fundapp.core.sealing import Seal
from fundapp.identity.actions.people import forget_codes, forget_factor, forget_idle_codes, tell
from fundapp.identity.recording import as_viewer, record_of
from fundapp.identity.rules import FactorStandsError, UnconfirmedError
from fundapp.identity.tables import Person, RecoveryCode, SecondFactor

RECOVERY_CODES = 10
LONGEST_REASON = 500
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
_WINDOW_SECONDS = 30
"""One step before and after: telephones' clocks differ (RFC 6238, 5.2)."""


def begin_factor(session: Session, *, actor: Viewer, at: datetime, seal: Seal) -> str:
    """Make a fresh secret and return it in base 32. Nothing is asked for until a code of it was right.

    Raises:
        FactorStandsError: if a second factor is on.
        UnconfirmedError: while the address is not proved: whoever registered with somebody else's could lock them out.
    """
    person = own_person(session, actor)
    if person.confirmed_at is None:
        raise UnconfirmedError
    standing = session.get(SecondFactor, person.id)
    if standing is not None and standing.confirmed_at is not None:
        raise FactorStandsError
    made = TOTP.new()
    sealed = seal.close(made.key)
    if standing is None:
        session.add(SecondFactor(person_id=person.id, sealed=sealed, created_at=at))
    else:
        standing.sealed, standing.created_at = sealed, at
    session.flush()
    return str(made.base32_key)


def confirm_factor(session: Session, *, actor: Viewer, at: datetime, seal: Seal, code: str) -> tuple[str, ...] | None:
    """Turn the second factor on if the code is right and return the recovery codes, shown this once; else None.

    Every session of the person ends.

    Raises:
        FactorStandsError: if none was begun or one is on.
    """
    person = own_person(session, actor)
    standing = session.get(SecondFactor, person.id)
    if standing is None or standing.confirmed_at is not None:
        raise FactorStandsError
    counter = _match(standing, seal, code, at)
    if counter is None:
        return None
    standing.confirmed_at, standing.last_counter = at, counter
    codes = new_codes(session, person.id, seal)
    person.fs_uniquifier = uuid.uuid4().hex
    session.flush()
    record_of(session, actor, "person.factor_on", person.id, at)
    tell(session, person=person, what="factor_on", at=at)
    return codes


def drop_factor(session: Session, *, actor: Viewer, at: datetime) -> None:
    """Turn one's authenticator off; the caller has asked for the password. Recovery codes stay with passkeys.

    Every session of the person ends, as with a new password; the caller opens the present one again.
    """
    person = own_person(session, actor)
    session.execute(delete(SecondFactor).where(SecondFactor.person_id == person.id))
    person.fs_uniquifier = uuid.uuid4().hex
    forget_idle_codes(session, person.id)
    record_of(session, actor, "person.factor_off", person.id, at)
    tell(session, person=person, what="factor_off", at=at)


def reset_factor(session: Session, *, actor: Viewer, at: datetime, person_id: uuid.UUID, reason: str) -> None:
    """Turn off the second factor of somebody who lost it, passkeys, recovery codes and all, and tell them.

    Every session of the person ends.

    Args:
        session: The session of the change.
        actor: An administrator, and not of their own: they have a password for that.
        at: When.
        person_id: Whose it is.
        reason: How the administrator knows that it is them who ask; kept in the record.

    Raises:
        FactorStandsError: if none is on.
        ForbiddenError: unless the actor administers people, or of oneself.
        InvalidInputError: without a reason of up to 500 letters.
        NotFoundError: if there is no such person.
    """
    require(actor, Verb.ADMINISTER, Thing(Kind.PERSON))
    if actor.person_id == person_id:
        raise ForbiddenError(verb="administer", kind="person")
    said = reason.strip()
    if not 0 < len(said) <= LONGEST_REASON:
        raise InvalidInputError(
            field="reason",
            reason_ko="본인임을 어떻게 확인했는지 적어 주세요 (500자까지)",
            reason_en="say how you know that it is them, in up to 500 letters",
        )
    person = session.get(Person, person_id)
    if person is None:
        raise NotFoundError
    if not forget_factor(session, person_id):
        raise FactorStandsError
    person.fs_uniquifier = uuid.uuid4().hex
    record_of(session, actor, "person.factor_reset", person_id, at, reason=said)
    tell(session, person=person, what="factor_off", at=at)


def pass_factor(session: Session, *, person_id: uuid.UUID, at: datetime, seal: Seal, code: str) -> bool:
    """Return whether a code lets somebody in, and use it up: six digits of the authenticator, or a recovery code."""
    standing = session.get(SecondFactor, person_id)
    counter = None if standing is None or standing.confirmed_at is None else _match(standing, seal, code, at)
    if counter is not None:
        moved: CursorResult[Any] = session.execute(  # type: ignore[assignment]
            update(SecondFactor)
            .where(SecondFactor.person_id == person_id, SecondFactor.last_counter < counter)
            .values(last_counter=counter)
            .execution_options(synchronize_session=False)
        )
        return moved.rowcount == 1
    used: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        update(RecoveryCode)
        .where(
            RecoveryCode.person_id == person_id,
            RecoveryCode.code_sha256 == _hash(seal, code),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=at)
    )
    if used.rowcount != 1:
        return False
    person = session.scalars(select(Person).where(Person.id == person_id)).one()
    record_of(session, as_viewer(person), "person.recovery_code_used", person_id, at)
    tell(session, person=person, what="code_used", at=at)
    return True


def has_codes(session: Session, person_id: uuid.UUID) -> bool:
    """Return whether somebody has a recovery code that was not used."""
    unused = select(RecoveryCode.id).where(RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None))
    return session.scalar(unused.limit(1)) is not None


def new_codes(session: Session, person_id: uuid.UUID, seal: Seal) -> tuple[str, ...]:
    """Make ten recovery codes in place of those that somebody had, and return them: they are shown this once."""
    forget_codes(session, person_id)
    codes = tuple(_new_code() for _ in range(RECOVERY_CODES))
    session.add_all(RecoveryCode(person_id=person_id, code_sha256=_hash(seal, one)) for one in codes)
    session.flush()
    return codes


def own_person(session: Session, actor: Viewer) -> Person:
    """Return the actor as the person whose account is meant.

    Raises:
        ForbiddenError: of nobody.
    """
    person = session.get(Person, actor.person_id) if actor.person_id is not None else None
    if person is None:
        raise ForbiddenError(verb="edit", kind="person")
    return person


def _match(standing: SecondFactor, seal: Seal, code: str, at: datetime) -> int | None:
    """Return the time step that a code belongs to, if it is right and newer than the last one used."""
    authenticator = TOTP(key=seal.open(standing.sealed), format="raw")
    try:
        found = authenticator.match(
            code.strip(), time=at, window=_WINDOW_SECONDS, last_counter=standing.last_counter or None
        )
    except (TokenError, ValueError):
        return None
    return int(found.counter)


def _new_code() -> str:
    """Return two groups of five letters and digits that are hard to mistake: 50 random bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(2))


def _hash(seal: Seal, code: str) -> str:
    """Return what is kept of a recovery code, however it was typed: too short for a plain hash, so a keyed one."""
    plain = "".join(letter for letter in code.lower() if letter.isalnum())
    return hmac.digest(seal.tag_key, plain.encode(), "sha256").hex()
