"""Links by mail: proving an address, recovering a password, moving an account to another address.

A link holds 256 random bits of which only the hash is kept: good once, for a limited time, and the newest of its
purpose alone (ASVS 5.0, 6.4.3 and 6.5). Whoever asks for a password of an address that nobody has gets the same
answer (6.3.8).
"""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from fundapp.core.access import Viewer
from fundapp.core.errors import ForbiddenError
from fundapp.core.outbox import enqueue_mail
from fundapp.identity.actions.people import end_passkeys, forget_factor, set_password, tell, token_hash
from fundapp.identity.letters import ask_by_link, tell_of_known_address
from fundapp.identity.recording import as_viewer, record_of
from fundapp.identity.rules import LINK_LENGTHS, LINK_WINDOW, LinkSpentError, TooManyLinksError, may_send_link
from fundapp.identity.tables import AccountLink, Person


def ask_confirmation(session: Session, *, actor: Viewer, at: datetime, address: str) -> None:
    """Mail the actor a link that proves their address; once it is proved, nothing.

    Args:
        session: The session of the change.
        actor: Whose address it is.
        at: Now.
        address: Where links of this kind lead; the token is put behind it.

    Raises:
        TooManyLinksError: after three in an hour.
    """
    person = _own(session, actor)
    if person.confirmed_at is not None:
        return
    if not _send(session, person, "confirm", person.email, at, address):
        raise TooManyLinksError


def confirm_email(session: Session, *, actor: Viewer, at: datetime, token: str) -> None:
    """Take a link as proof of an address; whoever holds it need not be signed in.

    Raises:
        LinkSpentError: if it was used, is too old, or the account has another address by now.
    """
    person, link = _use(session, token, "confirm", at)
    if person.email != link.email:
        raise LinkSpentError
    person.confirmed_at = person.confirmed_at or at
    record_of(session, actor if actor.person_id else as_viewer(person), "person.confirmed", person.id, at)


def prove_address(session: Session, *, actor: Viewer, at: datetime) -> None:
    """Take it as proved that the actor reads mail to their address: they hold what was mailed there."""
    person = _own(session, actor)
    if person.confirmed_at is None:
        person.confirmed_at = at
        record_of(session, actor, "person.confirmed", person.id, at)


def ask_recovery(session: Session, *, actor: Viewer, at: datetime, email: str, address: str) -> None:
    """Mail a link to a new password, if the address has an account with a password; otherwise do nothing.

    Neither raises nor returns anything that would tell the two apart.
    """
    person = session.scalar(select(Person).where(Person.email == email.strip().lower()))
    if person is None or not person.active or person.password is None:
        return
    if _send(session, person, "recover", person.email, at, address):
        record_of(session, actor, "person.recovery_asked", person.id, at)


def recover_password(session: Session, *, actor: Viewer, at: datetime, token: str, password_hash: str) -> uuid.UUID:
    """Set a new password by link and return whose it is. Every session, token and other link ends.

    The mailbox is proved by it; wrong passwords of before are forgotten. Authenticator and passkeys stay and are asked
    for as before (ASVS 5.0, 6.4.3: a reset passes no second factor by), unless the mailbox had never been proved: then
    they are whoever's that registered with somebody else's address.

    Raises:
        LinkSpentError: if the link was used, is too old, or the account is closed or has another address by now.
    """
    person, link = _use(session, token, "recover", at)
    if not person.active or person.email != link.email:
        raise LinkSpentError
    if person.confirmed_at is None:
        forget_factor(session, person.id)
        person.confirmed_at = at
    person.failed_logins, person.locked_until = 0, None
    holder = actor if actor.person_id == person.id else as_viewer(person)
    set_password(session, actor=holder, at=at, person_id=person.id, password_hash=password_hash, keep_passkeys=True)
    return person.id


def ask_move(session: Session, *, actor: Viewer, at: datetime, email: str, address: str) -> None:
    """Mail a link to another address, and word of it to the present one.

    Whether the other address is taken shows in its owner's mailbox only.

    Raises:
        TooManyLinksError: after three in an hour.
    """
    person, wanted = _own(session, actor), email.strip().lower()
    if wanted == person.email:
        return
    holder = session.scalar(select(Person).where(Person.email == wanted))
    if not _send(session, person, "move", wanted, at, address, mailed=holder is None):
        raise TooManyLinksError
    tell(session, person=person, what="moving", at=at)
    if holder is not None:
        warn_holder(session, actor=actor, at=at, person_id=holder.id)


