"""How an awarded company gets on: what it builds with KT, and its figures quarter by quarter."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id


class CodevelopmentMilestone(Base):
    """One step of the joint development, towards the Secure Public Cloud or Korean AI.

    `planned_on` stays what was agreed; `expected_on` moves when the plan slips, so that the delay can be told.
    """

    __tablename__ = "codevelopment_milestone"
    __table_args__ = (
        CheckConstraint("track IN ('spc','korean_ai')", name="track"),
        CheckConstraint("(done_on IS NULL) = (done_by IS NULL)", name="done"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    award_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("award.id"), index=True)
    track: Mapped[str] = mapped_column(String(10))
    text: Mapped[str] = mapped_column(Text)
    planned_on: Mapped[date] = mapped_column(Date)
    expected_on: Mapped[date] = mapped_column(Date)
    done_on: Mapped[date | None] = mapped_column(Date)
    result: Mapped[str | None] = mapped_column(Text)
    done_by: Mapped[str | None] = mapped_column(String(120))
    created_by: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]


class CompanyMetric(Base):
    """One figure of a company for one quarter, with what was planned; a correction is a new version."""

    __tablename__ = "company_metric"
    __table_args__ = (
        UniqueConstraint("award_id", "quarter", "metric", "version"),
        CheckConstraint(
            "metric IN ('revenue','operating_profit','paying_customers','cash','monthly_burn')", name="metric"
        ),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    award_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("award.id"))
    quarter: Mapped[str] = mapped_column(String(6))
    metric: Mapped[str] = mapped_column(String(20))
    version: Mapped[int]
    value: Mapped[int]
    planned: Mapped[int | None]
    source: Mapped[str] = mapped_column(String(200))
    entered_by: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]
