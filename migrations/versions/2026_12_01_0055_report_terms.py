"""What reports go by: the calendar of own questions, and from when GPU time is recognised in which way."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0055_report_terms"
down_revision = "0054_inquiry_questions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("own_report") as table:
        table.add_column(sa.Column("schedule", sa.String(length=10), nullable=False, server_default=""))
        table.create_check_constraint(op.f("ck_own_report_schedule"), "schedule IN ('','monday','month','quarter')")
    with op.batch_alter_table("own_report") as table:
        table.alter_column("schedule", server_default=None)
    op.create_table(
        "recognition_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("policy", sa.String(length=20), nullable=False),
        sa.Column("from_quarter", sa.String(length=6), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("changed_by", sa.String(length=120), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("policy IN ('at_delivery','at_grant')", name=op.f("ck_recognition_change_policy")),
        sa.CheckConstraint("length(reason) BETWEEN 1 AND 400", name=op.f("ck_recognition_change_reason")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recognition_change")),
        sa.UniqueConstraint("version", name=op.f("uq_recognition_change_version")),
        info={"append_only": True},
    )
    _keep("recognition_change")


def _keep(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER append_only_{table}_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'append-only: {table}'); END"
            )
        return
    op.execute(
        f"CREATE TRIGGER append_only_{table} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("recognition_change")
    with op.batch_alter_table("own_report") as table:
        table.drop_constraint(op.f("ck_own_report_schedule"), type_="check")
        table.drop_column("schedule")
