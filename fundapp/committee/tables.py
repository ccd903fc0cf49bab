"""The committee's record: who was recused, who rated what, who voted how, what was decided."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id


class Conflict(Base):
    """A recusal: 제척 disqualification, 기피 challenge, 회피 self_recusal."""

    __tablename__ = "conflict"
    __table_args__ = (
        UniqueConstraint("application_id", "person_id"),
        CheckConstraint("route IN ('disqualification','challenge','self_recusal')", name="route"),
        CheckConstraint("length(reason) > 0", name="reason"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    route: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(Text)
    declared_by: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]


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


class Decision(Base):
    """What a closed ballot resolved, with its arithmetic. One ballot, one decision."""

    __tablename__ = "decision"
    __table_args__ = (
        UniqueConstraint("ballot_id"),
        CheckConstraint("outcome IN ('carried','rejected','deferred')", name="outcome"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    ballot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ballot.id"))
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"), index=True)
    outcome: Mapped[str] = mapped_column(String(10))
    approved_krw: Mapped[int]
    gpu_lines: Mapped[list[Any]]
    tally: Mapped[dict[str, Any]]
    closed_by: Mapped[str] = mapped_column(String(120))
    decided_at: Mapped[datetime]


class Condition(Base):
    """A condition of a decision; cash and GPU time wait until it is met or waived."""

    __tablename__ = "condition"
    __table_args__ = (
        CheckConstraint("state IN ('open','met','waived')", name="state"),
        CheckConstraint("(state = 'open') = (resolved_at IS NULL)", name="resolved"),
        UniqueConstraint("decision_id", "number"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    decision_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("decision.id"))
    number: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    due_on: Mapped[date | None] = mapped_column(Date)
    state: Mapped[str] = mapped_column(String(8), default="open")
    evidence: Mapped[str | None] = mapped_column(Text)
    resolved_by: Mapped[str | None] = mapped_column(String(120))
    resolved_at: Mapped[datetime | None]
