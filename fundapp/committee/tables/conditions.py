"""The conditions of a decision: who owes what by when, the evidence for it, and votes to waive it."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id


class Condition(Base):
    """A condition of a decision; what its scope names waits until it is met or waived.

    `owner_id` is the person who owes the evidence; without one, everybody of the company does.
    """

    __tablename__ = "condition"
    __table_args__ = (
        CheckConstraint("state IN ('open','met','waived')", name="state"),
        CheckConstraint("(state = 'open') = (resolved_at IS NULL)", name="resolved"),
        CheckConstraint("scope IN ('cash','gpu','both')", name="scope"),
        CheckConstraint("owner_side IN ('company','fund')", name="owner_side"),
        CheckConstraint("owner_side = 'company' OR owner_id IS NOT NULL", name="owner"),
        UniqueConstraint("decision_id", "number"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    decision_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("decision.id"))
    number: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    due_on: Mapped[date | None] = mapped_column(Date)
    scope: Mapped[str] = mapped_column(String(4), default="both")
    owner_side: Mapped[str] = mapped_column(String(7), default="company")
    owner_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"), index=True)
    state: Mapped[str] = mapped_column(String(8), default="open")
    evidence: Mapped[str | None] = mapped_column(Text)
    resolved_by: Mapped[str | None] = mapped_column(String(120))
    resolved_at: Mapped[datetime | None]


class ConditionEvidence(Base):
    """What the owner of a condition shows for it; another attempt is another version."""

    __tablename__ = "condition_evidence"
    __table_args__ = (
        UniqueConstraint("condition_id", "version"),
        UniqueConstraint("id", "submitted_by_id"),
        CheckConstraint("length(text) > 0", name="text"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    condition_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("condition.id"))
    version: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    links: Mapped[list[Any]]
    submitted_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    submitted_by: Mapped[str] = mapped_column(String(120))
    submitted_at: Mapped[datetime]


class EvidenceJudgement(Base):
    """What somebody else of the fund found about one version of evidence; final."""

    __tablename__ = "evidence_judgement"
    __table_args__ = (
        ForeignKeyConstraint(
            ["evidence_id", "submitted_by_id"], ["condition_evidence.id", "condition_evidence.submitted_by_id"]
        ),
        CheckConstraint("outcome IN ('accepted','returned')", name="outcome"),
        CheckConstraint("outcome = 'accepted' OR length(reason) > 0", name="reason"),
        CheckConstraint("judged_by_id <> submitted_by_id", name="two_people"),
        {"info": APPEND_ONLY},
    )

    evidence_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    submitted_by_id: Mapped[uuid.UUID]
    outcome: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str] = mapped_column(Text)
    judged_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    judged_by: Mapped[str] = mapped_column(String(120))
    judged_at: Mapped[datetime]


class Waiver(Base):
    """A proposal that the committee waive a condition, and what the votes came to; one at a time."""

    __tablename__ = "condition_waiver"
    __table_args__ = (
        CheckConstraint("state IN ('open','closed','withdrawn')", name="state"),
        CheckConstraint("(state = 'open') = (ended_at IS NULL)", name="ended"),
        CheckConstraint("(state = 'closed') = (outcome IS NOT NULL)", name="counted"),
        CheckConstraint("outcome IS NULL OR outcome IN ('carried','rejected','deferred')", name="outcome"),
        CheckConstraint("length(reason) > 0", name="reason"),
        Index(
            "uq_condition_waiver_open",
            "condition_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    condition_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("condition.id"), index=True)
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10), default="open")
    proposed_by: Mapped[str] = mapped_column(String(120))
    proposed_at: Mapped[datetime]
    outcome: Mapped[str | None] = mapped_column(String(10))
    tally: Mapped[dict[str, Any] | None]
    ended_by: Mapped[str | None] = mapped_column(String(120))
    ended_at: Mapped[datetime | None]


class WaiverVote(Base):
    """One member's vote about a waiver; final."""

    __tablename__ = "waiver_vote"
    __table_args__ = (
        UniqueConstraint("waiver_id", "person_id"),
        CheckConstraint("choice IN ('yes','no','abstain')", name="choice"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    waiver_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("condition_waiver.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    choice: Mapped[str] = mapped_column(String(8))
    cast_at: Mapped[datetime]
