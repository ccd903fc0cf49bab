"""Sending mail of the outbox once more."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import NotFoundError, TransitionRefusedError
from fundapp.core.idempotency import once
from fundapp.core.outbox import AGAIN, OutboxMessage, enqueue_mail, outbox_in_sight


def resend_mail(session: Session, *, message_id: uuid.UUID, key: str, actor: Viewer, at: datetime) -> None:
    """Send a mail again: one that failed is tried afresh, of one that was sent a copy goes to the same address.

    Raises:
        NotFoundError: if there is no such mail, or the actor may not know of it.
        TransitionRefusedError: if it waits to be sent, or was withheld from its reader.
    """
    require(actor, Verb.EDIT, Thing(Kind.OUTBOX))
    found = session.scalars(
        select(OutboxMessage).where(OutboxMessage.id == message_id, *outbox_in_sight(actor))
    ).one_or_none()
    if found is None:
        raise NotFoundError(mail=str(message_id))

    def work() -> dict[str, Any]:
        if found.state == "sent":
            enqueue_mail(
                session,
                dedupe_key=f"{AGAIN}{message_id}:{key}",
                recipient=found.recipient,
                subject=found.subject,
                body=found.body,
                calendar=found.calendar,
                at=at,
                about=[uuid.UUID(one) for one in found.about],
            )
        else:
            _try_afresh(session, message_id)
        record_event(session, actor=actor, verb="mail.resent", subject_kind="mail", subject=str(message_id), at=at)
        return {}

    once(session, key=key, verb="mail.resend", request={"mail": str(message_id)}, at=at, work=work)


def _try_afresh(session: Session, message_id: uuid.UUID) -> None:
    moved = session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id == message_id, OutboxMessage.state == "failed")
        .values(state="waiting", attempts=0)
        .returning(OutboxMessage.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if moved is None:
        state = session.scalar(select(OutboxMessage.state).where(OutboxMessage.id == message_id))
        raise TransitionRefusedError(thing="mail", state=state, verb="resend")
