"""Calls, companies, and who acts for them."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id


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
    """That a person acts for a company in the portal. Triggers keep a company's last owner."""

    __tablename__ = "membership"
    __table_args__ = (CheckConstraint("role IN ('owner','member')", name="role"),)

    company_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("company.id"), primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(String(10), default="owner")


class Invitation(Base):
    """That an owner asked somebody by mail to act for the company; only the hash of the link's token is kept."""

    __tablename__ = "invitation"
    __table_args__ = (
        CheckConstraint("role IN ('owner','member')", name="role"),
        CheckConstraint("email = lower(email)", name="email_lower"),
        CheckConstraint("expires_at > created_at", name="expires"),
        CheckConstraint("accepted_by_id IS NULL OR ended_at IS NOT NULL", name="accepted"),
        Index(
            "uq_invitation_open",
            "company_id",
            "email",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    company_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("company.id"))
    email: Mapped[str] = mapped_column(String(320))
    role: Mapped[str] = mapped_column(String(10))
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    invited_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    accepted_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))


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
