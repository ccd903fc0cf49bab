"""What companies say of themselves, and what the tax office says of them."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id


class CompanyStatement(Base):
    """One version of what a company says of itself: see `fundapp.intake.standing`."""

    __tablename__ = "company_statement"
    __table_args__ = (UniqueConstraint("company_id", "version"), {"info": APPEND_ONLY})

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    company_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("company.id"))
    version: Mapped[int]
    facts: Mapped[dict[str, Any]]
    stated_by: Mapped[str] = mapped_column(String(120))
    stated_at: Mapped[datetime]


class RegistrationCheck(Base):
    """One answer of the tax office about a business number, or that none came.

    `outcome` is what the fund makes of it; `answer` the row as it came, without what it was asked with.
    """

    __tablename__ = "registration_check"
    __table_args__ = (
        CheckConstraint(
            "outcome IN ('active','suspended','closed','unregistered','unread')",
            name="outcome",
        ),
        CheckConstraint("(outcome = 'unread') = (failure IS NOT NULL)", name="failure"),
        Index("ix_registration_check_company_id", "company_id", "checked_at"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    company_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("company.id"))
    source: Mapped[str] = mapped_column(String(20))
    outcome: Mapped[str] = mapped_column(String(12))
    tax_type: Mapped[str | None] = mapped_column(String(80))
    ended_on: Mapped[date | None] = mapped_column(Date)
    matched: Mapped[bool | None]
    failure: Mapped[str | None] = mapped_column(String(200))
    answer: Mapped[dict[str, Any]]
    checked_by: Mapped[str] = mapped_column(String(120))
    checked_at: Mapped[datetime]
