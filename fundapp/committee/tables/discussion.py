"""What is said about an application, who may read it, what was asked of the applicant and answered."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id


class Comment(Base):
    """One contribution to the discussion of an application; its words are in `CommentText`."""

    __tablename__ = "discussion_comment"
    __table_args__ = (
        CheckConstraint("kind IN ('comment','question')", name="kind"),
        CheckConstraint("visibility IN ('committee','staff','named')", name="visibility"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"), index=True)
    parent_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("discussion_comment.id"))
    kind: Mapped[str] = mapped_column(String(10))
    visibility: Mapped[str] = mapped_column(String(10))
    author_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


class CommentText(Base):
    """The words of a comment; an edit is a new version, and taking it back a last one without words."""

    __tablename__ = "discussion_text"
    __table_args__ = (
        UniqueConstraint("comment_id", "version"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    comment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("discussion_comment.id"))
    version: Mapped[int]
    body: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class CommentReader(Base):
    """That a comment for named persons is for this one."""

    __tablename__ = "discussion_reader"
    __table_args__ = ({"info": APPEND_ONLY},)

    comment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("discussion_comment.id"), primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)


class QuestionStep(Base):
    """That a question was resolved, or opened again; the last step counts."""

    __tablename__ = "discussion_step"
    __table_args__ = (UniqueConstraint("comment_id", "step"), {"info": APPEND_ONLY})

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    comment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("discussion_comment.id"))
    step: Mapped[int]
    resolved: Mapped[bool]
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


class Inquiry(Base):
    """What the applicant was asked, out of a comment."""

    __tablename__ = "inquiry"
    __table_args__ = (CheckConstraint("length(body) > 0", name="body"), {"info": APPEND_ONLY})

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"), index=True)
    comment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("discussion_comment.id"))
    body: Mapped[str] = mapped_column(Text)
    due_on: Mapped[date | None] = mapped_column(Date)
    asked_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


class InquiryAnswer(Base):
    """What the applicant answered; once. `version` is the submission in which they changed answers of the form."""

    __tablename__ = "inquiry_answer"
    __table_args__ = (
        UniqueConstraint("inquiry_id"),
        CheckConstraint("length(body) > 0", name="body"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    inquiry_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("inquiry.id"))
    body: Mapped[str] = mapped_column(Text)
    answered_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    version: Mapped[int | None]


class InquiryQuestion(Base):
    """A question of the form that an inquiry opens again, until it is answered or taken back."""

    __tablename__ = "inquiry_question"
    __table_args__ = ({"info": APPEND_ONLY},)

    inquiry_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("inquiry.id"), primary_key=True)
    field: Mapped[str] = mapped_column(String(60), primary_key=True)


class InquiryWithdrawal(Base):
    """That an inquiry was taken back before it was answered, and why."""

    __tablename__ = "inquiry_withdrawal"
    __table_args__ = (CheckConstraint("length(reason) > 0", name="reason"), {"info": APPEND_ONLY})

    inquiry_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("inquiry.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    withdrawn_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


class InquiryProposal(Base):
    """An answer that changes what was sent and waits for a second person of the company, with what became of it."""

    __tablename__ = "inquiry_proposal"
    __table_args__ = (
        CheckConstraint("certifier_id <> prepared_by_id", name="two_people"),
        CheckConstraint("outcome IN ('signed','returned','withdrawn')", name="outcome"),
        CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="ended"),
        CheckConstraint("outcome <> 'returned' OR length(reason) > 0", name="reason"),
        Index(
            "uq_inquiry_proposal_open",
            "inquiry_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_inquiry_proposal_inquiry_id_at", "inquiry_id", "at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    inquiry_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("inquiry.id"))
    body: Mapped[str] = mapped_column(Text)
    answers: Mapped[dict[str, Any]]
    content_sha256: Mapped[str] = mapped_column(String(64))
    prepared_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    certifier_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    at: Mapped[datetime]
    outcome: Mapped[str | None] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(Text, default="")
    ended_at: Mapped[datetime | None]
