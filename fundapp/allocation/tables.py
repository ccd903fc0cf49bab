"""Who gives how much, what of it is free, and the plans made for it."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id


class Fund(Base):
    """The fund itself; one row."""

    __tablename__ = "fund"
    __table_args__ = (
        CheckConstraint("id = 1", name="one_row"),
        CheckConstraint("recognition IN ('at_delivery','at_grant')", name="recognition"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    name_ko: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120))
    legal_form: Mapped[str] = mapped_column(String(120))
    recognition: Mapped[str] = mapped_column(String(20), default="at_delivery")
    started_on: Mapped[date] = mapped_column(Date)


class Investor(Base):
    """Somebody who puts in cash or capacity: KT, Microsoft."""

    __tablename__ = "investor"
    __table_args__ = (CheckConstraint("kind IN ('cash','in_kind')", name="kind"),)

    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    name_ko: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(10))
    committed_krw: Mapped[int]


class Pool(Base):
    """GPU time contributed for one SKU, region and quarter; its hours are in the ledger."""

    __tablename__ = "pool"
    __table_args__ = (UniqueConstraint("investor_code", "sku", "region", "quarter"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    investor_code: Mapped[str] = mapped_column(ForeignKey("investor.code"))
    sku: Mapped[str] = mapped_column(String(20))
    region: Mapped[str] = mapped_column(String(40))
    quarter: Mapped[str] = mapped_column(String(6), index=True)
    rate_krw: Mapped[int]
    account: Mapped[str] = mapped_column(String(160), unique=True)
    created_at: Mapped[datetime]


class Plan(Base):
    """A solved allocation: the instance, the result and how it was reached."""

    __tablename__ = "plan"
    __table_args__ = ({"info": APPEND_ONLY},)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("call.id"), index=True)
    instance_sha256: Mapped[str] = mapped_column(String(64), index=True)
    instance: Mapped[dict[str, Any]]
    result: Mapped[dict[str, Any]]
    solver: Mapped[str] = mapped_column(String(80))
    made_by: Mapped[str] = mapped_column(String(120))
    made_at: Mapped[datetime]


class CapacityAnnouncement(Base):
    """Hours that an investor says there will be of a SKU, region and quarter, in all; the newest holds."""

    __tablename__ = "capacity_announcement"
    __table_args__ = (
        CheckConstraint("hours >= 0", name="hours"),
        Index("ix_capacity_announcement_slot", "quarter", "sku", "region", "investor_code"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    investor_code: Mapped[str] = mapped_column(ForeignKey("investor.code"))
    sku: Mapped[str] = mapped_column(String(20))
    region: Mapped[str] = mapped_column(String(40))
    quarter: Mapped[str] = mapped_column(String(6))
    hours: Mapped[int]
    announced_on: Mapped[date] = mapped_column(Date)
    source: Mapped[str] = mapped_column(String(200))
    entered_by: Mapped[str] = mapped_column(String(120))
    entered_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


class PlanScenario(Base):
    """That a plan answers what another was asked, under settings that somebody changed.

    `changes` is what differs from the base: fields of the terms, and hours by SKU and quarter.
    """

    __tablename__ = "plan_scenario"
    __table_args__ = (CheckConstraint("plan_id <> base_id", name="base"), {"info": APPEND_ONLY})

    plan_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("plan.id"), primary_key=True)
    base_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("plan.id"), index=True)
    title: Mapped[str] = mapped_column(String(120))
    changes: Mapped[dict[str, Any]]


class PlanChoice(Base):
    """What people put in the place of a plan's recommendations, whole, in revisions; the newest holds.

    `lines` has, by application number, `krw`, `gpu_hours`, `reason` and `pinned`.
    """

    __tablename__ = "plan_choice"
    __table_args__ = (
        UniqueConstraint("plan_id", "revision"),
        CheckConstraint("revision > 0", name="revision"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    plan_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("plan.id"))
    revision: Mapped[int]
    lines: Mapped[dict[str, Any]]
    chosen_by: Mapped[str] = mapped_column(String(120))
    chosen_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    chosen_at: Mapped[datetime]


_OPEN_RUN = "state IN ('waiting','running')"


class PlanRun(Base):
    """Something to be computed that may take a while: a plan, or a question about one.

    A process of its own does it and tells how far it is; somebody may stop it. `subject` is whom or what a question
    is about; `found` is its answer, or the reason in both languages why there is none.
    """

    __tablename__ = "plan_run"
    __table_args__ = (
        CheckConstraint("kind IN ('plan','scenario','quotas','sensitivity','exact','why')", name="kind"),
        CheckConstraint("state IN ('waiting','running','done','refused','cancelled')", name="state"),
        CheckConstraint("(kind = 'plan') = (plan_id IS NULL)", name="about"),
        CheckConstraint("state <> 'waiting' OR started_at IS NULL", name="waiting"),
        CheckConstraint("state IN ('waiting','cancelled') OR started_at IS NOT NULL", name="started"),
        CheckConstraint("(state IN ('done','refused','cancelled')) = (ended_at IS NOT NULL)", name="ended"),
        CheckConstraint("state NOT IN ('done','refused') OR found IS NOT NULL", name="found"),
        Index(
            "uq_plan_run_open_plan",
            "call_id",
            unique=True,
            sqlite_where=text(f"kind = 'plan' AND {_OPEN_RUN}"),
            postgresql_where=text(f"kind = 'plan' AND {_OPEN_RUN}"),
        ),
        Index(
            "uq_plan_run_open_question",
            "plan_id",
            "kind",
            "subject",
            unique=True,
            sqlite_where=text(_OPEN_RUN),
            postgresql_where=text(_OPEN_RUN),
        ),
        Index("ix_plan_run_state", "state", "asked_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("call.id"))
    plan_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("plan.id"))
    kind: Mapped[str] = mapped_column(String(12))
    subject: Mapped[str] = mapped_column(String(120))
    changes: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(10))
    cancel_asked: Mapped[bool] = mapped_column(default=False)
    progress: Mapped[dict[str, Any] | None]
    made_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("plan.id"))
    found: Mapped[dict[str, Any] | None]
    asked_by: Mapped[str] = mapped_column(String(120))
    asked_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    beat_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class PlanAdoption(Base):
    """That a plan went to a meeting; once only."""

    __tablename__ = "plan_adoption"
    __table_args__ = (UniqueConstraint("plan_id"), UniqueConstraint("meeting_id"), {"info": APPEND_ONLY})

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    plan_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("plan.id"))
    meeting_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("meeting.id"))
    adopted_by: Mapped[str] = mapped_column(String(120))
    adopted_at: Mapped[datetime]


class RateChange(Base):
    """Who set a rate or an exchange rate, when and why; the ledger keeps the rate itself."""

    __tablename__ = "rate_change"
    __table_args__ = ({"info": APPEND_ONLY},)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    commodity: Mapped[str] = mapped_column(String(40), index=True)
    valid_from: Mapped[date] = mapped_column(Date)
    version: Mapped[int]
    price: Mapped[str] = mapped_column(String(40))
    source: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(Text)
    entered_by: Mapped[str] = mapped_column(String(120))
    entered_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
