"""Scorecards and the human judgements about knock-outs."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id


class Scorecard(Base):
    """One scoring of one frozen submission, with the hashes that let it be replayed bit for bit."""

    __tablename__ = "scorecard"
    __table_args__ = (UniqueConstraint("submission_id", "version"), {"info": APPEND_ONLY})

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"), index=True)
    submission_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("submission.id"))
    version: Mapped[int]
    total_tenths: Mapped[int]
    verdict: Mapped[str] = mapped_column(String(10))
    document: Mapped[dict[str, Any]]
    facts: Mapped[dict[str, Any]]
    inputs_sha256: Mapped[str] = mapped_column(String(64))
    rubric: Mapped[str] = mapped_column(String(80))
    rubric_sha256: Mapped[str] = mapped_column(ForeignKey("rubric_version.sha256"))
    code_version: Mapped[str] = mapped_column(String(80))
    scored_at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(120))


class RubricVersion(Base):
    """The text of each rubric that ever scored, by hash."""

    __tablename__ = "rubric_version"
    __table_args__ = ({"info": APPEND_ONLY},)

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(Text)
    first_used_at: Mapped[datetime]


class RubricDraft(Base):
    """A rubric that its author works on until somebody else publishes it; the text is always one that reads."""

    __tablename__ = "rubric_draft"
    __table_args__ = (
        CheckConstraint("state IN ('open','proposed','published','discarded')", name="state"),
        CheckConstraint("decided_by_id IS NULL OR decided_by_id <> author_id", name="four_eyes"),
        CheckConstraint("(state = 'published') = (decided_by_id IS NOT NULL)", name="decided"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    state: Mapped[str] = mapped_column(String(10))
    version: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    edits: Mapped[int]
    author_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    reason: Mapped[str | None] = mapped_column(Text)
    return_reason: Mapped[str | None] = mapped_column(Text)
    decided_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))


class PublishedRubric(Base):
    """A rubric that two people put in force; what is scored from then on is scored by the newest."""

    __tablename__ = "published_rubric"
    __table_args__ = (
        UniqueConstraint("number"),
        UniqueConstraint("version"),
        UniqueConstraint("draft_id"),
        CheckConstraint("published_by_id <> author_id", name="four_eyes"),
        CheckConstraint("length(reason) > 0", name="reason"),
        {"info": APPEND_ONLY},
    )

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[int]
    version: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(Text)
    draft_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("rubric_draft.id"))
    author_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    published_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime]


class KnockoutJudgement(Base):
    """A person's decision about an application that a knock-out stopped, with the reason."""

    __tablename__ = "knockout_judgement"
    __table_args__ = (
        CheckConstraint("outcome IN ('released','ineligible')", name="outcome"),
        CheckConstraint("length(reason) > 0", name="reason"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"), index=True)
    scorecard_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("scorecard.id"))
    outcome: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(Text)
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    actor: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]
