"""What meters of cloud machines report, what follows for grants, and the alerts that were raised."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import Base, new_id


class MeteringSource(Base):
    """A Prometheus server that knows how busy companies' GPUs are. Its secret is named here, never kept."""

    __tablename__ = "metering_source"
    __table_args__ = (
        CheckConstraint("state IN ('unverified','reached','failing')", name="state"),
        CheckConstraint("auth IN ('none','bearer','basic')", name="auth"),
        CheckConstraint("(auth = 'none') = (secret_name IS NULL)", name="secret"),
        CheckConstraint("unit IN ('percent','ratio')", name="unit"),
        CheckConstraint("step_seconds IN (15,30,60,120,300,600,900,1800,3600)", name="step"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    base_url: Mapped[str] = mapped_column(String(300))
    query: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(String(8))
    step_seconds: Mapped[int]
    auth: Mapped[str] = mapped_column(String(8))
    secret_name: Mapped[str | None] = mapped_column(String(60))
    award_label: Mapped[str] = mapped_column(String(80))
    awards: Mapped[dict[str, Any]]
    models: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(10), default="unverified")
    reached_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(String(300))
    pulled_through: Mapped[date | None] = mapped_column(Date)
    changed_by: Mapped[str] = mapped_column(String(120))
    changed_at: Mapped[datetime]


class UtilisationDay(Base):
    """How busy the GPUs of an award were on one UTC day, as one source saw them.

    `observed_e4` are the GPU-hours with a sample; an hour without one is unknown, neither busy nor idle.
    """

    __tablename__ = "utilisation_day"
    __table_args__ = (
        UniqueConstraint("source_id", "award_id", "sku", "utc_day"),
        Index("ix_utilisation_day_award_day", "award_id", "utc_day"),
        CheckConstraint("observed_e4 >= 0 AND idle_e4 >= 0 AND idle_e4 <= observed_e4", name="hours"),
        CheckConstraint("busy_permille BETWEEN 0 AND 1000", name="busy"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    source_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("metering_source.id"))
    award_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("award.id"))
    sku: Mapped[str] = mapped_column(String(20))
    utc_day: Mapped[date] = mapped_column(Date)
    gpus: Mapped[int]
    observed_e4: Mapped[int]
    busy_permille: Mapped[int]
    idle_e4: Mapped[int]
    recorded_at: Mapped[datetime]


class GrantForecast(Base):
    """The newest verdict over a grant and the figures behind it, so that lists need not compute them."""

    __tablename__ = "grant_forecast"
    __table_args__ = (
        CheckConstraint(
            "verdict IN ('waiting','on_course','runs_out_before_end','will_lapse','idle','over','ended')",
            name="verdict",
        ),
        CheckConstraint("severity IN ('info','warning','critical')", name="severity"),
    )

    grant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("gpu_grant.id"), primary_key=True)
    verdict: Mapped[str] = mapped_column(String(20), index=True)
    severity: Mapped[str] = mapped_column(String(8))
    data_through: Mapped[date | None] = mapped_column(Date)
    pace_e4: Mapped[int]
    pace_days: Mapped[int]
    granted_e4: Mapped[int]
    remaining_e4: Mapped[int]
    exhausted_on: Mapped[date | None] = mapped_column(Date)
    at_risk_e4: Mapped[int]
    overage_e4: Mapped[int]
    watched_at: Mapped[datetime]


class GrantAlert(Base):
    """That a grant needs attention: opened, updated and resolved by the watch, acknowledged by people."""

    __tablename__ = "grant_alert"
    __table_args__ = (
        CheckConstraint("kind IN ('runs_out','lapse','idle','over','gpu_idle')", name="kind"),
        CheckConstraint("severity IN ('warning','critical')", name="severity"),
        CheckConstraint("mailed_severity IN ('warning','critical')", name="mailed_severity"),
        CheckConstraint("state IN ('open','acknowledged','resolved')", name="state"),
        CheckConstraint("(state = 'resolved') = (resolved_at IS NOT NULL)", name="resolved"),
        CheckConstraint("state <> 'acknowledged' OR acknowledged_by IS NOT NULL", name="acknowledged"),
        Index("ix_grant_alert_order", "severity", "first_seen", "id"),
        Index(
            "uq_grant_alert_standing",
            "grant_id",
            "kind",
            unique=True,
            sqlite_where=text("state <> 'resolved'"),
            postgresql_where=text("state <> 'resolved'"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    grant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("gpu_grant.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    severity: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(12), default="open", index=True)
    figures: Mapped[dict[str, Any]]
    first_seen: Mapped[datetime]
    last_seen: Mapped[datetime]
    mailed_severity: Mapped[str | None] = mapped_column(String(8))
    acknowledged_by: Mapped[str | None] = mapped_column(String(120))
    reason: Mapped[str | None] = mapped_column(Text)
    resolved_at: Mapped[datetime | None]
