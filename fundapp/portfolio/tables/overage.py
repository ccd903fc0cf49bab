"""Cloud quota, which is not credit, and what follows use beyond a grant."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id


class CloudQuota(Base):
    """One dated line about the vCPU quota of a subscription, region and VM family; the newest line holds.

    Quota is what a cloud lets a subscription run at once; it is neither credit nor a grant. `award_id` is None for
    quota of the fund itself.
    """

    __tablename__ = "cloud_quota"
    __table_args__ = (
        CheckConstraint("state IN ('requested','approved','denied')", name="state"),
        CheckConstraint("vcpus >= 0", name="vcpus"),
        CheckConstraint("vcpus_per_gpu > 0", name="vcpus_per_gpu"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    award_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("award.id"), index=True)
    subscription: Mapped[str] = mapped_column(String(200))
    region: Mapped[str] = mapped_column(String(40))
    vm_family: Mapped[str] = mapped_column(String(80))
    sku: Mapped[str] = mapped_column(String(20))
    vcpus: Mapped[int]
    vcpus_per_gpu: Mapped[int]
    state: Mapped[str] = mapped_column(String(10))
    dated_on: Mapped[date] = mapped_column(Date)
    source: Mapped[str] = mapped_column(Text)
    recorded_by: Mapped[str] = mapped_column(String(120))
    recorded_at: Mapped[datetime]


class BlockRequest(Base):
    """That the contributor was asked to block an award's subscription because its grant is used up."""

    __tablename__ = "block_request"
    __table_args__ = (
        UniqueConstraint("award_id", "sku", "region", "quarter"),
        CheckConstraint("state IN ('open','done')", name="state"),
        CheckConstraint("overage_e4 > 0", name="overage"),
        CheckConstraint("(state = 'open') = (done_at IS NULL)", name="done"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    award_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("award.id"))
    sku: Mapped[str] = mapped_column(String(20))
    region: Mapped[str] = mapped_column(String(40))
    quarter: Mapped[str] = mapped_column(String(6))
    subscriptions: Mapped[str] = mapped_column(Text)
    overage_e4: Mapped[int]
    requested_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(10), default="open")
    done_at: Mapped[datetime | None]
    done_by: Mapped[str | None] = mapped_column(String(120))
    note: Mapped[str | None] = mapped_column(Text)


class OverageCharge(Base):
    """A line that bills use beyond a grant; what changes after it is settled becomes a further line."""

    __tablename__ = "overage_charge"
    __table_args__ = (
        UniqueConstraint("award_id", "sku", "region", "quarter", "number"),
        CheckConstraint("state IN ('open','settled')", name="state"),
        CheckConstraint("(state = 'settled') = (settled_at IS NOT NULL)", name="settled"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    award_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("award.id"))
    sku: Mapped[str] = mapped_column(String(20))
    region: Mapped[str] = mapped_column(String(40))
    quarter: Mapped[str] = mapped_column(String(6))
    number: Mapped[int]
    hours_e4: Mapped[int]
    rate_krw: Mapped[int]
    amount_krw: Mapped[int]
    state: Mapped[str] = mapped_column(String(10), default="open")
    charged_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str | None] = mapped_column(String(120))
