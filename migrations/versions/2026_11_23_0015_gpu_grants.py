"""Releases, change requests, reclaim, waitlist and quota of GPU grants."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015_gpu_grants"
down_revision = "0014_cash"
branch_labels = None
depends_on = None

APPEND_ONLY = ("cloud_quota",)


def upgrade() -> None:
    op.add_column("gpu_grant", sa.Column("usable_until", sa.Date(), nullable=True))
    op.add_column("gpu_grant", sa.Column("requested_e4", sa.BigInteger(), nullable=True))
    op.add_column("gpu_grant", sa.Column("recommended_e4", sa.BigInteger(), nullable=True))
    op.add_column("gpu_grant", sa.Column("release", sa.String(length=10), nullable=False, server_default="at_once"))
    op.execute("UPDATE gpu_grant SET usable_until = expires_on")
    with op.batch_alter_table("gpu_grant") as table:
        table.alter_column("usable_until", existing_type=sa.Date(), nullable=False)
        table.alter_column("release", existing_type=sa.String(length=10), server_default=None)
        table.drop_constraint(op.f("ck_gpu_grant_hours"), type_="check")
        table.create_check_constraint(op.f("ck_gpu_grant_hours"), "hours_e4 >= 0")
        table.create_check_constraint(op.f("ck_gpu_grant_release"), "release IN ('at_once','half')")
    _create_tables()
    _guard(APPEND_ONLY)


def _create_tables() -> None:
    op.create_table(
        "block_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.String(length=20), nullable=False),
        sa.Column("region", sa.String(length=40), nullable=False),
        sa.Column("quarter", sa.String(length=6), nullable=False),
        sa.Column("subscriptions", sa.Text(), nullable=False),
        sa.Column("overage_e4", sa.BigInteger(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.String(length=120), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'open') = (done_at IS NULL)", name=op.f("ck_block_request_done")),
        sa.CheckConstraint("state IN ('open','done')", name=op.f("ck_block_request_state")),
        sa.CheckConstraint("overage_e4 > 0", name=op.f("ck_block_request_overage")),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_block_request_award_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_block_request")),
        sa.UniqueConstraint(
            "award_id", "sku", "region", "quarter", name=op.f("uq_block_request_award_id_sku_region_quarter")
        ),
    )
    op.create_table(
        "cloud_quota",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=True),
        sa.Column("subscription", sa.String(length=200), nullable=False),
        sa.Column("region", sa.String(length=40), nullable=False),
        sa.Column("vm_family", sa.String(length=80), nullable=False),
        sa.Column("sku", sa.String(length=20), nullable=False),
        sa.Column("vcpus", sa.BigInteger(), nullable=False),
        sa.Column("vcpus_per_gpu", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("dated_on", sa.Date(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.String(length=120), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('requested','approved','denied')", name=op.f("ck_cloud_quota_state")),
        sa.CheckConstraint("vcpus >= 0", name=op.f("ck_cloud_quota_vcpus")),
        sa.CheckConstraint("vcpus_per_gpu > 0", name=op.f("ck_cloud_quota_vcpus_per_gpu")),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_cloud_quota_award_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cloud_quota")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_cloud_quota_award_id"), "cloud_quota", ["award_id"], unique=False)
    op.create_table(
        "overage_charge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.String(length=20), nullable=False),
        sa.Column("region", sa.String(length=40), nullable=False),
        sa.Column("quarter", sa.String(length=6), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hours_e4", sa.BigInteger(), nullable=False),
        sa.Column("rate_krw", sa.BigInteger(), nullable=False),
        sa.Column("amount_krw", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("charged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.String(length=120), nullable=True),
        sa.CheckConstraint("(state = 'settled') = (settled_at IS NOT NULL)", name=op.f("ck_overage_charge_settled")),
        sa.CheckConstraint("state IN ('open','settled')", name=op.f("ck_overage_charge_state")),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_overage_charge_award_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_overage_charge")),
        sa.UniqueConstraint(
            "award_id",
            "sku",
            "region",
            "quarter",
            "number",
            name=op.f("uq_overage_charge_award_id_sku_region_quarter_number"),
        ),
    )
    op.create_table(
        "progress_report",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("filed_by_id", sa.Uuid(), nullable=False),
        sa.Column("filed_by", sa.String(length=120), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_by_id", sa.Uuid(), nullable=True),
        sa.Column("answered_by", sa.String(length=120), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("txn_key", sa.String(length=200), nullable=True),
        sa.CheckConstraint("(state = 'filed') = (answered_at IS NULL)", name=op.f("ck_progress_report_answered")),
        sa.CheckConstraint("state IN ('filed','accepted','returned')", name=op.f("ck_progress_report_state")),
        sa.CheckConstraint(
            "answered_by_id IS NULL OR answered_by_id <> filed_by_id", name=op.f("ck_progress_report_four_eyes")
        ),
        sa.ForeignKeyConstraint(["answered_by_id"], ["person.id"], name=op.f("fk_progress_report_answered_by_id")),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_progress_report_award_id")),
        sa.ForeignKeyConstraint(["filed_by_id"], ["person.id"], name=op.f("fk_progress_report_filed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_progress_report")),
        sa.UniqueConstraint("award_id", "number", name=op.f("uq_progress_report_award_id_number")),
    )
    op.create_table(
        "change_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("hours_e4", sa.BigInteger(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("target_pool_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("requested_by_id", sa.Uuid(), nullable=False),
        sa.Column("requested_by", sa.String(length=120), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_e4", sa.BigInteger(), nullable=True),
        sa.Column("approved_until", sa.Date(), nullable=True),
        sa.Column("taken_e4", sa.BigInteger(), nullable=True),
        sa.Column("given_e4", sa.BigInteger(), nullable=True),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_by", sa.String(length=120), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.Column("txn_key", sa.String(length=200), nullable=True),
        sa.CheckConstraint("(kind = 'extension') = (hours_e4 IS NULL)", name=op.f("ck_change_request_hours_stated")),
        sa.CheckConstraint("(kind = 'extension') = (until IS NOT NULL)", name=op.f("ck_change_request_until")),
        sa.CheckConstraint(
            "(kind IN ('transfer','advance')) = (target_pool_id IS NOT NULL)", name=op.f("ck_change_request_target")
        ),
        sa.CheckConstraint(
            "(state IN ('approved','declined')) = (decided_at IS NOT NULL)", name=op.f("ck_change_request_decided")
        ),
        sa.CheckConstraint(
            "kind IN ('extension','supplement','transfer','advance','early_return')",
            name=op.f("ck_change_request_kind"),
        ),
        sa.CheckConstraint(
            "state IN ('requested','approved','declined','withdrawn')", name=op.f("ck_change_request_state")
        ),
        sa.CheckConstraint(
            "decided_by_id IS NULL OR decided_by_id <> requested_by_id", name=op.f("ck_change_request_four_eyes")
        ),
        sa.CheckConstraint("hours_e4 > 0", name=op.f("ck_change_request_hours")),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_change_request_award_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["person.id"], name=op.f("fk_change_request_decided_by_id")),
        sa.ForeignKeyConstraint(["grant_id"], ["gpu_grant.id"], name=op.f("fk_change_request_grant_id")),
        sa.ForeignKeyConstraint(["requested_by_id"], ["person.id"], name=op.f("fk_change_request_requested_by_id")),
        sa.ForeignKeyConstraint(["target_pool_id"], ["pool.id"], name=op.f("fk_change_request_target_pool_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_request")),
        sa.UniqueConstraint("number", name=op.f("uq_change_request_number")),
    )
    op.create_index(op.f("ix_change_request_award_id"), "change_request", ["award_id"], unique=False)
    op.create_index(op.f("ix_change_request_grant_id"), "change_request", ["grant_id"], unique=False)
    op.create_index("ix_change_request_state", "change_request", ["state", "requested_at"], unique=False)
    op.create_table(
        "reclaim_notice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.String(length=20), nullable=False),
        sa.Column("hours_e4", sa.BigInteger(), nullable=False),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acts_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(length=120), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("reclaimed_e4", sa.BigInteger(), nullable=False),
        sa.Column("txn_key", sa.String(length=200), nullable=True),
        sa.CheckConstraint("(state = 'open') = (ended_at IS NULL)", name=op.f("ck_reclaim_notice_ended")),
        sa.CheckConstraint("rule IN ('idle','minimal_use')", name=op.f("ck_reclaim_notice_rule")),
        sa.CheckConstraint("state IN ('open','withdrawn','waived','acted')", name=op.f("ck_reclaim_notice_state")),
        sa.CheckConstraint("hours_e4 > 0", name=op.f("ck_reclaim_notice_hours")),
        sa.ForeignKeyConstraint(["grant_id"], ["gpu_grant.id"], name=op.f("fk_reclaim_notice_grant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reclaim_notice")),
    )
    op.create_index(op.f("ix_reclaim_notice_grant_id"), "reclaim_notice", ["grant_id"], unique=False)
    op.create_index(
        "uq_reclaim_notice_open",
        "reclaim_notice",
        ["grant_id"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "waitlist_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.String(length=20), nullable=False),
        sa.Column("region", sa.String(length=40), nullable=False),
        sa.Column("quarter", sa.String(length=6), nullable=True),
        sa.Column("wanted_e4", sa.BigInteger(), nullable=False),
        sa.Column("minimum_e4", sa.BigInteger(), nullable=False),
        sa.Column("served_e4", sa.BigInteger(), nullable=False),
        sa.Column("priority", sa.BigInteger(), nullable=False),
        sa.Column("change_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("joined_by", sa.String(length=120), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('waiting','served','left')", name=op.f("ck_waitlist_entry_state")),
        sa.CheckConstraint("minimum_e4 > 0 AND wanted_e4 >= minimum_e4", name=op.f("ck_waitlist_entry_hours")),
        sa.CheckConstraint("priority IN (1, 2)", name=op.f("ck_waitlist_entry_priority")),
        sa.CheckConstraint("served_e4 >= 0", name=op.f("ck_waitlist_entry_served")),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_waitlist_entry_award_id")),
        sa.ForeignKeyConstraint(["change_id"], ["change_request.id"], name=op.f("fk_waitlist_entry_change_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waitlist_entry")),
        sa.UniqueConstraint("change_id", name=op.f("uq_waitlist_entry_change_id")),
    )
    op.create_index(op.f("ix_waitlist_entry_award_id"), "waitlist_entry", ["award_id"], unique=False)
    op.create_index(
        "ix_waitlist_entry_line", "waitlist_entry", ["state", "sku", "region", "priority", "joined_at"], unique=False
    )
    op.create_table(
        "waitlist_offer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("pool_id", sa.Uuid(), nullable=False),
        sa.Column("hours_e4", sa.BigInteger(), nullable=False),
        sa.Column("minimum_e4", sa.BigInteger(), nullable=False),
        sa.Column("hold_key", sa.String(length=200), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("accepted_e4", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.String(length=120), nullable=True),
        sa.CheckConstraint("(state = 'accepted') = (accepted_e4 IS NOT NULL)", name=op.f("ck_waitlist_offer_accepted")),
        sa.CheckConstraint("(state = 'open') = (answered_at IS NULL)", name=op.f("ck_waitlist_offer_answered")),
        sa.CheckConstraint("state IN ('open','accepted','declined','expired')", name=op.f("ck_waitlist_offer_state")),
        sa.CheckConstraint(
            "accepted_e4 BETWEEN minimum_e4 AND hours_e4", name=op.f("ck_waitlist_offer_accepted_hours")
        ),
        sa.CheckConstraint("minimum_e4 > 0 AND hours_e4 >= minimum_e4", name=op.f("ck_waitlist_offer_hours")),
        sa.ForeignKeyConstraint(["entry_id"], ["waitlist_entry.id"], name=op.f("fk_waitlist_offer_entry_id")),
        sa.ForeignKeyConstraint(["pool_id"], ["pool.id"], name=op.f("fk_waitlist_offer_pool_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waitlist_offer")),
        sa.UniqueConstraint("hold_key", name=op.f("uq_waitlist_offer_hold_key")),
    )
    op.create_index(op.f("ix_waitlist_offer_entry_id"), "waitlist_offer", ["entry_id"], unique=False)
    op.create_index(
        "uq_waitlist_offer_open",
        "waitlist_offer",
        ["entry_id"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )


def _guard(tables: tuple[str, ...]) -> None:
    for table in tables:
        if op.get_bind().dialect.name == "sqlite":
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER append_only_{table}_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, 'append-only: {table}'); END"
                )
        else:
            op.execute(
                f"CREATE TRIGGER append_only_{table} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )


def downgrade() -> None:
    op.drop_index(
        "uq_waitlist_offer_open",
        table_name="waitlist_offer",
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.drop_index(op.f("ix_waitlist_offer_entry_id"), table_name="waitlist_offer")
    op.drop_table("waitlist_offer")
    op.drop_index("ix_waitlist_entry_line", table_name="waitlist_entry")
    op.drop_index(op.f("ix_waitlist_entry_award_id"), table_name="waitlist_entry")
    op.drop_table("waitlist_entry")
    op.drop_index(
        "uq_reclaim_notice_open",
        table_name="reclaim_notice",
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.drop_index(op.f("ix_reclaim_notice_grant_id"), table_name="reclaim_notice")
    op.drop_table("reclaim_notice")
    op.drop_index("ix_change_request_state", table_name="change_request")
    op.drop_index(op.f("ix_change_request_grant_id"), table_name="change_request")
    op.drop_index(op.f("ix_change_request_award_id"), table_name="change_request")
    op.drop_table("change_request")
    op.drop_table("progress_report")
    op.drop_table("overage_charge")
    op.drop_index(op.f("ix_cloud_quota_award_id"), table_name="cloud_quota")
    op.drop_table("cloud_quota")
    op.drop_table("block_request")

    op.execute("UPDATE gpu_grant SET hours_e4 = 1 WHERE hours_e4 = 0")
    with op.batch_alter_table("gpu_grant") as table:
        table.drop_constraint(op.f("ck_gpu_grant_release"), type_="check")
        table.drop_constraint(op.f("ck_gpu_grant_hours"), type_="check")
        table.create_check_constraint(op.f("ck_gpu_grant_hours"), "hours_e4 > 0")
        for name in ("release", "recommended_e4", "requested_e4", "usable_until"):
            table.drop_column(name)
