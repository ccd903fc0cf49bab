"""That an award follows an earlier one of the same company."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018_follow_on"
down_revision = "0017_rates_and_close"
branch_labels = None
depends_on = None

TABLE = "award_follow_on"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("follows_id", sa.Uuid(), nullable=False),
        sa.Column("option_krw", sa.BigInteger(), nullable=True),
        sa.Column("recorded_by", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_award_follow_on_award_id")),
        sa.ForeignKeyConstraint(["follows_id"], ["award.id"], name=op.f("fk_award_follow_on_follows_id")),
        sa.PrimaryKeyConstraint("award_id", name=op.f("pk_award_follow_on")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_award_follow_on_follows_id"), TABLE, ["follows_id"], unique=False)
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
