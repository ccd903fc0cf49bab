"""Frozen quarters and the artefacts made from them."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id


class FrozenQuarter(Base):
    """One version of one quarter: its input rows as they were, and their hash."""

    __tablename__ = "frozen_quarter"
    __table_args__ = (UniqueConstraint("quarter", "version"), {"info": APPEND_ONLY})

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    quarter: Mapped[str] = mapped_column(String(6))
    version: Mapped[int]
    inputs: Mapped[dict[str, Any]]
    inputs_sha256: Mapped[str] = mapped_column(String(64))
    frozen_by: Mapped[str] = mapped_column(String(120))
    frozen_at: Mapped[datetime]


class ReportFile(Base):
    """One artefact of a frozen quarter, by the hash of its bytes."""

    __tablename__ = "report_file"
    __table_args__ = (UniqueConstraint("frozen_id", "name"), {"info": APPEND_ONLY})

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    frozen_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("frozen_quarter.id"))
    name: Mapped[str] = mapped_column(String(120))
    media_type: Mapped[str] = mapped_column(String(100))
    sha256: Mapped[str] = mapped_column(String(64))
    bytes: Mapped[int]


class ReportSignature(Base):
    """That one side has reviewed or approved a version; both partners sign."""

    __tablename__ = "report_signature"
    __table_args__ = (
        UniqueConstraint("frozen_id", "side"),
        Index("uq_report_signature_person", "frozen_id", "person_id", unique=True),
        CheckConstraint("side IN ('fund','kt','microsoft')", name="side"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    frozen_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("frozen_quarter.id"))
    side: Mapped[str] = mapped_column(String(20))
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    signed_by: Mapped[str] = mapped_column(String(120))
    signed_at: Mapped[datetime]


class MarketIndex(Base):
    """One load of a public index: closing levels by day in ten-thousandths of a point. The newest holds."""

    __tablename__ = "market_index"
    __table_args__ = (
        UniqueConstraint("version"),
        CheckConstraint("first_on <= last_on", name="days"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    version: Mapped[int]
    name: Mapped[str] = mapped_column(String(80))
    source: Mapped[str] = mapped_column(String(80))
    levels: Mapped[list[Any]]
    first_on: Mapped[date] = mapped_column(Date)
    last_on: Mapped[date] = mapped_column(Date)
    sha256: Mapped[str] = mapped_column(String(64))
    loaded_by: Mapped[str] = mapped_column(String(120))
    loaded_at: Mapped[datetime]


class ReportComment(Base):
    """What a reader says to the fund about a version, and what the fund answers; nothing said is taken back."""

    __tablename__ = "report_comment"
    __table_args__ = (
        CheckConstraint("length(body) BETWEEN 1 AND 4000", name="body"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    frozen_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("frozen_quarter.id"), index=True)
    answers_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("report_comment.id"))
    chapter: Mapped[str] = mapped_column(String(20))
    body: Mapped[str] = mapped_column(Text)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    said_by: Mapped[str] = mapped_column(String(120))
    side: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime]


class OwnReport(Base):
    """A reader's own question to a table of the report, kept under a name; shared ones may be read by all readers."""

    __tablename__ = "own_report"
    __table_args__ = (
        CheckConstraint("length(name) BETWEEN 1 AND 80", name="name"),
        CheckConstraint("schedule IN ('','monday','month','quarter')", name="schedule"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    owner_name: Mapped[str] = mapped_column(String(120))
    name: Mapped[str] = mapped_column(String(80))
    question: Mapped[dict[str, Any]]
    shared: Mapped[bool]
    notify: Mapped[bool]
    schedule: Mapped[str] = mapped_column(String(10), default="")
    saved_at: Mapped[datetime]
    dropped_at: Mapped[datetime | None]


class RecognitionChange(Base):
    """How GPU time in kind is recognised from a quarter on, and why; earlier quarters keep what held for them."""

    __tablename__ = "recognition_change"
    __table_args__ = (
        UniqueConstraint("version"),
        CheckConstraint("policy IN ('at_delivery','at_grant')", name="policy"),
        CheckConstraint("length(reason) BETWEEN 1 AND 400", name="reason"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    version: Mapped[int]
    policy: Mapped[str] = mapped_column(String(20))
    from_quarter: Mapped[str] = mapped_column(String(6))
    reason: Mapped[str] = mapped_column(String(400))
    changed_by: Mapped[str] = mapped_column(String(120))
    changed_at: Mapped[datetime]


class CloseNote(Base):
    """Why a line of a quarter's closing checklist may stay open."""

    __tablename__ = "close_note"
    __table_args__ = ({"info": APPEND_ONLY},)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    quarter: Mapped[str] = mapped_column(String(6), index=True)
    item: Mapped[str] = mapped_column(String(20))
    found: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text)
    noted_by: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]


class CloseStep(Base):
    """One step of closing a quarter: prepared by one person, confirmed by another, closed; or taken back."""

    __tablename__ = "close_step"
    __table_args__ = (
        UniqueConstraint("quarter", "number"),
        CheckConstraint("step IN ('prepared','confirmed','withdrawn','closed')", name="step"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    quarter: Mapped[str] = mapped_column(String(6))
    number: Mapped[int]
    step: Mapped[str] = mapped_column(String(10))
    checklist: Mapped[dict[str, Any]]
    period_sha256: Mapped[str | None] = mapped_column(String(64))
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    taken_by: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]


class Resolution(Base):
    """A decision as the committee resolved it: content in canonical form, its SHA-256, and an Ed25519 signature."""

    __tablename__ = "resolution"
    __table_args__ = (UniqueConstraint("decision_id"), {"info": APPEND_ONLY})

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    decision_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("decision.id"))
    content: Mapped[dict[str, Any]]
    sha256: Mapped[str] = mapped_column(String(64))
    signature: Mapped[str] = mapped_column(String(128))
    public_key: Mapped[str] = mapped_column(String(64))
    issued_by: Mapped[str] = mapped_column(String(120))
    issued_at: Mapped[datetime]
