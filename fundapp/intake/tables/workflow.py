"""The ways that applications of a call may take: their versions, stages and steps."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
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
