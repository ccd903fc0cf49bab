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
