"""Capital calls: what the fund asks of its cash investors, and when it came in."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import Base, new_id


class CapitalCall(Base):
    """A request for cash to one investor (출자요청); who drafts it does not issue it.

    An automatic call was made on the spot, by paying a tranche or a fee that no paid call covered.
    """

    __tablename__ = "capital_call"
    __table_args__ = (
        CheckConstraint("state IN ('drafted','issued','paid','cancelled')", name="state"),
        CheckConstraint("due_on >= notice_on", name="due"),
        CheckConstraint("automatic OR issued_by_id IS NULL OR issued_by_id <> prepared_by_id", name="four_eyes"),
        CheckConstraint("automatic OR prepared_by_id IS NOT NULL", name="prepared"),
        CheckConstraint("automatic OR state NOT IN ('issued','paid') OR issued_by_id IS NOT NULL", name="issued"),
        CheckConstraint("(state = 'paid') = (paid_on IS NOT NULL)", name="paid"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    investor_code: Mapped[str] = mapped_column(ForeignKey("investor.code"))
    notice_on: Mapped[date] = mapped_column(Date)
    due_on: Mapped[date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(String(10), default="drafted", index=True)
    automatic: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str | None] = mapped_column(Text)
    prepared_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    prepared_at: Mapped[datetime]
    issued_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    issued_at: Mapped[datetime | None]
    received_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    paid_on: Mapped[date | None] = mapped_column(Date)


class CapitalCallLine(Base):
    """What a part of a call is for: a tranche, or a cost of a quarter. An investor is asked once for each."""

    __tablename__ = "capital_call_line"
    __table_args__ = (
        UniqueConstraint("call_id", "place"),
        CheckConstraint("amount_krw > 0", name="amount"),
        CheckConstraint("(tranche_id IS NULL) <> (expense IS NULL)", name="purpose"),
        CheckConstraint("(expense IS NULL) = (quarter IS NULL)", name="quarter"),
        Index(
            "uq_capital_call_line_tranche",
            "tranche_id",
            "investor_code",
            unique=True,
            sqlite_where=text("cancelled_at IS NULL AND tranche_id IS NOT NULL"),
            postgresql_where=text("cancelled_at IS NULL AND tranche_id IS NOT NULL"),
        ),
        Index(
            "uq_capital_call_line_expense",
            "expense",
            "quarter",
            "investor_code",
            unique=True,
            sqlite_where=text("cancelled_at IS NULL AND expense IS NOT NULL"),
            postgresql_where=text("cancelled_at IS NULL AND expense IS NOT NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("capital_call.id"))
    place: Mapped[int]
    investor_code: Mapped[str] = mapped_column(ForeignKey("investor.code"))
    tranche_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("tranche.id"))
    expense: Mapped[str | None] = mapped_column(String(30))
    quarter: Mapped[str | None] = mapped_column(String(6))
    amount_krw: Mapped[int]
    txn_key: Mapped[str] = mapped_column(String(200), index=True)
    cancelled_at: Mapped[datetime | None]
