"""Readers' own questions to the tables of reports."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0051_own_reports"
down_revision = "0050_index_and_comments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "own_report",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("owner_name", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("notify", sa.Boolean(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 80", name=op.f("ck_own_report_name")),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_own_report_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_report")),
    )
    op.create_index("ix_own_report_owner_id", "own_report", ["owner_id"])


def downgrade() -> None:
    op.drop_table("own_report")
