"""Cash that comes back, is lost, or goes to the investors."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import Base, new_id


class CashMovement(Base):
    """Proceeds of a holding, a write-off, a payout to the investors, or the correction of one of them.

    One person drafts it and another approves; only then does it post, as the transaction `txn_key`.
    """

    __tablename__ = "cash_movement"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('dividend','interest','redemption','exit','write_off','payout','correction')", name="kind"
        ),
        CheckConstraint("state IN ('drafted','approved','returned')", name="state"),
        CheckConstraint("amount_krw >= 0 AND cost_krw >= 0", name="amount"),
        CheckConstraint("kind NOT IN ('dividend','interest') OR cost_krw = 0", name="income"),
        CheckConstraint("(kind = 'payout') OR award_id IS NOT NULL OR kind = 'correction'", name="award"),
        CheckConstraint("(kind = 'correction') = (corrects_id IS NOT NULL)", name="corrects"),
        CheckConstraint("decided_by_id IS NULL OR decided_by_id <> prepared_by_id", name="four_eyes"),
        CheckConstraint("(state = 'drafted') = (decided_by_id IS NULL)", name="decided"),
        CheckConstraint("(state = 'approved') = (txn_key IS NOT NULL)", name="posted"),
        Index(
            "uq_cash_movement_corrects",
            "corrects_id",
            unique=True,
            sqlite_where=text("state <> 'returned'"),
            postgresql_where=text("state <> 'returned'"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    kind: Mapped[str] = mapped_column(String(12))
    award_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("award.id"), index=True)
    corrects_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("cash_movement.id"))
    amount_krw: Mapped[int]
    cost_krw: Mapped[int]
    sharing: Mapped[str | None] = mapped_column(String(8))
    effective_on: Mapped[date] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10), default="drafted", index=True)
    txn_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    prepared_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    prepared_at: Mapped[datetime]
    decided_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
    return_reason: Mapped[str | None] = mapped_column(Text)
