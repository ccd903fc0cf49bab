"""How a call is reviewed, and what members rated."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id


class ReviewTermsRow(Base):
    """How a call is reviewed, as it was when its reviews opened: criteria, official score, phases."""

    __tablename__ = "review_terms"
    __table_args__ = (UniqueConstraint("call_id"), {"info": APPEND_ONLY})

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("call.id"))
    document: Mapped[dict[str, Any]]
    sha256: Mapped[str] = mapped_column(String(64))
    frozen_by: Mapped[str] = mapped_column(String(120))
    frozen_at: Mapped[datetime]


class ReviewPhaseStep(Base):
    """That a phase of a call's review began; the last step counts, the earlier ones stay as the record."""

    __tablename__ = "review_phase"
    __table_args__ = (
        UniqueConstraint("call_id", "step"),
        CheckConstraint("names IN ('shown','masked')", name="names"),
        CheckConstraint("others IN ('never','after_mine','always')", name="others"),
        CheckConstraint("machine IN ('never','after_mine','always')", name="machine"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("call.id"))
    step: Mapped[int]
    key: Mapped[str] = mapped_column(String(40))
    names: Mapped[str] = mapped_column(String(10))
    others: Mapped[str] = mapped_column(String(10))
    machine: Mapped[str] = mapped_column(String(10))
    may_review: Mapped[bool]
    moved_by: Mapped[str] = mapped_column(String(120))
    reason: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime]


class Review(Base):
    """One member's ratings, 1 to 5 per criterion with a compulsory reason; a change is a new version.

    `terms_sha256` names the terms, and so the criteria, that it was made under; reviews of before there were terms
    have none and were made under the fund's five.
    """

    __tablename__ = "review"
    __table_args__ = (
        UniqueConstraint("application_id", "person_id", "version"),
        CheckConstraint("total_tenths BETWEEN 0 AND 1000", name="total"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    version: Mapped[int]
    ratings: Mapped[list[Any]]
    total_tenths: Mapped[int]
    note: Mapped[str | None] = mapped_column(Text)
    filed_at: Mapped[datetime]
    terms_sha256: Mapped[str | None] = mapped_column(String(64))


class ReviewDraft(Base):
    """What one member has typed and not filed, and a note that nobody else ever sees."""

    __tablename__ = "review_draft"
    __table_args__ = (CheckConstraint("revision > 0", name="revision"),)

    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"), primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)
    fields: Mapped[dict[str, Any]]
    private_note: Mapped[str | None] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(default=1)
    saved_at: Mapped[datetime]


class Reviewing(Base):
    """Who is to review what and whether they have (1) or not (0): assignments and reviews, narrowed by triggers.

    What waits for a person, and therefore is sealed for them, is read from its index alone.
    """

    __tablename__ = "reviewing"
    __table_args__ = (
        CheckConstraint("filed IN (0,1)", name="filed"),
        Index("ix_reviewing_waiting", "person_id", "filed", "call_id", "application_id"),
    )

    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"), primary_key=True)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("call.id"))
    filed: Mapped[int]
