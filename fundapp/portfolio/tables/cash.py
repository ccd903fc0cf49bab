"""An award's cash, and what the holding is worth."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy import text as sql_text
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, Document, new_id


class Tranche(Base):
    """A part of the cash, paid when its condition holds; preparer and approver are two people.

    `amount_krw` is what was agreed; `paid_krw` what was paid where a correction says that it was another sum.
    """

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
    paid_krw: Mapped[int | None]


class TrancheCondition(Base):
    """What has to hold before a tranche is paid: a condition precedent (선행조건) or a milestone.

    A waiver names its reason; everything that ends a condition names a person.
    """

    __tablename__ = "tranche_condition"
    __table_args__ = (
        UniqueConstraint("tranche_id", "number"),
        CheckConstraint("kind IN ('precedent','milestone')", name="kind"),
        CheckConstraint("state IN ('open','met','waived')", name="state"),
        CheckConstraint("length(text) > 0", name="text"),
        CheckConstraint("(state = 'open') = (met_by_id IS NULL) AND (state = 'open') = (met_at IS NULL)", name="met"),
        CheckConstraint("state <> 'met' OR evidence IS NOT NULL", name="evidence"),
        CheckConstraint("state <> 'waived' OR reason IS NOT NULL", name="reason"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    tranche_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tranche.id"))
    number: Mapped[int]
    kind: Mapped[str] = mapped_column(String(10))
    text: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(8), default="open")
    evidence: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    met_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    met_at: Mapped[datetime | None]


class Valuation(Base):
    """Fair value of a holding at a quarter's end (IPEV), with technique and reasons; append-only."""

    __tablename__ = "valuation"
    __table_args__ = (
        UniqueConstraint("award_id", "quarter", "version"),
        CheckConstraint("fair_value_krw >= 0", name="fair_value"),
        CheckConstraint("approved_by <> prepared_by", name="four_eyes"),
        CheckConstraint("approved_by_id IS NULL OR approved_by_id <> prepared_by_id", name="four_people"),
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
    inputs: Mapped[list[Any] | None] = mapped_column(Document)
    calibration_note: Mapped[str | None] = mapped_column(Text)
    change_reason: Mapped[str | None] = mapped_column(Text)
    prepared_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    approved_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))


class ValuationDraft(Base):
    """A mark that somebody prepared and somebody else approves or sends back.

    `inputs` are rows `{name, entry, now, source}`; `change_krw` is the difference from the last approved mark.
    """

    __tablename__ = "valuation_draft"
    __table_args__ = (
        CheckConstraint("state IN ('prepared','approved','returned')", name="state"),
        CheckConstraint("fair_value_krw >= 0", name="fair_value"),
        CheckConstraint("decided_by_id IS NULL OR decided_by_id <> prepared_by_id", name="four_eyes"),
        CheckConstraint("(state = 'prepared') = (decided_by_id IS NULL)", name="decided"),
        CheckConstraint("(state = 'approved') = (valuation_id IS NOT NULL)", name="approved"),
        CheckConstraint("(state = 'returned') = (return_reason IS NOT NULL)", name="returned"),
        CheckConstraint("round_new_bp IS NULL OR round_new_bp BETWEEN 0 AND 10000", name="new_share"),
        Index(
            "uq_valuation_draft_waiting",
            "award_id",
            "quarter",
            unique=True,
            sqlite_where=sql_text("state = 'prepared'"),
            postgresql_where=sql_text("state = 'prepared'"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    award_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("award.id"), index=True)
    quarter: Mapped[str] = mapped_column(String(6))
    fair_value_krw: Mapped[int]
    technique: Mapped[str] = mapped_column(String(20))
    inputs: Mapped[list[Any]]
    milestone_status: Mapped[str] = mapped_column(Text)
    round_price_krw: Mapped[int | None]
    round_new_bp: Mapped[int | None]
    calibration_note: Mapped[str] = mapped_column(Text)
    change_krw: Mapped[int | None]
    change_reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(8), default="prepared")
    prepared_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    prepared_at: Mapped[datetime]
    decided_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
    return_reason: Mapped[str | None] = mapped_column(Text)
    valuation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("valuation.id"))
