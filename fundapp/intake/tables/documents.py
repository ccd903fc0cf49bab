"""Files in companies' wallets, and the applications that use them."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    String,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id
from fundapp.intake.documents.kinds import FORMATS

_FORMATS = ", ".join(f"'{one}'" for one in FORMATS)


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
