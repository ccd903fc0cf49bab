"""Calls, companies and what they apply with."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id

BUILT_IN_WORKFLOW = uuid.UUID(int=1)
"""Today's way, which every call follows that defines none of its own."""


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
    """One company's application to one call. `answers` is the working draft; submissions are frozen copies.

    The state is a stage of the way it follows, and a trigger lets it move along a step of that way only.
    """

    __tablename__ = "application"
    __table_args__ = (
        UniqueConstraint("call_id", "company_id"),
        ForeignKeyConstraint(["workflow_id", "state"], ["workflow_stage.workflow_id", "workflow_stage.key"]),
        Index("ix_application_call_state", "call_id", "state"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(60), unique=True)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("call.id"))
    company_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("company.id"), index=True)
    workflow_id: Mapped[uuid.UUID] = mapped_column(default=BUILT_IN_WORKFLOW)
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
    __table_args__ = (
        ForeignKeyConstraint(
            ["workflow_id", "verb", "from_state", "to_state"],
            [
                "workflow_transition.workflow_id",
                "workflow_transition.verb",
                "workflow_transition.source",
                "workflow_transition.target",
            ],
            name="fk_application_transition_step",
        ),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"), index=True)
    workflow_id: Mapped[uuid.UUID] = mapped_column(default=BUILT_IN_WORKFLOW)
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


class DecisionNotice(Base):
    """That the applicant was told of a step which the committee took; until then the portal shows the one before."""

    __tablename__ = "decision_notice"
    __table_args__ = ({"info": APPEND_ONLY},)

    transition_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application_transition.id"), primary_key=True)
    told_at: Mapped[datetime]


class WorkflowVersion(Base):
    """One version of a call's way: proposed by one person, put in force by another. Without a call it is today's."""

    __tablename__ = "workflow"
    __table_args__ = (
        UniqueConstraint("call_id", "version"),
        CheckConstraint("state IN ('proposed','in_force','past','discarded')", name="state"),
        CheckConstraint("approved_by_id IS NULL OR approved_by_id <> proposed_by_id", name="two_people"),
        CheckConstraint("(approved_at IS NULL) OR state IN ('in_force','past')", name="approved"),
        Index(
            "uq_workflow_in_force",
            "call_id",
            unique=True,
            sqlite_where=text("state = 'in_force'"),
            postgresql_where=text("state = 'in_force'"),
        ),
        Index(
            "uq_workflow_proposed",
            "call_id",
            unique=True,
            sqlite_where=text("state = 'proposed'"),
            postgresql_where=text("state = 'proposed'"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    call_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("call.id"))
    version: Mapped[int]
    state: Mapped[str] = mapped_column(String(10))
    section: Mapped[dict[str, Any]]
    note: Mapped[str] = mapped_column(Text)
    proposed_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    proposed_by: Mapped[str] = mapped_column(String(120))
    proposed_at: Mapped[datetime]
    approved_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    approved_by: Mapped[str | None] = mapped_column(String(120))
    approved_at: Mapped[datetime | None]


class WorkflowStage(Base):
    """A stage that applications of a way may stand in; the state of an application refers to it."""

    __tablename__ = "workflow_stage"
    __table_args__ = ({"info": APPEND_ONLY},)

    workflow_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("workflow.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(20), primary_key=True)
    place: Mapped[int]


class WorkflowStep(Base):
    """A step that a way permits; the history of an application refers to it, and a trigger asks it of every move."""

    __tablename__ = "workflow_transition"
    __table_args__ = (
        ForeignKeyConstraint(["workflow_id", "source"], ["workflow_stage.workflow_id", "workflow_stage.key"]),
        ForeignKeyConstraint(["workflow_id", "target"], ["workflow_stage.workflow_id", "workflow_stage.key"]),
        {"info": APPEND_ONLY},
    )

    workflow_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    verb: Mapped[str] = mapped_column(String(30), primary_key=True)
    source: Mapped[str] = mapped_column(String(20), primary_key=True)
    target: Mapped[str] = mapped_column(String(20), primary_key=True)
