"""Applications: the working draft, what was submitted of it, and every step of its way."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id
from fundapp.intake.tables.workflow import BUILT_IN_WORKFLOW


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


class DecisionNotice(Base):
    """That the applicant was told of a step which the committee took; until then the portal shows the one before."""

    __tablename__ = "decision_notice"
    __table_args__ = ({"info": APPEND_ONLY},)

    transition_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application_transition.id"), primary_key=True)
    told_at: Mapped[datetime]
