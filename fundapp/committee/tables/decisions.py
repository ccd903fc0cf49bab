"""What was decided, and on which conditions."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id


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
