"""Nights in the shadow on record: a stopped clock adds none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024_shadow_nights"
down_revision = "0023_text_dictionaries"
branch_labels = None
depends_on = None

TABLE = "shadow_night"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("model_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("ran_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["fit_model.id"], name=op.f("fk_shadow_night_model_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shadow_night")),
        sa.UniqueConstraint("model_id", "day", name=op.f("uq_shadow_night_model_id_day")),
        info={"append_only": True},
    )
    bring_over()
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


def bring_over() -> None:
    """Of the nights before this table only those are known on which something was scored."""
    key, day = (
        ("lower(hex(randomblob(16)))", "date(scored_at, '+9 hours')")
        if op.get_bind().dialect.name == "sqlite"
        else ("gen_random_uuid()", "CAST(scored_at AT TIME ZONE 'Asia/Seoul' AS date)")
    )
    op.execute(
        f"INSERT INTO {TABLE} (id, model_id, day, ran_at) "
        f"SELECT {key}, model_id, {day}, min(scored_at) FROM shadow_score GROUP BY model_id, {day}"
    )


def downgrade() -> None:
    op.drop_table(TABLE)
