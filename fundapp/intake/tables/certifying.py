"""That a second person of the company was asked to sign an application off before it is sent."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import Base, new_id


class Certification(Base):
    """One request to sign off, and its answer. The newest that was not withdrawn counts.

    A signature is of two hashes: of the answers, which a trigger compares with those that are submitted, and of the
    answers with the documents that go along.
    """

    __tablename__ = "certification"
    __table_args__ = (
        CheckConstraint("certifier_id <> asked_by_id", name="two_people"),
        CheckConstraint("outcome IN ('signed','returned','withdrawn')", name="outcome"),
        CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="ended"),
        CheckConstraint("(outcome = 'signed') = (answers_sha256 IS NOT NULL)", name="signed"),
        CheckConstraint("(answers_sha256 IS NULL) = (content_sha256 IS NULL)", name="hashes"),
        CheckConstraint("outcome <> 'returned' OR length(reason) > 0", name="reason"),
        Index(
            "uq_certification_open",
            "application_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_certification_application_id_asked_at", "application_id", "asked_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"))
    asked_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    certifier_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    asked_at: Mapped[datetime]
    outcome: Mapped[str | None] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(Text, default="")
    answers_sha256: Mapped[str | None] = mapped_column(String(64))
    content_sha256: Mapped[str | None] = mapped_column(String(64))
    ended_at: Mapped[datetime | None]
