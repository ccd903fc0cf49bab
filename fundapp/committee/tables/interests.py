"""What members declare to have to do with companies, and what was found by comparing that with applicants."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id


class Interest(Base):
    """One interest of one member as it was declared; a change is a new row that replaces it, or withdraws it.

    `share_bp` is a share of the company in hundredths of a percent. Without a business or corporate number the
    company is known by name only, which suggests a conflict and never proves one.
    """

    __tablename__ = "interest"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('shareholding','employment','advisory','family','group','coinvestment')", name="kind"
        ),
        CheckConstraint("share_bp IS NULL OR (share_bp >= 0 AND share_bp <= 10000)", name="share"),
        CheckConstraint("since IS NULL OR until IS NULL OR since <= until", name="dates"),
        CheckConstraint("length(company_name) > 0", name="company"),
        UniqueConstraint("replaces_id"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    company_name: Mapped[str] = mapped_column(String(200))
    business_number: Mapped[str | None] = mapped_column(String(10))
    corporate_number: Mapped[str | None] = mapped_column(String(13))
    group_name: Mapped[str | None] = mapped_column(String(80))
    share_bp: Mapped[int | None]
    since: Mapped[date | None] = mapped_column(Date)
    until: Mapped[date | None] = mapped_column(Date)
    relation: Mapped[str | None] = mapped_column(String(80))
    domain: Mapped[str | None] = mapped_column(String(120))
    phone: Mapped[str | None] = mapped_column(String(20))
    address: Mapped[str | None] = mapped_column(String(200))
    replaces_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("interest.id"))
    withdrawn: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str | None] = mapped_column(Text)
    recorded_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    recorded_by: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]


class Affiliate(Base):
    """That a company belongs to a group (기업집단), and where that is written; a withdrawal is a row of its own."""

    __tablename__ = "affiliate"
    __table_args__ = (
        CheckConstraint("length(group_name) > 0", name="group"),
        CheckConstraint("length(source) > 0", name="source"),
        UniqueConstraint("replaces_id"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    group_name: Mapped[str] = mapped_column(String(80))
    company_name: Mapped[str] = mapped_column(String(200))
    business_number: Mapped[str | None] = mapped_column(String(10))
    corporate_number: Mapped[str | None] = mapped_column(String(13))
    source: Mapped[str] = mapped_column(String(200))
    replaces_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("affiliate.id"))
    withdrawn: Mapped[bool] = mapped_column(default=False)
    recorded_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    recorded_by: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]


class Signal(Base):
    """One fact that suggests a conflict between a member and an application, without proving it.

    `facts_sha256` names the fact: the same fact is found once, a new one is a new row.
    """

    __tablename__ = "conflict_signal"
    __table_args__ = (
        UniqueConstraint(
            "application_id", "person_id", "kind", "facts_sha256", "number", name="uq_conflict_signal_fact"
        ),
        Index("ix_conflict_signal_person_id", "person_id"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[str] = mapped_column(String(20))
    facts: Mapped[dict[str, Any]]
    facts_sha256: Mapped[str] = mapped_column(String(64))
    number: Mapped[int]
    interest_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("interest.id"))
    found_at: Mapped[datetime]


class SignalAnswer(Base):
    """What became of a signal: confirmed by a recusal, dismissed with a reason, or no longer true."""

    __tablename__ = "conflict_signal_answer"
    __table_args__ = (
        UniqueConstraint("signal_id"),
        CheckConstraint("outcome IN ('confirmed','dismissed','lapsed')", name="outcome"),
        CheckConstraint("length(reason) > 0", name="reason"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    signal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("conflict_signal.id"))
    outcome: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(Text)
    answered_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    answered_by: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]
