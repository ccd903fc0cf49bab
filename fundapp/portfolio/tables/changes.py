"""What companies ask to have changed, and what they report to have the second half released."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import Base, new_id


class ChangeRequest(Base):
    """A change of one grant that a company asks for; requester and decider are two people.

    `target_pool_id` is where a transfer or an advance takes its hours from. `approved_e4` may be less than
    `hours_e4`; `taken_e4` left the grant and `given_e4` arrived in it or in the target's.
    """

    __tablename__ = "change_request"
    __table_args__ = (
        CheckConstraint("kind IN ('extension','supplement','transfer','advance','early_return')", name="kind"),
        CheckConstraint("state IN ('requested','approved','declined','withdrawn')", name="state"),
        CheckConstraint("(kind = 'extension') = (hours_e4 IS NULL)", name="hours_stated"),
        CheckConstraint("hours_e4 > 0", name="hours"),
        CheckConstraint("(kind = 'extension') = (until IS NOT NULL)", name="until"),
        CheckConstraint("(kind IN ('transfer','advance')) = (target_pool_id IS NOT NULL)", name="target"),
        CheckConstraint("decided_by_id IS NULL OR decided_by_id <> requested_by_id", name="four_eyes"),
        CheckConstraint("(state IN ('approved','declined')) = (decided_at IS NOT NULL)", name="decided"),
        Index("ix_change_request_state", "state", "requested_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    award_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("award.id"), index=True)
    grant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("gpu_grant.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    hours_e4: Mapped[int | None]
    until: Mapped[date | None] = mapped_column(Date)
    target_pool_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("pool.id"))
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10), default="requested")
    requested_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    requested_by: Mapped[str] = mapped_column(String(120))
    requested_at: Mapped[datetime]
    approved_e4: Mapped[int | None]
    approved_until: Mapped[date | None] = mapped_column(Date)
    taken_e4: Mapped[int | None]
    given_e4: Mapped[int | None]
    decided_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    decided_by: Mapped[str | None] = mapped_column(String(120))
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str | None] = mapped_column(Text)
    txn_key: Mapped[str | None] = mapped_column(String(200))


class ProgressReport(Base):
    """What a company did with the first half of its GPU time; accepting it releases the second."""

    __tablename__ = "progress_report"
    __table_args__ = (
        UniqueConstraint("award_id", "number"),
        CheckConstraint("state IN ('filed','accepted','returned')", name="state"),
        CheckConstraint("(state = 'filed') = (answered_at IS NULL)", name="answered"),
        CheckConstraint("answered_by_id IS NULL OR answered_by_id <> filed_by_id", name="four_eyes"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    award_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("award.id"))
    number: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    statement: Mapped[list[Any]]
    state: Mapped[str] = mapped_column(String(10), default="filed")
    filed_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    filed_by: Mapped[str] = mapped_column(String(120))
    filed_at: Mapped[datetime]
    answered_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    answered_by: Mapped[str | None] = mapped_column(String(120))
    answered_at: Mapped[datetime | None]
    answer: Mapped[str | None] = mapped_column(Text)
    txn_key: Mapped[str | None] = mapped_column(String(200))
