"""Outside effects wait here: written with the change that causes them, sent by a job after the commit."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, Index, String, Text, UniqueConstraint, func, select, type_coerce
from sqlalchemy.orm import Mapped, Session, mapped_column

from fundapp.core.access import Viewer
from fundapp.core.errors import InvalidInputError
from fundapp.core.orm import Base, new_id

MAX_ATTEMPTS = 8
AGAIN = "again:"
"""How the cause of a copy begins that somebody had sent once more."""


class OutboxMessage(Base):
    """A mail to send; `dedupe_key` keeps one cause from sending two.

    `about` names the applications that the mail speaks of: whoever has been recused from one by the time of sending
    does not get it.
    """

    __tablename__ = "outbox_message"
    __table_args__ = (
        UniqueConstraint("dedupe_key"),
        CheckConstraint("state IN ('waiting','sent','failed','withheld')", name="state"),
        Index("ix_outbox_message_recipient_created_at", "recipient", "created_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    dedupe_key: Mapped[str] = mapped_column(String(200))
    recipient: Mapped[str] = mapped_column(String(320))
    subject: Mapped[str] = mapped_column(String(300))
    body: Mapped[str] = mapped_column(Text)
    calendar: Mapped[str | None] = mapped_column(Text)
    about: Mapped[list[Any]] = mapped_column(default=list)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


def outbox_in_sight(viewer: Viewer) -> list[ColumnElement[bool]]:
    """Return the conditions under which a mail may be shown: it speaks of nothing that the viewer is recused from."""
    about = type_coerce(OutboxMessage.about, Text)
    return [~about.contains(str(key)) for key in sorted(viewer.recused_from)]


def enqueue_mail(
    session: Session,
    *,
    dedupe_key: str,
    recipient: str,
    subject: str,
    body: str,
    at: datetime,
    calendar: str | None = None,
    about: Collection[uuid.UUID] = (),
) -> None:
    """Put a mail in the outbox unless one with the same key is there already.

    Args:
        session: The session of the change that causes it.
        dedupe_key: Names the cause.
        recipient: Address.
        subject: One line.
        body: Plain text.
        at: Now.
        calendar: Goes along as an `.ics` file.
        about: Applications that it speaks of.

    Raises:
        InvalidInputError: if recipient or subject holds a line break (mail header injection).
    """
    for field, value in (("recipient", recipient), ("subject", subject)):
        if "\n" in value or "\r" in value:
            raise InvalidInputError(field=field, reason_ko="줄바꿈을 쓸 수 없습니다", reason_en="no line breaks")
    taken = session.scalar(
        select(func.count()).select_from(OutboxMessage).where(OutboxMessage.dedupe_key == dedupe_key)
    )
    if not taken:
        session.add(
            OutboxMessage(
                dedupe_key=dedupe_key,
                recipient=recipient,
                subject=subject,
                body=body,
                calendar=calendar,
                about=sorted(map(str, about)),
                created_at=at,
            )
        )
