"""Frozen quarters, report files, signatures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010_reporting"
down_revision = "0009_portfolio"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "frozen_quarter",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("quarter", sa.String(length=6), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("inputs", sa.Text(), nullable=False),
        sa.Column("inputs_sha256", sa.String(length=64), nullable=False),
        sa.Column("frozen_by", sa.String(length=120), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_frozen_quarter")),
        sa.UniqueConstraint("quarter", "version", name=op.f("uq_frozen_quarter_quarter_version")),
        info={"append_only": True},
    )
    op.create_table(
        "report_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("frozen_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["frozen_id"], ["frozen_quarter.id"], name=op.f("fk_report_file_frozen_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_file")),
        sa.UniqueConstraint("frozen_id", "name", name=op.f("uq_report_file_frozen_id_name")),
        info={"append_only": True},
    )
    op.create_table(
        "report_signature",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("frozen_id", sa.Uuid(), nullable=False),
        sa.Column("side", sa.String(length=20), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("signed_by", sa.String(length=120), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("side IN ('fund','kt','microsoft')", name=op.f("ck_report_signature_side")),
        sa.ForeignKeyConstraint(["frozen_id"], ["frozen_quarter.id"], name=op.f("fk_report_signature_frozen_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_report_signature_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_signature")),
        sa.UniqueConstraint("frozen_id", "side", name=op.f("uq_report_signature_frozen_id_side")),
        info={"append_only": True},
    )


def downgrade() -> None:
    op.drop_table("report_signature")
    op.drop_table("report_file")
    op.drop_table("frozen_quarter")
