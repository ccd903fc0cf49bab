"""Calls, companies and what they apply with."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id
from fundapp.intake.documents.kinds import FORMATS
from fundapp.intake.rules import STATES

_FORMATS = ", ".join(f"'{one}'" for one in FORMATS)
_STATES = ", ".join(f"'{state}'" for state in STATES)
_SERIAL = BigInteger().with_variant(Integer(), "sqlite")
_ORDERED = String(200).with_variant(String(200, collation="C"), "postgresql")
"""Sorts by code point in both databases, which is the order of the dictionary for Hangul."""


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


def _sorted_by(column: str, *more: str) -> Index:
    return Index(f"ix_listing_{column}", "call_id", column, *(more or ("number",)))


class Listing(Base):
    """An application as lists show, sort, filter and count it: one narrow row, whatever it is made of.

    Triggers copy what another table says in a column (number, state, company, newest score, reviewers). The actions
    write what takes reading, in the transaction that changes it: `intake.listing` what was submitted, and the
    committee what its reviews say together. Nothing here is sealed yet: queries take the viewer.

    Attributes:
        stage: Place of the state on the docket, 0 for eligible; NULL while the committee has no part in it.
        linkages: What the solution links to, in words parted by spaces: `spc`, `korean_ai`.
        gpu: GPU time asked for: SKU, quarter and hours in ten-thousandths.
        ratings: The totals in tenths that count, by person; who abstained throughout is not in it.
        reviews_filed: Reviews that count, abstentions among them.
        gap_tenths: Distance between the machine's score and the trimmed mean.
    """

    __tablename__ = "listing"
    __table_args__ = (
        Index("ix_listing_number", "call_id", "number"),
        _sorted_by("company"),
        _sorted_by("stage"),
        _sorted_by("founded_on"),
        _sorted_by("requested_krw"),
        _sorted_by("requested_hours_e4"),
        _sorted_by("score_tenths"),
        _sorted_by("mean_tenths"),
        _sorted_by("median_tenths"),
        _sorted_by("trimmed_tenths"),
        _sorted_by("deviation_tenths"),
        _sorted_by("reviews_filed"),
        _sorted_by("sector", "stage"),
        Index("ix_listing_counts", "call_id", "stage", "sector", "deviation_tenths", "gap_tenths", "application_id"),
    )

    id: Mapped[int] = mapped_column(_SERIAL, primary_key=True)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"), unique=True)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("call.id"))
    company_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("company.id"), index=True)
    number: Mapped[str] = mapped_column(_ORDERED)
    state: Mapped[str] = mapped_column(String(20))
    stage: Mapped[int | None]
    company: Mapped[str] = mapped_column(_ORDERED)
    title: Mapped[str] = mapped_column(Text, server_default="")
    region: Mapped[str] = mapped_column(String(200), server_default="")
    sector: Mapped[str] = mapped_column(_ORDERED, server_default="")
    founded_on: Mapped[date | None] = mapped_column(Date)
    linkages: Mapped[str] = mapped_column(String(40), server_default="")
    requested_krw: Mapped[int] = mapped_column(server_default="0")
    requested_hours_e4: Mapped[int] = mapped_column(server_default="0")
    gpu: Mapped[list[Any]] = mapped_column(server_default="[]")
    score_tenths: Mapped[int | None]
    reviews_assigned: Mapped[int] = mapped_column(server_default="0")
    reviews_filed: Mapped[int] = mapped_column(server_default="0")
    ratings: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    mean_tenths: Mapped[int | None]
    median_tenths: Mapped[int | None]
    trimmed_tenths: Mapped[int | None]
    deviation_tenths: Mapped[int | None]
    gap_tenths: Mapped[int | None]


class ListingText(Base):
    """What a search looks through: the words of a listing without spaces and case, and the grams found in them.

    A full-text index of the database's own lies over the grams: FTS5 in SQLite, an inverted index in PostgreSQL.
    """

    __tablename__ = "listing_text"

    listing_id: Mapped[int] = mapped_column(_SERIAL, ForeignKey("listing.id"), primary_key=True, autoincrement=False)
    words: Mapped[str] = mapped_column(Text)
    grams: Mapped[str] = mapped_column(Text)
