"""Who is to review what, and what members rated."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id


class Assignment(Base):
    """That a member is to review an application."""

    __tablename__ = "assignment"
    __table_args__ = (UniqueConstraint("application_id", "person_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    assigned_by: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]


class Review(Base):
    """One member's ratings, 1 to 5 per criterion with a compulsory reason; a change is a new version."""

    __tablename__ = "review"
    __table_args__ = (
        UniqueConstraint("application_id", "person_id", "version"),
        CheckConstraint("total_tenths BETWEEN 0 AND 1000", name="total"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    version: Mapped[int]
    ratings: Mapped[list[Any]]
    total_tenths: Mapped[int]
    note: Mapped[str | None] = mapped_column(Text)
    filed_at: Mapped[datetime]


class Reviewing(Base):
    """Who is to review what and whether they have (1) or not (0): assignments and reviews, narrowed by triggers.

    What waits for a person, and therefore is sealed for them, is read from its index alone.
    """

    __tablename__ = "reviewing"
    __table_args__ = (
        CheckConstraint("filed IN (0,1)", name="filed"),
        Index("ix_reviewing_waiting", "person_id", "filed", "call_id", "application_id"),
    )

    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"), primary_key=True)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("call.id"))
    filed: Mapped[int]
