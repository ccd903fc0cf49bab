"""Awards: cash in tranches, GPU grants, and what was used of them."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id


class Award(Base):
    """What a decision grants a company: a cash commitment and a GPU grant."""

    __tablename__ = "award"
    __table_args__ = (
        UniqueConstraint("decision_id"),
        CheckConstraint("instrument IN ('RCPS','CB','common','SAFE','none')", name="instrument"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    decision_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("decision.id"))
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"), unique=True)
    company_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("company.id"), index=True)
    instrument: Mapped[str] = mapped_column(String(10))
    committed_krw: Mapped[int]
    signed_on: Mapped[date] = mapped_column(Date)
    signed_by: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]


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


class Grant(Base):
    """GPU time of an award: one SKU, region and quarter, drawn from one pool."""

    __tablename__ = "gpu_grant"
    __table_args__ = (
        UniqueConstraint("award_id", "sku", "region", "quarter"),
        CheckConstraint("hours_e4 > 0", name="hours"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    award_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("award.id"))
    pool_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pool.id"), index=True)
    sku: Mapped[str] = mapped_column(String(20))
    region: Mapped[str] = mapped_column(String(40))
    quarter: Mapped[str] = mapped_column(String(6))
    hours_e4: Mapped[int]
    account: Mapped[str] = mapped_column(String(160), unique=True)
    expires_on: Mapped[date] = mapped_column(Date)
    expired_at: Mapped[datetime | None]


class UsageImport(Base):
    """One usage file that was read, with its hash and counts."""

    __tablename__ = "usage_import"
    __table_args__ = ({"info": APPEND_ONLY},)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    file_name: Mapped[str] = mapped_column(String(200))
    file_sha256: Mapped[str] = mapped_column(String(64), index=True)
    summary: Mapped[dict[str, Any]]
    imported_by: Mapped[str] = mapped_column(String(120))
    imported_at: Mapped[datetime]


class UsageDay(Base):
    """GPU time of one owner on one UTC day as one bill states it, as far as it is posted.

    A restated file replaces what its bill stated before, so rows are kept by bill: `scope` is the cloud account that
    the export covers and `billing_month` the first day of its billing period. A later bill may correct an earlier
    day; the use of a day is the sum over bills.
    """

    __tablename__ = "usage_day"
    __table_args__ = (
        UniqueConstraint("owner", "sku", "region", "utc_day", "scope", "billing_month"),
        Index("ix_usage_day_scope_month", "scope", "billing_month"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    owner: Mapped[str] = mapped_column(String(120))
    award_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("award.id"), index=True)
    sku: Mapped[str] = mapped_column(String(20))
    region: Mapped[str] = mapped_column(String(40))
    utc_day: Mapped[date] = mapped_column(Date)
    scope: Mapped[str] = mapped_column(String(200))
    billing_month: Mapped[date] = mapped_column(Date)
    posted_e4: Mapped[int] = mapped_column(default=0)
    postings: Mapped[int] = mapped_column(default=0)


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
