"""The fund, its investors, pools and plans."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008_allocation"
down_revision = "0007_committee"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fund",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name_ko", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("legal_form", sa.String(length=120), nullable=False),
        sa.Column("recognition", sa.String(length=20), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.CheckConstraint("recognition IN ('at_delivery','at_grant')", name=op.f("ck_fund_recognition")),
        sa.CheckConstraint("id = 1", name=op.f("ck_fund_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fund")),
    )
    op.create_table(
        "investor",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name_ko", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("committed_krw", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('cash','in_kind')", name=op.f("ck_investor_kind")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_investor")),
    )
    op.create_table(
        "plan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("instance_sha256", sa.String(length=64), nullable=False),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("solver", sa.String(length=80), nullable=False),
        sa.Column("made_by", sa.String(length=120), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_plan_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_plan_call_id"), "plan", ["call_id"], unique=False)
    op.create_index(op.f("ix_plan_instance_sha256"), "plan", ["instance_sha256"], unique=False)
    op.create_table(
        "pool",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("investor_code", sa.String(length=40), nullable=False),
        sa.Column("sku", sa.String(length=20), nullable=False),
        sa.Column("region", sa.String(length=40), nullable=False),
        sa.Column("quarter", sa.String(length=6), nullable=False),
        sa.Column("rate_krw", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.String(length=160), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["investor_code"], ["investor.code"], name=op.f("fk_pool_investor_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pool")),
        sa.UniqueConstraint("account", name=op.f("uq_pool_account")),
        sa.UniqueConstraint(
            "investor_code", "sku", "region", "quarter", name=op.f("uq_pool_investor_code_sku_region_quarter")
        ),
    )
    op.create_index(op.f("ix_pool_quarter"), "pool", ["quarter"], unique=False)
    op.create_table(
        "plan_adoption",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("adopted_by", sa.String(length=120), nullable=False),
        sa.Column("adopted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name=op.f("fk_plan_adoption_meeting_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_adoption_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_adoption")),
        sa.UniqueConstraint("meeting_id", name=op.f("uq_plan_adoption_meeting_id")),
        sa.UniqueConstraint("plan_id", name=op.f("uq_plan_adoption_plan_id")),
        info={"append_only": True},
    )


def downgrade() -> None:
    op.drop_table("plan_adoption")
    op.drop_index(op.f("ix_pool_quarter"), table_name="pool")
    op.drop_table("pool")
    op.drop_index(op.f("ix_plan_instance_sha256"), table_name="plan")
    op.drop_index(op.f("ix_plan_call_id"), table_name="plan")
    op.drop_table("plan")
    op.drop_table("investor")
    op.drop_table("fund")
