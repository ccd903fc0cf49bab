"""Who was recused from what, by which route and why; what was challenged, lifted and pledged."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, Uuid, select, text
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, Document, new_id


class Recusal(Base):
    """The record of a recusal: 제척 disqualification, 기피 challenge, 회피 self_recusal.

    A pair may have several, one after the other, because a recusal can be lifted. What holds now is `Conflict`, which
    is made of these columns before foreign keys are resolved and so needs their types said.
    """

    __tablename__ = "conflict"
    __table_args__ = (
        UniqueConstraint("application_id", "person_id", "number"),
        CheckConstraint("route IN ('disqualification','challenge','self_recusal')", name="route"),
        CheckConstraint("length(reason) > 0", name="reason"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    application_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("application.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("person.id"), index=True)
    number: Mapped[int] = mapped_column(default=1)
    route: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(Text)
    rule: Mapped[str | None] = mapped_column(String(40))
    interest_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, ForeignKey("interest.id"))
    declared_by: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]


class RecusalLift(Base):
    """That a recusal holds no longer: two people said so, or a vote that turned its challenge down."""

    __tablename__ = "recusal_lift"
    __table_args__ = (
        UniqueConstraint("recusal_id"),
        CheckConstraint("length(reason) > 0", name="reason"),
        CheckConstraint("challenge_id IS NOT NULL OR asked_by_id <> decided_by_id", name="four_eyes"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    recusal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("conflict.id"))
    challenge_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("challenge.id"))
    reason: Mapped[str] = mapped_column(Text)
    asked_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    asked_by: Mapped[str] = mapped_column(String(120))
    decided_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    decided_by: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]


_lifted = select(RecusalLift.id).where(RecusalLift.recusal_id == Recusal.id)


class Conflict(Base):
    """A recusal that holds now: the record less what was lifted. Reads only; `Recusal` is what is written."""

    __table__ = select(Recusal.__table__).where(~_lifted.exists()).subquery("standing")
    __mapper_args__ = {"primary_key": [__table__.c.id]}  # noqa: RUF012 - SQLAlchemy reads it from the class

    if TYPE_CHECKING:
        id: Mapped[uuid.UUID]
        application_id: Mapped[uuid.UUID]
        person_id: Mapped[uuid.UUID]
        number: Mapped[int]
        route: Mapped[str]
        reason: Mapped[str]
        rule: Mapped[str | None]
        interest_id: Mapped[uuid.UUID | None]
        declared_by: Mapped[str]
        at: Mapped[datetime]


class LiftRequest(Base):
    """What one person asks for: that a recusal declared by mistake be lifted. Another one decides."""

    __tablename__ = "lift_request"
    __table_args__ = (
        CheckConstraint("state IN ('open','approved','refused')", name="state"),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided"),
        CheckConstraint("decided_by_id IS NULL OR decided_by_id <> asked_by_id", name="four_eyes"),
        CheckConstraint("length(reason) > 0", name="reason"),
        Index(
            "uq_lift_request_open_recusal",
            "recusal_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    recusal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("conflict.id"))
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(8), default="open")
    asked_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    asked_by: Mapped[str] = mapped_column(String(120))
    asked_at: Mapped[datetime]
    decided_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    decided_by: Mapped[str | None] = mapped_column(String(120))
    decided_at: Mapped[datetime | None]


class Challenge(Base):
    """기피: an applicant or a member asks that somebody be kept out; while it is pending they are."""

    __tablename__ = "challenge"
    __table_args__ = (
        CheckConstraint("side IN ('applicant','member')", name="side"),
        CheckConstraint("state IN ('pending','upheld','dismissed','set_aside')", name="state"),
        CheckConstraint("(state = 'pending') = (decided_at IS NULL)", name="decided"),
        CheckConstraint("filed_by_id <> target_id", name="target"),
        CheckConstraint("length(reason) > 0", name="reason"),
        UniqueConstraint("recusal_id"),
        Index(
            "uq_challenge_pending",
            "application_id",
            "target_id",
            unique=True,
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"))
    target_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    recusal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("conflict.id"))
    side: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(Text)
    filed_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    filed_by: Mapped[str] = mapped_column(String(120))
    filed_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(10), default="pending")
    tally: Mapped[dict[str, Any] | None] = mapped_column(Document)
    answer: Mapped[str | None] = mapped_column(Text)
    decided_by: Mapped[str | None] = mapped_column(String(120))
    decided_at: Mapped[datetime | None]


class ChallengeVote(Base):
    """One member's vote on a challenge; final."""

    __tablename__ = "challenge_vote"
    __table_args__ = (
        UniqueConstraint("challenge_id", "person_id"),
        CheckConstraint("choice IN ('yes','no','abstain')", name="choice"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    challenge_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("challenge.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    choice: Mapped[str] = mapped_column(String(8))
    cast_at: Mapped[datetime]


class MeetingPledge(Base):
    """That a member signed, before a meeting, to have no interest in one item of its agenda."""

    __tablename__ = "meeting_pledge"
    __table_args__ = (
        UniqueConstraint("meeting_id", "person_id", "application_id"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    meeting_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("meeting.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"))
    submission_version: Mapped[int | None]
    signed_at: Mapped[datetime]
