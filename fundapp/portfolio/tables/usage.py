"""What was used, the exports that say so, whose subscriptions they are, and the fund's own lines on machine sizes."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id
from fundapp.ledger.tables import SERIAL


class UsageImport(Base):
    """One export that was read: a digest of what it states, and its counts.

    The digest is over the statement (bills, totals, counts), so that an export has one identity in whatever form and
    in however many parts it arrives.
    """

    __tablename__ = "usage_import"
    __table_args__ = ({"info": APPEND_ONLY},)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    file_name: Mapped[str] = mapped_column(String(200))
    content_sha256: Mapped[str] = mapped_column(String(64), index=True)
    summary: Mapped[dict[str, Any]]
    imported_by: Mapped[str] = mapped_column(String(120))
    imported_at: Mapped[datetime]


class UsageCoverage(Base):
    """Which bills an export states: one line for each sub-account and month, and under which scope and run."""

    __tablename__ = "usage_coverage"
    __table_args__ = (
        Index("ix_usage_coverage_bill", "sub_account", "month"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[int] = mapped_column(SERIAL, primary_key=True)
    import_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("usage_import.id"), index=True)
    scope: Mapped[str] = mapped_column(String(300))
    sub_account: Mapped[str] = mapped_column(String(200))
    month: Mapped[date] = mapped_column(Date)
    run: Mapped[str] = mapped_column(String(80), default="")


class UsageDay(Base):
    """One posted difference: GPU time of one owner on one UTC day as one bill states it.

    A bill is restated as a whole, so what is posted for a day is the sum of its lines; the use of a day is the sum
    over bills. `scope` is the cloud account of the bill and `billing_month` the first day of its billing period.
    `posting` numbers the transactions of an owner's SKU and region: the key of a line's own is
    `usage:<owner>:<sku>:<region>:<day or month of effect>:<posting>`. `effective_on` is the day, or the first open
    one after closed books; `value_e4` is the imputed value of use without an award, in ten-thousandths of a won.
    """

    __tablename__ = "usage_day"
    __table_args__ = (
        UniqueConstraint(
            "billing_month", "scope", "owner", "sku", "region", "utc_day", "posting", name="uq_usage_day_line"
        ),
        Index("ix_usage_day_award_id_sku", "award_id", "sku"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[int] = mapped_column(SERIAL, primary_key=True)
    owner: Mapped[str] = mapped_column(String(120))
    award_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("award.id"))
    sku: Mapped[str] = mapped_column(String(20))
    region: Mapped[str] = mapped_column(String(40))
    utc_day: Mapped[date] = mapped_column(Date)
    scope: Mapped[str] = mapped_column(String(200))
    billing_month: Mapped[date] = mapped_column(Date)
    effective_on: Mapped[date] = mapped_column(Date, index=True)
    posting: Mapped[int]
    posted_e4: Mapped[int]
    value_e4: Mapped[int] = mapped_column(default=0)


class UsageOwner(Base):
    """Whose subscription, or whose tag, something is: one version of one answer, with its validity and author.

    The newest version of a name decides; one without an award takes the answer back.
    """

    __tablename__ = "usage_owner"
    __table_args__ = (
        UniqueConstraint("name", "version"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="validity"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(200))
    version: Mapped[int]
    award_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("award.id"), index=True)
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(String(300), default="")
    recorded_by: Mapped[str] = mapped_column(String(120))
    recorded_at: Mapped[datetime]


class GpuSizeLine(Base):
    """What a machine size stands for from a day on, where the fund's own table adds to the built-in one."""

    __tablename__ = "gpu_size"
    __table_args__ = (
        UniqueConstraint("name", "valid_from", "version"),
        CheckConstraint("gpus_numerator > 0 AND gpus_denominator > 0 AND memory_gb > 0", name="positive"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(80))
    valid_from: Mapped[date] = mapped_column(Date)
    version: Mapped[int]
    sku: Mapped[str] = mapped_column(String(20))
    gpus_numerator: Mapped[int]
    gpus_denominator: Mapped[int]
    memory_gb: Mapped[int]
    source: Mapped[str] = mapped_column(String(200))
    recorded_by: Mapped[str] = mapped_column(String(120))
    recorded_at: Mapped[datetime]
