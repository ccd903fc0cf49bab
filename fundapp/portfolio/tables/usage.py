"""What was used, and the files that say so."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id


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
