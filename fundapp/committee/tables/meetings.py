"""Sittings and written resolutions: what happened in them, who was there, and their minutes."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id


class Meeting(Base):
    """A sitting of the investment committee, or a written resolution without one.

    `agenda` is the order that the secretary has set by hand, ballots' identifiers; empty for the computed one.
    `sequence` counts the versions of its invitation (RFC 5545).
    """

    __tablename__ = "meeting"
    __table_args__ = (
        UniqueConstraint("call_id", "held_on", "kind"),
        CheckConstraint("kind IN ('sitting','written')", name="kind"),
        CheckConstraint("state IN ('scheduled','running','ended','cancelled')", name="state"),
        CheckConstraint("(kind = 'written') = (deadline IS NOT NULL)", name="deadline"),
        CheckConstraint("ends_at IS NULL OR ends_at > starts_at", name="times"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("call.id"))
    title: Mapped[str] = mapped_column(String(200))
    held_on: Mapped[date] = mapped_column(Date)
    kind: Mapped[str] = mapped_column(String(8), default="sitting")
    state: Mapped[str] = mapped_column(String(10), default="scheduled")
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    place: Mapped[str] = mapped_column(String(200), default="")
    deadline: Mapped[datetime | None]
    agenda: Mapped[list[Any]] = mapped_column(default=list)
    agenda_reason: Mapped[str | None] = mapped_column(Text)
    sequence: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]


class MeetingStep(Base):
    """One step of a sitting: opened, an item called, a pause between items, ended. The newest says what is on now."""

    __tablename__ = "meeting_step"
    __table_args__ = (
        UniqueConstraint("meeting_id", "number"),
        CheckConstraint("step IN ('opened','item','pause','ended')", name="step"),
        CheckConstraint("(step = 'item') = (ballot_id IS NOT NULL)", name="item"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    meeting_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("meeting.id"))
    number: Mapped[int]
    step: Mapped[str] = mapped_column(String(8))
    ballot_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("ballot.id"))
    taken_by: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]


class Attendance(Base):
    """That a member came in or went out; `ballot_id` names the item that somebody had to go out for."""

    __tablename__ = "attendance"
    __table_args__ = (
        UniqueConstraint("meeting_id", "number"),
        CheckConstraint("direction IN ('in','out')", name="direction"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    meeting_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("meeting.id"))
    number: Mapped[int]
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    direction: Mapped[str] = mapped_column(String(3))
    ballot_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("ballot.id"))
    recorded_by: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]


class WrittenConsent(Base):
    """Whether a member agrees to decide in writing; said once."""

    __tablename__ = "written_consent"
    __table_args__ = ({"info": APPEND_ONLY},)

    meeting_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("meeting.id"), primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    agrees: Mapped[bool]
    at: Mapped[datetime]


class Minutes(Base):
    """One version of a meeting's minutes: sections, of which those about an item name its ballot."""

    __tablename__ = "minutes"
    __table_args__ = (UniqueConstraint("meeting_id", "version"), {"info": APPEND_ONLY})

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    meeting_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("meeting.id"))
    version: Mapped[int]
    sections: Mapped[list[Any]]
    written_by: Mapped[str] = mapped_column(String(120))
    written_at: Mapped[datetime]


class MinutesApproval(Base):
    """That the chair has approved a version of the minutes; from then on they stand."""

    __tablename__ = "minutes_approval"
    __table_args__ = ({"info": APPEND_ONLY},)

    meeting_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("meeting.id"), primary_key=True)
    version: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    approved_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    approved_by: Mapped[str] = mapped_column(String(120))
    approved_at: Mapped[datetime]
