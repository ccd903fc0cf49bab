"""Sending what the outbox holds, by SMTP. Without a server, mail stays on the outbox page."""

from __future__ import annotations

import smtplib
import ssl
import uuid
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from config import Settings
from fundapp.committee.entrance import is_recused
from fundapp.core.outbox import MAX_ATTEMPTS, OutboxMessage
from fundapp.core.sessions import Database

_BATCH = 50
_TIMEOUT = 20


def send_waiting(database: Database, settings: Settings, at: datetime) -> dict[str, Any]:
    """Send a batch of waiting mail; return counts. A message that cannot be sent waits for the next run.

    What its reader may no longer know is withheld, and counted where there is any.
    """
    if settings.smtp_url is None:
        return {"sent": 0, "failed": 0, "note": "no mail server configured"}
    with database.read() as session:
        waiting = session.scalars(
            select(OutboxMessage)
            .where(OutboxMessage.state == "waiting")
            .order_by(OutboxMessage.created_at, OutboxMessage.id)
            .limit(_BATCH)
        ).all()
    if not waiting:
        return {"sent": 0, "failed": 0}
    withheld = [message for message in waiting if _withhold(database, message)]
    waiting = [message for message in waiting if message not in withheld]
    sent = failed = 0
    if not waiting:
        return {"sent": 0, "failed": 0, "withheld": len(withheld)}
    try:
        server = _connect(settings.smtp_url)
    except (OSError, smtplib.SMTPException) as error:
        return {"sent": 0, "failed": len(waiting), "note": str(error)}
    with server:
        for message in waiting:
            error_text = _deliver(server, settings, message, at)
            _note(database, message.id, error_text, at)
            sent, failed = (sent + 1, failed) if error_text is None else (sent, failed + 1)
    return {"sent": sent, "failed": failed} | ({"withheld": len(withheld)} if withheld else {})


def _withhold(database: Database, message: OutboxMessage) -> bool:
    """Keep a mail back for good whose reader has been recused, since it was written, from what it speaks of."""
    if not message.about:
        return False
    cases = [uuid.UUID(key) for key in message.about]

    def work(session: Session) -> bool:
        if not is_recused(session, message.recipient, cases):
            return False
        session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.id == message.id, OutboxMessage.state == "waiting")
            .values(state="withheld")
        )
        return True

    return database.transaction(work)


def _connect(url: str) -> smtplib.SMTP:
    parts = urlsplit(url)
    host = parts.hostname or "localhost"
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            host, parts.port or 465, timeout=_TIMEOUT, context=ssl.create_default_context()
        )
    else:
        server = smtplib.SMTP(host, parts.port or 25, timeout=_TIMEOUT)
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
    if parts.username:
        server.login(unquote(parts.username), unquote(parts.password or ""))
    return server


def _deliver(server: smtplib.SMTP, settings: Settings, message: OutboxMessage, at: datetime) -> str | None:
    try:
        server.send_message(_written(settings, message, at))
    except (OSError, smtplib.SMTPException, ValueError, LookupError) as error:
        # An address or a text that no mail can hold: that one waits and fails, and the others go on.
        return str(error)
    return None


def _written(settings: Settings, message: OutboxMessage, at: datetime) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = settings.mail_from
    mail["To"] = message.recipient
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(at)
    # A retry after a lost answer carries the same id, so that the mailbox can drop the second copy.
    mail["Message-ID"] = f"<{message.id}@{settings.mail_from.rpartition('@')[2] or 'localhost'}>"
    mail.set_content(message.body)
    if message.calendar is not None:
        method = next(line for line in message.calendar.splitlines() if line.startswith("METHOD:")).partition(":")[2]
        mail.add_attachment(
            message.calendar.encode(),
            maintype="text",
            subtype="calendar",
            filename="invite.ics",
            params={"method": method, "charset": "UTF-8"},
        )
    return mail


def _note(database: Database, message_id: uuid.UUID, error: str | None, at: datetime) -> None:
    values: dict[str, Any] = {"attempts": OutboxMessage.attempts + 1, "last_error": error}
    if error is None:
        values |= {"state": "sent", "sent_at": at}
    database.transaction(
        lambda s: s.execute(
            update(OutboxMessage)
            .where(OutboxMessage.id == message_id, OutboxMessage.state == "waiting")
            .values(**values)
        )
    )
    if error is not None:
        database.transaction(
            lambda s: s.execute(
                update(OutboxMessage)
                .where(OutboxMessage.id == message_id, OutboxMessage.attempts >= MAX_ATTEMPTS)
                .values(state="failed")
            )
        )


def oldest_waiting(database: Database, at: datetime) -> timedelta | None:
    """Return how long the oldest waiting mail has waited, or None when none does."""
    with database.read() as session:
        created = session.scalar(
            select(OutboxMessage.created_at)
            .where(OutboxMessage.state == "waiting")
            .order_by(OutboxMessage.created_at)
            .limit(1)
        )
    return None if created is None else at - created
