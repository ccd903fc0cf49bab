"""Letters about decisions: the texts they are made from, batches that go out together, and what mail became of them."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id


class LetterRules(Base):
    """A call's texts for letters, in order: the first that fits wins. A change is a new version."""

    __tablename__ = "letter_rules"
    __table_args__ = (UniqueConstraint("call_id", "version"), {"info": APPEND_ONLY})

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("call.id"))
    version: Mapped[int]
    rules: Mapped[list[Any]]
    saved_by: Mapped[str] = mapped_column(String(120))
    saved_at: Mapped[datetime]


class LetterBatch(Base):
    """Letters that go out together: staged by one person, approved by another, then sent in one transaction."""

    __tablename__ = "letter_batch"
    __table_args__ = (
        CheckConstraint("state IN ('staged','approved','sent','discarded')", name="state"),
        CheckConstraint("(approved_by_id IS NULL) = (approved_at IS NULL)", name="approved"),
        CheckConstraint("state NOT IN ('approved','sent') OR approved_by_id IS NOT NULL", name="approval"),
        CheckConstraint("approved_by_id IS NULL OR approved_by_id <> staged_by_id", name="two_people"),
        CheckConstraint("(state IN ('sent','discarded')) = (ended_at IS NOT NULL)", name="ended"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("call.id"), index=True)
    rules_version: Mapped[int]
    state: Mapped[str] = mapped_column(String(10), default="staged")
    staged_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    staged_by: Mapped[str] = mapped_column(String(120))
    staged_at: Mapped[datetime]
    approved_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    approved_by: Mapped[str | None] = mapped_column(String(120))
    approved_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(String(120))
    ended_at: Mapped[datetime | None]


class Letter(Base):
    """One letter about one decision, in Korean and English; a decision has one that was not dropped."""

    __tablename__ = "letter"
    __table_args__ = (
        CheckConstraint("(edited_by_id IS NULL) = (edit_note IS NULL)", name="edited"),
        Index(
            "uq_letter_decision",
            "decision_id",
            unique=True,
            sqlite_where=text("dropped_at IS NULL"),
            postgresql_where=text("dropped_at IS NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    batch_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("letter_batch.id"), index=True)
    decision_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("decision.id"))
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"), index=True)
    subject_ko: Mapped[str] = mapped_column(String(140))
    body_ko: Mapped[str] = mapped_column(Text)
    subject_en: Mapped[str] = mapped_column(String(140))
    body_en: Mapped[str] = mapped_column(Text)
    edited_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    edited_by: Mapped[str | None] = mapped_column(String(120))
    edit_note: Mapped[str | None] = mapped_column(Text)
    dropped_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]


class LetterMail(Base):
    """One attempt to bring a letter to one address; how it went, the outbox knows."""

    __tablename__ = "letter_mail"
    __table_args__ = (UniqueConstraint("letter_id", "recipient", "attempt"), {"info": APPEND_ONLY})

    message_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("outbox_message.id"), primary_key=True)
    letter_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("letter.id"))
    recipient: Mapped[str] = mapped_column(String(320))
    attempt: Mapped[int]


class Appeal(Base):
    """An applicant's appeal against a decision (이의신청), one a decision, and what came of it."""

    __tablename__ = "appeal"
    __table_args__ = (
        CheckConstraint("state IN ('filed','upheld','dismissed')", name="state"),
        CheckConstraint("(state = 'filed') = (decided_at IS NULL)", name="decided"),
        CheckConstraint("state = 'filed' OR (reason IS NOT NULL AND length(reason) > 0)", name="reason"),
        CheckConstraint("decided_by_id IS NULL OR decided_by_id <> filed_by_id", name="two_people"),
        UniqueConstraint("decision_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    decision_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("decision.id"))
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"), index=True)
    text: Mapped[str] = mapped_column(Text)
    until: Mapped[date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(String(10), default="filed")
    filed_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    filed_by: Mapped[str] = mapped_column(String(120))
    filed_at: Mapped[datetime]
    reason: Mapped[str | None] = mapped_column(Text)
    decided_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    decided_by: Mapped[str | None] = mapped_column(String(120))
    decided_at: Mapped[datetime | None]
