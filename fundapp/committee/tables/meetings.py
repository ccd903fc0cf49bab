"""Sittings, ballots and votes."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id


class Meeting(Base):
    """A sitting of the investment committee."""

    __tablename__ = "meeting"
    __table_args__ = (UniqueConstraint("call_id", "held_on"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("call.id"))
    title: Mapped[str] = mapped_column(String(200))
    held_on: Mapped[date] = mapped_column(Date)
    created_at: Mapped[datetime]


class Ballot(Base):
    """One vote on one application: cash and GPU hours together."""

    __tablename__ = "ballot"
    __table_args__ = (
        CheckConstraint("state IN ('open','closed')", name="state"),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_at"),
        CheckConstraint("proposed_krw >= 0", name="cash"),
        Index(
            "uq_ballot_open_application",
            "application_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    meeting_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("meeting.id"), index=True)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"), index=True)
    proposed_krw: Mapped[int]
    gpu_lines: Mapped[list[Any]]
    conditions: Mapped[list[Any]]
    hold_keys: Mapped[list[Any]]
    state: Mapped[str] = mapped_column(String(8), default="open")
    opened_by: Mapped[str] = mapped_column(String(120))
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class Vote(Base):
    """One member's vote; final."""

    __tablename__ = "vote"
    __table_args__ = (
        UniqueConstraint("ballot_id", "person_id"),
        CheckConstraint("choice IN ('yes','no','abstain')", name="choice"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    ballot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ballot.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    choice: Mapped[str] = mapped_column(String(8))
    cast_at: Mapped[datetime]
