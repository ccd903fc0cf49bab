"""What a decision became: an award."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import Base, new_id


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
