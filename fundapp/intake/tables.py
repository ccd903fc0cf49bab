"""Calls, companies and what they apply with."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id
from fundapp.intake.documents.kinds import FORMATS
from fundapp.intake.rules import STATES

_FORMATS = ", ".join(f"'{one}'" for one in FORMATS)
_STATES = ", ".join(f"'{state}'" for state in STATES)


class Call(Base):
    """An open call for applications (공모), with the document that defines its form and terms."""

    __tablename__ = "call"
    __table_args__ = (CheckConstraint("closes_at > opens_at", name="dates"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    title_ko: Mapped[str] = mapped_column(String(200))
    title_en: Mapped[str] = mapped_column(String(200))
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    document: Mapped[dict[str, Any]]
    document_sha256: Mapped[str] = mapped_column(String(64))
    next_number: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]


class Company(Base):
    """A company, known by an identifier of some scheme: `brn` is the business registration number."""

    __tablename__ = "company"
    __table_args__ = (UniqueConstraint("scheme", "identifier"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    scheme: Mapped[str] = mapped_column(String(20), default="brn")
    identifier: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(200), index=True)
    corporate_number: Mapped[str | None] = mapped_column(String(13))
    founded_on: Mapped[date | None] = mapped_column(Date)
    ksic: Mapped[str | None] = mapped_column(String(10))
    region: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime]


class Membership(Base):
    """That a person acts for a company in the portal."""

    __tablename__ = "membership"
    __table_args__ = (CheckConstraint("role IN ('owner','member')", name="role"),)

    company_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("company.id"), primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(String(10), default="owner")


class Application(Base):
    """One company's application to one call. `answers` is the working draft; submissions are frozen copies."""

    __tablename__ = "application"
    __table_args__ = (
        UniqueConstraint("call_id", "company_id"),
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        Index("ix_application_call_state", "call_id", "state"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(60), unique=True)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("call.id"))
    company_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("company.id"), index=True)
    state: Mapped[str] = mapped_column(String(20), default="draft")
    answers: Mapped[dict[str, Any]]
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Submission(Base):
    """A frozen copy of the answers at the moment of submission, with its hash."""

    __tablename__ = "submission"
    __table_args__ = (UniqueConstraint("application_id", "version"), {"info": APPEND_ONLY})

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"))
    version: Mapped[int]
    answers: Mapped[dict[str, Any]]
    sha256: Mapped[str] = mapped_column(String(64))
    submitted_at: Mapped[datetime]
    submitted_by: Mapped[str] = mapped_column(String(120))


class Transition(Base):
    """One step of an application through its states."""

    __tablename__ = "application_transition"
    __table_args__ = ({"info": APPEND_ONLY},)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"), index=True)
    verb: Mapped[str] = mapped_column(String(30))
    from_state: Mapped[str] = mapped_column(String(20))
    to_state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]


class Consent(Base):
    """That the applicant agreed to (or declined) one versioned purpose."""

    __tablename__ = "consent"
    __table_args__ = ({"info": APPEND_ONLY},)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(40))
    text_version: Mapped[str] = mapped_column(String(20))
    given: Mapped[bool]
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


class Document(Base):
    """A file in a company's wallet: kept once, used in any number of calls while it is good.

    `sha256` is of the file as it came, `cleaned_sha256` of the copy without anything active, `scanned_by` who looked
    for malware (nobody where no scanner is set up).
    """

    __tablename__ = "document"
    __table_args__ = (
        CheckConstraint(f"format IN ({_FORMATS})", name="format"),
        CheckConstraint("bytes > 0", name="bytes"),
        CheckConstraint("pages IS NULL OR pages > 0", name="pages"),
        Index(
            "uq_document_in_wallet",
            "company_id",
            "kind",
            "sha256",
            unique=True,
            sqlite_where=text("removed_at IS NULL"),
            postgresql_where=text("removed_at IS NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    company_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("company.id"))
    kind: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(120))
    format: Mapped[str] = mapped_column(String(8))
    bytes: Mapped[int]
    pages: Mapped[int | None]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    cleaned_sha256: Mapped[str | None] = mapped_column(String(64))
    text_read: Mapped[bool]
    scanned_by: Mapped[str | None] = mapped_column(String(20))
    issued_on: Mapped[date | None] = mapped_column(Date)
    uploaded_by: Mapped[str] = mapped_column(String(120))
    uploaded_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class AttachedDocument(Base):
    """That a document answers one of the call's requirements in an application, as it stands now."""

    __tablename__ = "application_document"

    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"), primary_key=True)
    requirement: Mapped[str] = mapped_column(String(40), primary_key=True)
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document.id"), primary_key=True, index=True)
    attached_by: Mapped[str] = mapped_column(String(120))
    attached_at: Mapped[datetime]


class SubmittedDocument(Base):
    """That a document went in with one frozen submission."""

    __tablename__ = "submission_document"
    __table_args__ = ({"info": APPEND_ONLY},)

    submission_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("submission.id"), primary_key=True)
    requirement: Mapped[str] = mapped_column(String(40), primary_key=True)
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document.id"), primary_key=True, index=True)
