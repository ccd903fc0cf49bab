"""An award's GPU time."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import Base, new_id


class Grant(Base):
    """GPU time of an award: one SKU, region and quarter, drawn from one pool.

    `requested_e4`, `recommended_e4` and `hours_e4` keep apart what the company asked for, what the adopted plan
    recommended and what was decided; what later changes moved is in the ledger. A grant that a change brought about
    was decided with 0 hours. Use on days up to and including `usable_until` draws on it; what is left lapses after
    `expires_on`, which leaves time for late bills.
    """

    __tablename__ = "gpu_grant"
    __table_args__ = (
        UniqueConstraint("award_id", "sku", "region", "quarter"),
        CheckConstraint("hours_e4 >= 0", name="hours"),
        CheckConstraint("release IN ('at_once','half')", name="release"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    award_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("award.id"))
    pool_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pool.id"), index=True)
    sku: Mapped[str] = mapped_column(String(20))
    region: Mapped[str] = mapped_column(String(40))
    quarter: Mapped[str] = mapped_column(String(6))
    requested_e4: Mapped[int | None]
    recommended_e4: Mapped[int | None]
    hours_e4: Mapped[int]
    release: Mapped[str] = mapped_column(String(10), default="at_once")
    account: Mapped[str] = mapped_column(String(160), unique=True)
    usable_until: Mapped[date] = mapped_column(Date)
    expires_on: Mapped[date] = mapped_column(Date)
    expired_at: Mapped[datetime | None]


class GrantHold(Base):
    """That an award was signed while a condition kept its GPU time back, and when the hours were released."""

    __tablename__ = "grant_hold"
    __table_args__ = (CheckConstraint("(freed_at IS NULL) = (freed_by IS NULL)", name="freed"),)

    award_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("award.id"), primary_key=True)
    held_at: Mapped[datetime]
    freed_at: Mapped[datetime | None]
    freed_by: Mapped[str | None] = mapped_column(String(120))
