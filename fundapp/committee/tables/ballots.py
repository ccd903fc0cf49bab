"""Ballots and votes."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id


class Ballot(Base):
    """One vote on one application: cash and GPU hours together.

    `form` is `open` (votes stand by name once it is closed), `secret`, or `unlisted`: of before forms were told apart,
    when members were promised that no page would ever say how they voted.

    A secret ballot's votes are `sealed_votes`: ciphertexts in the order of their bytes, which is none. Their key comes
    from the instance's secret and `salt`; both go when the ballot ends.

    `rule` is the call's rule of ballots as it was when this one opened. A ballot that `amends_id` another
    replaces it, or is voted on before it where it is `subsidiary`; one that `reopens_id` another decides again.
    """

    __tablename__ = "ballot"
    __table_args__ = (
        CheckConstraint("state IN ('open','waiting','closed','superseded')", name="state"),
        CheckConstraint("(state IN ('closed','superseded')) = (closed_at IS NOT NULL)", name="closed_at"),
        CheckConstraint("proposed_krw >= 0", name="cash"),
        CheckConstraint("form IN ('open','secret','unlisted')", name="form"),
        CheckConstraint("(form = 'secret' AND state IN ('open','waiting')) = (salt IS NOT NULL)", name="salt"),
        CheckConstraint("salt IS NOT NULL OR sealed_votes = '[]'", name="sealed"),
        CheckConstraint("amends_id IS NULL OR reopens_id IS NULL", name="descent"),
        CheckConstraint("NOT subsidiary OR amends_id IS NOT NULL", name="subsidiary"),
        Index(
            "uq_ballot_open_application",
            "application_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        UniqueConstraint("reopens_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    meeting_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("meeting.id"), index=True)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"), index=True)
    proposed_krw: Mapped[int]
    gpu_lines: Mapped[list[Any]]
    conditions: Mapped[list[Any]]
    hold_keys: Mapped[list[Any]]
    state: Mapped[str] = mapped_column(String(10), default="open")
    form: Mapped[str] = mapped_column(String(8), default="open")
    rule: Mapped[dict[str, Any]]
    salt: Mapped[str | None] = mapped_column(String(64))
    sealed_votes: Mapped[list[Any]] = mapped_column(default=list)
    amends_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("ballot.id"), index=True)
    subsidiary: Mapped[bool] = mapped_column(default=False)
    reopens_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("ballot.id"))
    remark: Mapped[str | None] = mapped_column(Text)
    opened_by: Mapped[str] = mapped_column(String(120))
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class Vote(Base):
    """One member's vote in a ballot that is not secret; final. Against or abstaining it has a reason."""

    __tablename__ = "vote"
    __table_args__ = (
        UniqueConstraint("ballot_id", "person_id"),
        CheckConstraint("choice IN ('yes','no','abstain')", name="choice"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    ballot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ballot.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    choice: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str | None] = mapped_column(Text)
    cast_at: Mapped[datetime]


class BallotVoter(Base):
    """That a member has voted in a secret ballot: no time, no number, and no row order that would tell one."""

    __tablename__ = "ballot_voter"
    __table_args__ = ({"info": APPEND_ONLY, "sqlite_with_rowid": False},)

    ballot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ballot.id"), primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)


class Reopening(Base):
    """That somebody asked for a closed ballot to be voted on again, and what another person answered."""

    __tablename__ = "reopening"
    __table_args__ = (
        CheckConstraint("state IN ('asked','confirmed','declined')", name="state"),
        CheckConstraint("(state = 'asked') = (answered_at IS NULL)", name="answered"),
        CheckConstraint("answered_by_id <> asked_by_id", name="two_people"),
        CheckConstraint("length(reason) > 0", name="reason"),
        Index(
            "uq_reopening_asked",
            "ballot_id",
            unique=True,
            sqlite_where=text("state = 'asked'"),
            postgresql_where=text("state = 'asked'"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    ballot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ballot.id"), index=True)
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10), default="asked")
    asked_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    asked_by: Mapped[str] = mapped_column(String(120))
    asked_at: Mapped[datetime]
    answered_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    answered_by: Mapped[str | None] = mapped_column(String(120))
    answered_at: Mapped[datetime | None]