def move_email(session: Session, *, actor: Viewer, at: datetime, token: str) -> uuid.UUID:
    """Move an account to the address that its link was sent to, end sessions and passkeys, and return whose it is.

    Raises:
        LinkSpentError: if the link was used, is too old, or the address was taken meanwhile.
    """
    person, link = _use(session, token, "move", at)
    taken = session.scalar(select(Person.id).where(Person.email == link.email))
    if not person.active or taken is not None:
        raise LinkSpentError
    tell(session, person=person, what="moved", at=at)
    by = actor if actor.person_id else as_viewer(person)
    end_passkeys(session, actor=by, person=person, at=at)
    person.email, person.confirmed_at = link.email, at
    person.fs_uniquifier = uuid.uuid4().hex
    session.execute(
        update(AccountLink)
        .where(AccountLink.person_id == person.id, AccountLink.ended_at.is_(None))
        .values(ended_at=at)
    )
    session.flush()
    record_of(session, by, "person.moved", person.id, at)
    return person.id


def warn_holder(session: Session, *, actor: Viewer, at: datetime, person_id: uuid.UUID) -> None:
    """Tell the owner of an address, at most once a day, that somebody else typed it as theirs."""
    holder = session.get_one(Person, person_id)
    record_of(session, actor, "person.address_claimed", person_id, at)
    letter = tell_of_known_address()
    enqueue_mail(
        session,
        dedupe_key=f"registered-again:{holder.id}:{at:%Y-%m-%d}",
        recipient=holder.email,
        subject=letter.subject,
        body=letter.body,
        at=at,
    )


def _own(session: Session, actor: Viewer) -> Person:
    person = session.get(Person, actor.person_id) if actor.person_id is not None else None
    if person is None:
        raise ForbiddenError(verb="edit", kind="person")
    return person


def _send(
    session: Session, person: Person, purpose: str, email: str, at: datetime, address: str, *, mailed: bool = True
) -> bool:
    """Write a link and its mail; return False when too many were asked for. The ones before it end."""
    session.scalars(select(Person.id).where(Person.id == person.id).with_for_update()).one()
    of_kind = (AccountLink.person_id == person.id, AccountLink.purpose == purpose)
    earlier = session.scalars(select(AccountLink.created_at).where(*of_kind, AccountLink.created_at > at - LINK_WINDOW))
    if not may_send_link(earlier.all(), at):
        return False
    session.execute(update(AccountLink).where(*of_kind, AccountLink.ended_at.is_(None)).values(ended_at=at))
    token = secrets.token_urlsafe(32)
    link = AccountLink(
        person_id=person.id,
        purpose=purpose,
        email=email,
        token_sha256=token_hash(token),
        created_at=at,
        expires_at=at + LINK_LENGTHS[purpose],
    )
    session.add(link)
    session.flush()
    if mailed:
        letter = ask_by_link(purpose, f"{address}{token}")
        enqueue_mail(
            session,
            dedupe_key=f"account-link:{link.id}",
            recipient=email,
            subject=letter.subject,
            body=letter.body,
            at=at,
        )
    return True


def _use(session: Session, token: str, purpose: str, at: datetime) -> tuple[Person, AccountLink]:
    """End a link, once: of two who follow it at the same time, one is refused."""
    sha256 = token_hash(token)
    used: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        update(AccountLink)
        .where(
            AccountLink.token_sha256 == sha256,
            AccountLink.purpose == purpose,
            AccountLink.ended_at.is_(None),
            AccountLink.expires_at > at,
        )
        .values(ended_at=at)
        .execution_options(synchronize_session=False)
    )
    if used.rowcount != 1:
        raise LinkSpentError
    link = session.scalars(select(AccountLink).where(AccountLink.token_sha256 == sha256)).one()
    return session.get_one(Person, link.person_id), link
