"""Corrections of payments: of a tranche that was paid, or of a part of a call that was received."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import Base, new_id

_DRAFTED = text("state = 'drafted'")


class PaymentCorrection(Base):
    """The right amount and day of a payment, beside what was recorded.

    One person drafts it and another approves; only then is transaction `replaces_key` reversed and `txn_key` posted.
    """

    __tablename__ = "payment_correction"
    __table_args__ = (
        CheckConstraint("state IN ('drafted','approved','returned')", name="state"),
        CheckConstraint("amount_krw > 0 AND was_krw > 0", name="amount"),
        CheckConstraint("(tranche_id IS NULL) <> (line_id IS NULL)", name="corrects"),
        CheckConstraint("amount_krw <> was_krw OR effective_on <> was_on", name="changes"),
        CheckConstraint("decided_by_id IS NULL OR decided_by_id <> prepared_by_id", name="four_eyes"),
        CheckConstraint("(state = 'drafted') = (decided_by_id IS NULL)", name="decided"),
        CheckConstraint("(state = 'approved') = (txn_key IS NOT NULL)", name="posted"),
        *(
            Index(
                f"uq_payment_correction_{column}",
                column,
                unique=True,
                sqlite_where=_DRAFTED,
                postgresql_where=_DRAFTED,
            )
            for column in ("tranche_id", "line_id")
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    tranche_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("tranche.id"))
    line_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("capital_call_line.id"))
    amount_krw: Mapped[int]
    effective_on: Mapped[date] = mapped_column(Date)
    was_krw: Mapped[int]
    was_on: Mapped[date] = mapped_column(Date)
    replaces_key: Mapped[str] = mapped_column(String(200))
    txn_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10), default="drafted")
    prepared_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    prepared_at: Mapped[datetime]
    decided_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
    return_reason: Mapped[str | None] = mapped_column(Text)
