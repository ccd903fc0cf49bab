"""Awards, tranches, grants, usage, valuations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009_portfolio"
down_revision = "0008_allocation"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "usage_import",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("imported_by", sa.String(length=120), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_import")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_usage_import_file_sha256"), "usage_import", ["file_sha256"], unique=False)
    op.create_table(
        "award",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("decision_id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("instrument", sa.String(length=10), nullable=False),
        sa.Column("committed_krw", sa.BigInteger(), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("signed_by", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("instrument IN ('RCPS','CB','common','SAFE','none')", name=op.f("ck_award_instrument")),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=op.f("fk_award_application_id")),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_award_company_id")),
        sa.ForeignKeyConstraint(["decision_id"], ["decision.id"], name=op.f("fk_award_decision_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_award")),
        sa.UniqueConstraint("application_id", name=op.f("uq_award_application_id")),
        sa.UniqueConstraint("decision_id", name=op.f("uq_award_decision_id")),
        sa.UniqueConstraint("number", name=op.f("uq_award_number")),
    )
    op.create_index(op.f("ix_award_company_id"), "award", ["company_id"], unique=False)
    op.create_table(
        "gpu_grant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("pool_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.String(length=20), nullable=False),
        sa.Column("region", sa.String(length=40), nullable=False),
        sa.Column("quarter", sa.String(length=6), nullable=False),
        sa.Column("hours_e4", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.String(length=160), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("expired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("hours_e4 > 0", name=op.f("ck_gpu_grant_hours")),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_gpu_grant_award_id")),
        sa.ForeignKeyConstraint(["pool_id"], ["pool.id"], name=op.f("fk_gpu_grant_pool_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gpu_grant")),
        sa.UniqueConstraint("account", name=op.f("uq_gpu_grant_account")),
        sa.UniqueConstraint(
            "award_id", "sku", "region", "quarter", name=op.f("uq_gpu_grant_award_id_sku_region_quarter")
        ),
    )
    op.create_index(op.f("ix_gpu_grant_pool_id"), "gpu_grant", ["pool_id"], unique=False)
    op.create_table(
        "tranche",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("amount_krw", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("milestone", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("prepared_by_id", sa.Uuid(), nullable=True),
        sa.Column("approved_by_id", sa.Uuid(), nullable=True),
        sa.Column("disbursed_on", sa.Date(), nullable=True),
        sa.CheckConstraint("(state = 'disbursed') = (disbursed_on IS NOT NULL)", name=op.f("ck_tranche_disbursed")),
        sa.CheckConstraint("state IN ('planned','prepared','disbursed')", name=op.f("ck_tranche_state")),
        sa.CheckConstraint("amount_krw > 0", name=op.f("ck_tranche_amount")),
        sa.CheckConstraint(
            "approved_by_id IS NULL OR approved_by_id <> prepared_by_id", name=op.f("ck_tranche_four_eyes")
        ),
        sa.ForeignKeyConstraint(["approved_by_id"], ["person.id"], name=op.f("fk_tranche_approved_by_id")),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_tranche_award_id")),
        sa.ForeignKeyConstraint(["prepared_by_id"], ["person.id"], name=op.f("fk_tranche_prepared_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tranche")),
        sa.UniqueConstraint("award_id", "number", name=op.f("uq_tranche_award_id_number")),
    )
    op.create_table(
        "usage_day",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.String(length=120), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=True),
        sa.Column("sku", sa.String(length=20), nullable=False),
        sa.Column("region", sa.String(length=40), nullable=False),
        sa.Column("utc_day", sa.Date(), nullable=False),
        sa.Column("scope", sa.String(length=200), nullable=False),
        sa.Column("billing_month", sa.Date(), nullable=False),
        sa.Column("posted_e4", sa.BigInteger(), nullable=False),
        sa.Column("postings", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_usage_day_award_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_day")),
        sa.UniqueConstraint(
            "owner",
            "sku",
            "region",
            "utc_day",
            "scope",
            "billing_month",
            name=op.f("uq_usage_day_owner_sku_region_utc_day_scope_billing_month"),
        ),
    )
    op.create_index(op.f("ix_usage_day_award_id"), "usage_day", ["award_id"], unique=False)
    op.create_index("ix_usage_day_scope_month", "usage_day", ["scope", "billing_month"], unique=False)
    op.create_table(
        "valuation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("quarter", sa.String(length=6), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("fair_value_krw", sa.BigInteger(), nullable=False),
        sa.Column("technique", sa.String(length=80), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("prepared_by", sa.String(length=120), nullable=False),
        sa.Column("approved_by", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("approved_by <> prepared_by", name=op.f("ck_valuation_four_eyes")),
        sa.CheckConstraint("fair_value_krw >= 0", name=op.f("ck_valuation_fair_value")),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_valuation_award_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_valuation")),
        sa.UniqueConstraint("award_id", "quarter", "version", name=op.f("uq_valuation_award_id_quarter_version")),
        info={"append_only": True},
    )


def downgrade() -> None:
    op.drop_table("valuation")
    op.drop_index("ix_usage_day_scope_month", table_name="usage_day")
    op.drop_index(op.f("ix_usage_day_award_id"), table_name="usage_day")
    op.drop_table("usage_day")
    op.drop_table("tranche")
    op.drop_index(op.f("ix_gpu_grant_pool_id"), table_name="gpu_grant")
    op.drop_table("gpu_grant")
    op.drop_index(op.f("ix_award_company_id"), table_name="award")
    op.drop_table("award")
    op.drop_index(op.f("ix_usage_import_file_sha256"), table_name="usage_import")
    op.drop_table("usage_import")
