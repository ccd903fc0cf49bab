"""What was found in a text, by the text, the dictionary and the code that searched: searched once, read ever after."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026_text_searches"
down_revision = "0025_model_requests"
branch_labels = None
depends_on = None

TABLE = "text_search"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("text_sha256", sa.String(length=64), nullable=False),
        sa.Column("dictionary_sha256", sa.String(length=64), nullable=False),
        sa.Column("search_version", sa.String(length=64), nullable=False),
        sa.Column("found", sa.Text(), nullable=False),
        sa.Column("searched_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(found) <= 50000", name=op.f("ck_text_search_found")),
        sa.ForeignKeyConstraint(
            ["dictionary_sha256"], ["text_dictionary.sha256"], name=op.f("fk_text_search_dictionary_sha256")
        ),
        sa.PrimaryKeyConstraint("text_sha256", "dictionary_sha256", "search_version", name=op.f("pk_text_search")),
        info={"append_only": True},
    )
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
