"""An award's cash, and what the holding is worth."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id


class Tranche(Base):
    """A part of the cash, paid when its condition holds; preparer and approver are two people."""

    __tablename__ = "tranche"
    __table_args__ = (
        UniqueConstraint("award_id", "number"),
        CheckConstraint("state IN ('planned','prepared','disbursed')", name="state"),
        CheckConstraint("amount_krw > 0", name="amount"),
        CheckConstraint("approved_by_id IS NULL OR approved_by_id <> prepared_by_id", name="four_eyes"),
        CheckConstraint("(state = 'disbursed') = (disbursed_on IS NOT NULL)", name="disbursed"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    award_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("award.id"))
    number: Mapped[int]
    amount_krw: Mapped[int]
    due_on: Mapped[date] = mapped_column(Date)
    milestone: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10), default="planned")
    prepared_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    approved_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    disbursed_on: Mapped[date | None] = mapped_column(Date)


class Valuation(Base):
    """Fair value of a holding at a quarter's end (IPEV), with technique and reasons; append-only."""

    __tablename__ = "valuation"
    __table_args__ = (
        UniqueConstraint("award_id", "quarter", "version"),
        CheckConstraint("fair_value_krw >= 0", name="fair_value"),
        CheckConstraint("approved_by <> prepared_by", name="four_eyes"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    award_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("award.id"))
    quarter: Mapped[str] = mapped_column(String(6))
    version: Mapped[int]
    fair_value_krw: Mapped[int]
    technique: Mapped[str] = mapped_column(String(80))
    note: Mapped[str] = mapped_column(Text)
    prepared_by: Mapped[str] = mapped_column(String(120))
    approved_by: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]
