"""Rubrics that people write in the product: drafts, and the versions that two people put in force."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022_rubric_drafts"
down_revision = "0021_fit_models"
branch_labels = None
depends_on = None

TABLE = "published_rubric"


def upgrade() -> None:
    op.create_table(
        "rubric_draft",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("version", sa.String(length=80), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("edits", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("return_reason", sa.Text(), nullable=True),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("state IN ('open','proposed','published','discarded')", name=op.f("ck_rubric_draft_state")),
        sa.CheckConstraint(
            "decided_by_id IS NULL OR decided_by_id <> author_id", name=op.f("ck_rubric_draft_four_eyes")
        ),
        sa.CheckConstraint("(state = 'published') = (decided_by_id IS NOT NULL)", name=op.f("ck_rubric_draft_decided")),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("fk_rubric_draft_author_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["person.id"], name=op.f("fk_rubric_draft_decided_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rubric_draft")),
    )
    op.create_table(
        TABLE,
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.String(length=80), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("published_by_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("published_by_id <> author_id", name=op.f("ck_published_rubric_four_eyes")),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_published_rubric_reason")),
        sa.ForeignKeyConstraint(["draft_id"], ["rubric_draft.id"], name=op.f("fk_published_rubric_draft_id")),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("fk_published_rubric_author_id")),
        sa.ForeignKeyConstraint(["published_by_id"], ["person.id"], name=op.f("fk_published_rubric_published_by_id")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_published_rubric")),
        sa.UniqueConstraint("number", name=op.f("uq_published_rubric_number")),
        sa.UniqueConstraint("version", name=op.f("uq_published_rubric_version")),
        sa.UniqueConstraint("draft_id", name=op.f("uq_published_rubric_draft_id")),
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
    op.drop_table("rubric_draft")
