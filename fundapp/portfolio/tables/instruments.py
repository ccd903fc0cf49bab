"""What was agreed with a company, and what became of the holding in its financing rounds."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id


class AwardTerms(Base):
    """Terms of an award's instrument; a later version supersedes the earlier. Append-only.

    `option_krw` and `option_until` are the right to invest more (후속 투자 선택권), which only a decision exercises.
    """

    __tablename__ = "award_terms"
    __table_args__ = (
        UniqueConstraint("award_id", "version"),
        CheckConstraint("(option_krw IS NULL) = (option_until IS NULL)", name="option_whole"),
        CheckConstraint("option_krw IS NULL OR option_krw > 0", name="option_krw"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    award_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("award.id"))
    version: Mapped[int]
    instrument: Mapped[str] = mapped_column(String(10))
    terms: Mapped[dict[str, Any]]
    note: Mapped[str] = mapped_column(Text)
    option_krw: Mapped[int | None]
    option_until: Mapped[date | None] = mapped_column(Date)
    recorded_by: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]


class AwardFollowOn(Base):
    """That an award is a follow-on (후속 투자) of an earlier one of the same company. Append-only.

    A follow-on is decided like any award, on a ballot of its own. `option_krw` is the right to invest more that it
    exercised; None where there was none, or its time was over.
    """

    __tablename__ = "award_follow_on"
    __table_args__ = ({"info": APPEND_ONLY},)

    award_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("award.id"), primary_key=True)
    follows_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("award.id"), index=True)
    option_krw: Mapped[int | None]
    recorded_by: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]


class FinancingRound(Base):
    """A financing round of a company we hold, and our holding after it. Append-only; a later version corrects."""

    __tablename__ = "financing_round"
    __table_args__ = (
        UniqueConstraint("award_id", "name", "version"),
        CheckConstraint("pre_money_krw >= 0 AND new_money_krw >= 0 AND price_krw > 0", name="money"),
        CheckConstraint("total_shares > 0 AND our_shares BETWEEN 0 AND total_shares", name="shares"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    award_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("award.id"))
    name: Mapped[str] = mapped_column(String(80))
    version: Mapped[int]
    closed_on: Mapped[date] = mapped_column(Date)
    pre_money_krw: Mapped[int]
    new_money_krw: Mapped[int]
    price_krw: Mapped[int]
    our_shares: Mapped[int]
    total_shares: Mapped[int]
    insider_only: Mapped[bool]
    source: Mapped[str] = mapped_column(Text)
    recorded_by: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]
