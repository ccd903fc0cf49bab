"""What the room of reports keeps besides: a public index to compare with, comments, one side a person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0050_index_and_comments"
down_revision = "0049_kinship"
branch_labels = None
depends_on = None

TABLES = ("market_index", "report_comment")


def upgrade() -> None:
    op.create_table(
        "market_index",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("levels", sa.Text(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("loaded_by", sa.String(length=120), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("first_on <= last_on", name=op.f("ck_market_index_days")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_market_index")),
        sa.UniqueConstraint("version", name=op.f("uq_market_index_version")),
        info={"append_only": True},
    )
    op.create_table(
        "report_comment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("frozen_id", sa.Uuid(), nullable=False),
        sa.Column("answers_id", sa.Uuid(), nullable=True),
        sa.Column("chapter", sa.String(length=20), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("said_by", sa.String(length=120), nullable=False),
        sa.Column("side", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(body) BETWEEN 1 AND 4000", name=op.f("ck_report_comment_body")),
        sa.ForeignKeyConstraint(["frozen_id"], ["frozen_quarter.id"], name=op.f("fk_report_comment_frozen_id")),
        sa.ForeignKeyConstraint(["answers_id"], ["report_comment.id"], name=op.f("fk_report_comment_answers_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_report_comment_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_comment")),
        info={"append_only": True},
    )
    op.create_index("ix_report_comment_frozen_id", "report_comment", ["frozen_id"])
    for table in TABLES:
        _keep(table)
    op.create_index("uq_report_signature_person", "report_signature", ["frozen_id", "person_id"], unique=True)


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
    op.drop_index("uq_report_signature_person", table_name="report_signature")
    for table in reversed(TABLES):
        op.drop_table(table)
