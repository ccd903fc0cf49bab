"""The dictionary that marked an applicant's texts: its text by hash, and by which one each scorecard was made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023_text_dictionaries"
down_revision = "0022_rubric_drafts"
branch_labels = None
depends_on = None

TABLE = "text_dictionary"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=80), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("first_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_text_dictionary")),
        sa.UniqueConstraint("version", name=op.f("uq_text_dictionary_version")),
        info={"append_only": True},
    )
    # A plain column, as the model's: a scorecard must stay readable, and a replay names what is missing.
    op.add_column("scorecard", sa.Column("dictionary_sha256", sa.String(length=64), nullable=True))
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
    op.drop_column("scorecard", "dictionary_sha256")
    op.drop_table(TABLE)
