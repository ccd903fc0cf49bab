"""Who is to review what, how that came about, who knows what, and who was reminded."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, Document, new_id


class Assignment(Base):
    """That a member is to review an application."""

    __tablename__ = "assignment"
    __table_args__ = (UniqueConstraint("application_id", "person_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    assigned_by: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]


class AssignmentEvent(Base):
    """One step of an assignment: added or removed, by hand, from a file or by balancing, and why."""

    __tablename__ = "assignment_event"
    __table_args__ = (
        CheckConstraint("verb IN ('added','removed')", name="verb"),
        CheckConstraint("origin IN ('balanced','hand','file')", name="origin"),
        Index("ix_assignment_event_pair", "application_id", "person_id"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    verb: Mapped[str] = mapped_column(String(8))
    origin: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str | None] = mapped_column(Text)
    why: Mapped[dict[str, Any] | None] = mapped_column(Document)
    by: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]


class Expertise(Base):
    """That a member knows a field: an industry of the calls' forms, or a track."""

    __tablename__ = "expertise"

    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(40), primary_key=True)


class Reminder(Base):
    """That a member was reminded of the reviews that waited, once a day at most."""

    __tablename__ = "review_reminder"
    __table_args__ = (
        UniqueConstraint("call_id", "person_id", "sent_on"),
        CheckConstraint("waiting > 0", name="waiting"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("call.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    sent_on: Mapped[date] = mapped_column(Date)
    waiting: Mapped[int]
    sent_by: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]
