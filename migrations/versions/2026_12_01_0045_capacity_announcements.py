"""What investors say there will be of GPU time, beside what they have contributed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0045_capacity_announcements"
down_revision = "0044_plan_workbench"
branch_labels = None
depends_on = None

TABLE = "capacity_announcement"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("investor_code", sa.String(length=40), nullable=False),
        sa.Column("sku", sa.String(length=20), nullable=False),
        sa.Column("region", sa.String(length=40), nullable=False),
        sa.Column("quarter", sa.String(length=6), nullable=False),
        sa.Column("hours", sa.BigInteger(), nullable=False),
        sa.Column("announced_on", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("entered_by", sa.String(length=120), nullable=False),
        sa.Column("entered_by_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("hours >= 0", name=op.f("ck_capacity_announcement_hours")),
        sa.ForeignKeyConstraint(
            ["investor_code"], ["investor.code"], name=op.f("fk_capacity_announcement_investor_code")
        ),
        sa.ForeignKeyConstraint(["entered_by_id"], ["person.id"], name=op.f("fk_capacity_announcement_entered_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_capacity_announcement")),
        info={"append_only": True},
    )
    op.create_index("ix_capacity_announcement_slot", TABLE, ["quarter", "sku", "region", "investor_code"])
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER append_only_{TABLE}_{verb.lower()} BEFORE {verb} ON {TABLE} "
                f"BEGIN SELECT RAISE(ABORT, 'append-only: {TABLE}'); END"
            )
        return
    op.execute(
        f"CREATE TRIGGER append_only_{TABLE} BEFORE UPDATE OR DELETE OR TRUNCATE ON {TABLE} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table(TABLE)
