"""Notices before hours are taken back, and the line of those who wait for them."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import Base, new_id


class ReclaimNotice(Base):
    """That a grant's unused hours will be taken back on `acts_on`, under which rule, and what became of it."""

    __tablename__ = "reclaim_notice"
    __table_args__ = (
        CheckConstraint("rule IN ('idle','minimal_use')", name="rule"),
        CheckConstraint("state IN ('open','withdrawn','waived','acted')", name="state"),
        CheckConstraint("hours_e4 > 0", name="hours"),
        CheckConstraint("(state = 'open') = (ended_at IS NULL)", name="ended"),
        Index(
            "uq_reclaim_notice_open",
            "grant_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    grant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("gpu_grant.id"), index=True)
    rule: Mapped[str] = mapped_column(String(20))
    hours_e4: Mapped[int]
    noticed_at: Mapped[datetime]
    acts_on: Mapped[date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(String(10), default="open")
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(String(120))
    end_reason: Mapped[str | None] = mapped_column(Text)
    reclaimed_e4: Mapped[int] = mapped_column(default=0)
    txn_key: Mapped[str | None] = mapped_column(String(200))


class WaitlistEntry(Base):
    """An award that waits for hours of a SKU and region, in one quarter or in any.

    The line is ordered by `priority` (1: a supplement that was refused for want of hours, 2: everybody else), then
    by `joined_at`, then by identifier.
    """

    __tablename__ = "waitlist_entry"
    __table_args__ = (
        CheckConstraint("priority IN (1, 2)", name="priority"),
        CheckConstraint("state IN ('waiting','served','left')", name="state"),
        CheckConstraint("minimum_e4 > 0 AND wanted_e4 >= minimum_e4", name="hours"),
        CheckConstraint("served_e4 >= 0", name="served"),
        Index("ix_waitlist_entry_line", "state", "sku", "region", "priority", "joined_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    award_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("award.id"), index=True)
    sku: Mapped[str] = mapped_column(String(20))
    region: Mapped[str] = mapped_column(String(40))
    quarter: Mapped[str | None] = mapped_column(String(6))
    wanted_e4: Mapped[int]
    minimum_e4: Mapped[int]
    served_e4: Mapped[int] = mapped_column(default=0)
    priority: Mapped[int]
    change_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("change_request.id"), unique=True)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    joined_by: Mapped[str] = mapped_column(String(120))
    joined_at: Mapped[datetime]


class WaitlistOffer(Base):
    """Free hours of a pool held for one entry of the line until `expires_at`."""

    __tablename__ = "waitlist_offer"
    __table_args__ = (
        CheckConstraint("state IN ('open','accepted','declined','expired')", name="state"),
        CheckConstraint("minimum_e4 > 0 AND hours_e4 >= minimum_e4", name="hours"),
        CheckConstraint("(state = 'accepted') = (accepted_e4 IS NOT NULL)", name="accepted"),
        CheckConstraint("accepted_e4 BETWEEN minimum_e4 AND hours_e4", name="accepted_hours"),
        CheckConstraint("(state = 'open') = (answered_at IS NULL)", name="answered"),
        Index(
            "uq_waitlist_offer_open",
            "entry_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    entry_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("waitlist_entry.id"), index=True)
    pool_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pool.id"))
    hours_e4: Mapped[int]
    minimum_e4: Mapped[int]
    hold_key: Mapped[str] = mapped_column(String(200), unique=True)
    offered_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(10), default="open")
    accepted_e4: Mapped[int | None]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None] = mapped_column(String(120))
