"""What the room of reports keeps besides: a public index to compare with, comments, one side a person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0050_index_and_comments"
down_revision = "0049_kinship"
branch_labels = None
depends_on = None

TABLES = ("market_index", "report_comment")
TWICE = "SELECT 1 FROM report_signature WHERE frozen_id = NEW.frozen_id AND person_id = NEW.person_id"
"""Somebody who has signed this version before."""


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
    _sign_once()


def _sign_once() -> None:
    """Let one person sign a version once. Where somebody has signed two sides, only what follows can be held to it."""
    before = "SELECT 1 FROM report_signature WHERE person_id IS NOT NULL GROUP BY frozen_id, person_id"
    if op.get_bind().execute(sa.text(f"{before} HAVING COUNT(*) > 1 LIMIT 1")).first() is None:
        op.create_index("uq_report_signature_person", "report_signature", ["frozen_id", "person_id"], unique=True)
        return
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER report_signed_once BEFORE INSERT ON report_signature WHEN EXISTS ({TWICE}) "
            "BEGIN SELECT RAISE(ABORT, 'signed before'); END"
        )
        return
    # The lock makes two signatures of one version wait for each other: the second sees the first.
    op.execute(
        "CREATE FUNCTION refuse_second_signature() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM 1 FROM frozen_quarter WHERE id = NEW.frozen_id FOR UPDATE; "
        f"IF EXISTS ({TWICE}) THEN "
        "RAISE EXCEPTION 'signed before' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER report_signed_once BEFORE INSERT ON report_signature "
        "FOR EACH ROW EXECUTE FUNCTION refuse_second_signature()"
    )


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
    op.drop_index("uq_report_signature_person", table_name="report_signature", if_exists=True)
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER IF EXISTS report_signed_once")
    else:
        op.execute("DROP TRIGGER IF EXISTS report_signed_once ON report_signature")
        op.execute("DROP FUNCTION IF EXISTS refuse_second_signature()")
    for table in reversed(TABLES):
        op.drop_table(table)
