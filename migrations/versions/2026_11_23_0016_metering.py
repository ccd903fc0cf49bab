"""Utilisation that meters report, and the alerts that follow."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016_metering"
down_revision = "0015_gpu_grants"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "metering_source",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("base_url", sa.String(length=300), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("step_seconds", sa.BigInteger(), nullable=False),
        sa.Column("auth", sa.String(length=8), nullable=False),
        sa.Column("secret_name", sa.String(length=60), nullable=True),
        sa.Column("award_label", sa.String(length=80), nullable=False),
        sa.Column("awards", sa.Text(), nullable=False),
        sa.Column("models", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(length=300), nullable=True),
        sa.Column("pulled_through", sa.Date(), nullable=True),
        sa.Column("changed_by", sa.String(length=120), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(auth = 'none') = (secret_name IS NULL)", name=op.f("ck_metering_source_secret")),
        sa.CheckConstraint("auth IN ('none','bearer','basic')", name=op.f("ck_metering_source_auth")),
        sa.CheckConstraint("state IN ('unverified','reached','failing')", name=op.f("ck_metering_source_state")),
        sa.CheckConstraint(
            "step_seconds IN (15,30,60,120,300,600,900,1800,3600)", name=op.f("ck_metering_source_step")
        ),
        sa.CheckConstraint("unit IN ('percent','ratio')", name=op.f("ck_metering_source_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_metering_source")),
        sa.UniqueConstraint("name", name=op.f("uq_metering_source_name")),
    )
    op.create_table(
        "utilisation_day",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.String(length=20), nullable=False),
        sa.Column("utc_day", sa.Date(), nullable=False),
        sa.Column("gpus", sa.BigInteger(), nullable=False),
        sa.Column("observed_e4", sa.BigInteger(), nullable=False),
        sa.Column("busy_permille", sa.BigInteger(), nullable=False),
        sa.Column("idle_e4", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("busy_permille BETWEEN 0 AND 1000", name=op.f("ck_utilisation_day_busy")),
        sa.CheckConstraint(
            "observed_e4 >= 0 AND idle_e4 >= 0 AND idle_e4 <= observed_e4", name=op.f("ck_utilisation_day_hours")
        ),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_utilisation_day_award_id")),
        sa.ForeignKeyConstraint(["source_id"], ["metering_source.id"], name=op.f("fk_utilisation_day_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_utilisation_day")),
        sa.UniqueConstraint(
            "source_id", "award_id", "sku", "utc_day", name=op.f("uq_utilisation_day_source_id_award_id_sku_utc_day")
        ),
    )
    op.create_index("ix_utilisation_day_award_day", "utilisation_day", ["award_id", "utc_day"], unique=False)
    op.create_table(
        "grant_forecast",
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("data_through", sa.Date(), nullable=True),
        sa.Column("pace_e4", sa.BigInteger(), nullable=False),
        sa.Column("pace_days", sa.BigInteger(), nullable=False),
        sa.Column("granted_e4", sa.BigInteger(), nullable=False),
        sa.Column("remaining_e4", sa.BigInteger(), nullable=False),
        sa.Column("exhausted_on", sa.Date(), nullable=True),
        sa.Column("at_risk_e4", sa.BigInteger(), nullable=False),
        sa.Column("overage_e4", sa.BigInteger(), nullable=False),
        sa.Column("watched_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("severity IN ('info','warning','critical')", name=op.f("ck_grant_forecast_severity")),
        sa.CheckConstraint(
            "verdict IN ('waiting','on_course','runs_out_before_end','will_lapse','idle','over','ended')",
            name=op.f("ck_grant_forecast_verdict"),
        ),
        sa.ForeignKeyConstraint(["grant_id"], ["gpu_grant.id"], name=op.f("fk_grant_forecast_grant_id")),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_grant_forecast")),
    )
    op.create_index(op.f("ix_grant_forecast_verdict"), "grant_forecast", ["verdict"], unique=False)
    op.create_table(
        "grant_alert",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mailed_severity", sa.String(length=8), nullable=True),
        sa.Column("acknowledged_by", sa.String(length=120), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'resolved') = (resolved_at IS NOT NULL)", name=op.f("ck_grant_alert_resolved")),
        sa.CheckConstraint("kind IN ('runs_out','lapse','idle','over','gpu_idle')", name=op.f("ck_grant_alert_kind")),
        sa.CheckConstraint("mailed_severity IN ('warning','critical')", name=op.f("ck_grant_alert_mailed_severity")),
        sa.CheckConstraint("severity IN ('warning','critical')", name=op.f("ck_grant_alert_severity")),
        sa.CheckConstraint(
            "state <> 'acknowledged' OR acknowledged_by IS NOT NULL", name=op.f("ck_grant_alert_acknowledged")
        ),
        sa.CheckConstraint("state IN ('open','acknowledged','resolved')", name=op.f("ck_grant_alert_state")),
        sa.ForeignKeyConstraint(["grant_id"], ["gpu_grant.id"], name=op.f("fk_grant_alert_grant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grant_alert")),
    )
    op.create_index(op.f("ix_grant_alert_grant_id"), "grant_alert", ["grant_id"], unique=False)
    op.create_index(op.f("ix_grant_alert_state"), "grant_alert", ["state"], unique=False)
    op.create_index("ix_grant_alert_order", "grant_alert", ["severity", "first_seen", "id"], unique=False)
    op.create_index(
        "uq_grant_alert_standing",
        "grant_alert",
        ["grant_id", "kind"],
        unique=True,
        sqlite_where=sa.text("state <> 'resolved'"),
        postgresql_where=sa.text("state <> 'resolved'"),
    )


def downgrade() -> None:
    op.drop_index("uq_grant_alert_standing", table_name="grant_alert")
    op.drop_index("ix_grant_alert_order", table_name="grant_alert")
    op.drop_index(op.f("ix_grant_alert_state"), table_name="grant_alert")
    op.drop_index(op.f("ix_grant_alert_grant_id"), table_name="grant_alert")
    op.drop_table("grant_alert")
    op.drop_index(op.f("ix_grant_forecast_verdict"), table_name="grant_forecast")
    op.drop_table("grant_forecast")
    op.drop_index("ix_utilisation_day_award_day", table_name="utilisation_day")
    op.drop_table("utilisation_day")
    op.drop_table("metering_source")
