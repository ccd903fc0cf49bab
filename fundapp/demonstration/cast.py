"""The people of the demonstration and how they sign in."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime

from sqlalchemy.orm import Session

from fundapp.committee.queries import load_viewer
from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import NotFoundError
from fundapp.core.sessions import Database
from fundapp.demonstration.scenario import Character, Scenario
from fundapp.identity.actions import create_person, ensure_roles
from fundapp.identity.passwords import hash_password
from fundapp.identity.queries import find_person_by_email


def password_of(secret_key: str, email: str) -> str:
    """Return a character's password: derived from the instance's own key, so that no two instances share one."""
    digest = hmac.new(secret_key.encode(), f"demonstration:{email}".encode(), hashlib.sha256).digest()
    letters = base64.b32encode(digest)[:12].decode().lower()
    return "-".join((letters[:4], letters[4:8], letters[8:]))


def gather(database: Database, scenario: Scenario, secret_key: str, at: datetime) -> None:
    """Create every character who does not exist yet."""
    with database.read() as session:
        absent = [person for person in scenario.people if find_person_by_email(session, person.email, at) is None]
    hashes = {person.email: hash_password(password_of(secret_key, person.email)) for person in absent}

    def work(session: Session) -> None:
        ensure_roles(session)
        for person in absent:
            create_person(
                session,
                actor=SYSTEM,
                at=at,
                email=person.email,
                name=person.name,
                roles=["chair", "committee"] if person.role == "chair" else [person.role],
                password_hash=hashes[person.email],
                investor=person.investor,
            )

    database.transaction(work)


def as_viewer(session: Session, character: Character, at: datetime) -> Viewer:
    """Return a character as the policy sees them.

    Raises:
        NotFoundError: if they have not been created.
    """
    found = find_person_by_email(session, character.email, at)
    if found is None:
        raise NotFoundError(email=character.email)
    return load_viewer(session, found.id)
