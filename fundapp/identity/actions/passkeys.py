"""Passkeys (Web Authentication, level 3): a device that proves itself, instead of a code or of the password too.

A challenge is random, good for some minutes, and says when it was put: what answers one is taken only if it was put
after the one that the same passkey answered last, so that no answer is taken twice.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import webauthn
from sqlalchemy import delete, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from webauthn.registration.verify_registration_response import VerifiedRegistration

from fundapp.core.access import Viewer
from fundapp.core.errors import InvalidInputError, NotFoundError
from fundapp.core.sealing import Seal
from fundapp.identity.actions.factors import has_codes, new_codes, own_person
from fundapp.identity.actions.people import forget_idle_codes, tell
from fundapp.identity.recording import as_viewer, record_of
from fundapp.identity.rules import PasskeyRefusedError, UnconfirmedError
from fundapp.identity.tables import Passkey, Person

CHALLENGE_LENGTH = timedelta(minutes=5)
MOST_PASSKEYS = 10
LONGEST_NAME = 80
_PARTY_NAME = "AX"
_BROKEN = (WebAuthnException, ValueError, LookupError, TypeError, AttributeError, RecursionError)
_CREDENTIAL = re.compile(r"[A-Za-z0-9_-]{1,1364}")
"""The base64url form of a credential's identifier, of up to 1,023 bytes (Web Authentication, level 3, 5.1)."""


@dataclass(frozen=True, slots=True)
class Party:
    """Whom a passkey is for: the host it is bound to, and the address that pages come from."""

    host: str
    origin: str


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a passkey is asked to sign, and when it was asked."""

    value: bytes
    asked_at: datetime

    def require_fresh(self, at: datetime) -> None:
        """Refuse one that is too old.

        Raises:
            PasskeyRefusedError: then.
        """
        if not timedelta(0) <= at - self.asked_at <= CHALLENGE_LENGTH:
            raise PasskeyRefusedError


def ask_new(session: Session, *, actor: Viewer, party: Party, challenge: bytes, name: str) -> str:
    """Return, as JSON, what a browser is to make a passkey from.

    What would be refused afterwards is refused here: a device does not take back the key that it made.

    Raises:
        InvalidInputError: if there are ten already, or for a name that is blank or too long.
        UnconfirmedError: while the address is not proved: whoever registered with somebody else's could lock them out.
    """
    person = own_person(session, actor)
    if person.confirmed_at is None:
        raise UnconfirmedError
    _name(name)
    held = _held_with_room(session, person)
    options = webauthn.generate_registration_options(
        rp_id=party.host,
        rp_name=_PARTY_NAME,
        user_id=person.id.bytes,
        user_name=person.email,
        user_display_name=person.name,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=base64url_to_bytes(one)) for one in held],
    )
    return str(webauthn.options_to_json(options))


def add_passkey(
    session: Session,
    *,
    actor: Viewer,
    at: datetime,
    seal: Seal,
    party: Party,
    challenge: Challenge,
    name: str,
    answer: str,
) -> tuple[str, ...]:
    """Keep the passkey that a browser made; return recovery codes where there were none, shown this once.

    Every session of the person ends.

    Args:
        session: The session of the change.
        actor: Whose it is; the caller has asked for the password.
        at: When.
        seal: Under which recovery codes are kept.
        party: Whom it is for.
        challenge: What was asked.
        name: What its owner calls it.
        answer: What the browser said, as JSON.

    Raises:
        PasskeyRefusedError: if the answer is to something else, or too late.
        InvalidInputError: if there are ten already, or for a name that is blank or too long.
        UnconfirmedError: while the address is not proved.
    """
    person = own_person(session, actor)
    if person.confirmed_at is None:
        raise UnconfirmedError
    called = _name(name)
    challenge.require_fresh(at)
    # Of two answers at the same time the second waits here, and counts the first.
    session.scalars(select(Person.id).where(Person.id == person.id).with_for_update()).one()
    _held_with_room(session, person)
    made = _verify_made(party, challenge, answer)
    row = Passkey(
        person_id=person.id,
        credential_id=bytes_to_base64url(made.credential_id),
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        name=called,
        created_at=at,
        asked_at=challenge.asked_at,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise PasskeyRefusedError from error
    codes = () if has_codes(session, person.id) else new_codes(session, person.id, seal)
    person.fs_uniquifier = uuid.uuid4().hex
    record_of(session, actor, "person.passkey_added", person.id, at, passkey=str(row.id))
    tell(session, person=person, what="passkey_added", at=at)
    return codes


def _verify_made(party: Party, challenge: Challenge, answer: str) -> VerifiedRegistration:
    try:
        made = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge.value,
            expected_rp_id=party.host,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except _BROKEN as error:
        raise PasskeyRefusedError from error
    if not _CREDENTIAL.fullmatch(bytes_to_base64url(made.credential_id)):
        raise PasskeyRefusedError
    return made


def _held_with_room(session: Session, person: Person) -> Sequence[str]:
    """Return the credentials that somebody has, where one more is allowed."""
    held = session.scalars(select(Passkey.credential_id).where(Passkey.person_id == person.id)).all()
    if len(held) >= MOST_PASSKEYS:
        raise InvalidInputError(
            field="name",
            reason_ko=f"패스키는 {MOST_PASSKEYS}개까지 둡니다. 쓰지 않는 것을 먼저 지워 주세요",
            reason_en=f"there can be {MOST_PASSKEYS} passkeys; remove one that is not used first",
        )
    return held


def _name(typed: str) -> str:
    called = " ".join(typed.split())
    if not 0 < len(called) <= LONGEST_NAME or not called.isprintable():
        raise InvalidInputError(
            field="name", reason_ko=f"이름을 {LONGEST_NAME}자까지 적어 주세요", reason_en="give it a name"
        )
    return called


def remove_passkey(session: Session, *, actor: Viewer, at: datetime, passkey_id: uuid.UUID) -> None:
    """Take a passkey of one's own away; the caller has asked for the password. Without any factor codes are void.

    Every session of the person ends.

    Raises:
        NotFoundError: if the actor has none of that key.
    """
    person = own_person(session, actor)
    gone: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        delete(Passkey).where(Passkey.id == passkey_id, Passkey.person_id == person.id)
    )
    if gone.rowcount != 1:
        raise NotFoundError
    forget_idle_codes(session, person.id)
    person.fs_uniquifier = uuid.uuid4().hex
    record_of(session, actor, "person.passkey_removed", person.id, at, passkey=str(passkey_id))
    tell(session, person=person, what="passkey_removed", at=at)


def ask_passkey(session: Session, *, party: Party, challenge: bytes, person_id: uuid.UUID | None) -> str:
    """Return, as JSON, what a browser is to answer: with one of somebody's passkeys, or with whichever is chosen."""
    held = () if person_id is None else session.scalars(select(Passkey).where(Passkey.person_id == person_id)).all()
    options = webauthn.generate_authentication_options(
        rp_id=party.host,
        challenge=challenge,
        allow_credentials=[PublicKeyCredentialDescriptor(id=base64url_to_bytes(one.credential_id)) for one in held],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return str(webauthn.options_to_json(options))


def pass_passkey(
    session: Session,
    *,
    at: datetime,
    party: Party,
    challenge: Challenge,
    answer: str,
    person_id: uuid.UUID | None = None,
) -> uuid.UUID:
    """Return whom a passkey lets in. The device has asked for finger, face or number, so it is two factors in one.

    Args:
        session: The session of the change.
        at: When.
        party: Whom it is for.
        challenge: What was asked.
        answer: What the browser said, as JSON.
        person_id: Whose it must be, where that is known by a password already.

    Raises:
        PasskeyRefusedError: if it lets nobody in.
    """
    challenge.require_fresh(at)
    try:
        said = json.loads(answer)
        credential = said["id"]
        if not _CREDENTIAL.fullmatch(credential):
            raise PasskeyRefusedError
        known = session.scalar(select(Passkey).where(Passkey.credential_id == credential))
        if known is None or person_id not in {None, known.person_id}:
            raise PasskeyRefusedError
        proved = webauthn.verify_authentication_response(
            credential=said,
            expected_challenge=challenge.value,
            expected_rp_id=party.host,
            expected_origin=party.origin,
            credential_public_key=known.public_key,
            credential_current_sign_count=known.sign_count,
            require_user_verification=True,
        )
    except _BROKEN as error:
        raise PasskeyRefusedError from error
    moved: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        update(Passkey)
        .where(Passkey.id == known.id, Passkey.asked_at < challenge.asked_at)
        .values(asked_at=challenge.asked_at, sign_count=proved.new_sign_count, used_at=at)
        .execution_options(synchronize_session=False)
    )
    if moved.rowcount != 1:
        raise PasskeyRefusedError
    person = session.get_one(Person, known.person_id)
    record_of(session, as_viewer(person), "person.passkey_used", person.id, at, passkey=str(known.id))
    return person.id
