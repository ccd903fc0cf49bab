"""The discussion of an application: comments, their versions and readers, resolved questions, inquiries and answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030_discussion"
down_revision = "0029_review_terms"
branch_labels = None
depends_on = None

TABLES = (
    "discussion_comment",
    "discussion_text",
    "discussion_reader",
    "discussion_step",
    "inquiry",
    "inquiry_answer",
)


def upgrade() -> None:
    op.create_table(
        "discussion_comment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("visibility", sa.String(length=10), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('comment','question')", name=op.f("ck_discussion_comment_kind")),
        sa.CheckConstraint(
            "visibility IN ('committee','staff','named')", name=op.f("ck_discussion_comment_visibility")
        ),
        _refers("discussion_comment", "application_id", "application"),
        _refers("discussion_comment", "parent_id", "discussion_comment"),
        _refers("discussion_comment", "author_id", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discussion_comment")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_discussion_comment_application_id"), "discussion_comment", ["application_id"])
    op.create_table(
        "discussion_text",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _refers("discussion_text", "comment_id", "discussion_comment"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discussion_text")),
        sa.UniqueConstraint("comment_id", "version", name=op.f("uq_discussion_text_comment_id_version")),
        info={"append_only": True},
    )
    op.create_table(
        "discussion_reader",
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        _refers("discussion_reader", "comment_id", "discussion_comment"),
        _refers("discussion_reader", "person_id", "person"),
        sa.PrimaryKeyConstraint("comment_id", "person_id", name=op.f("pk_discussion_reader")),
        info={"append_only": True},
    )
    op.create_table(
        "discussion_step",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("resolved", sa.Boolean(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _refers("discussion_step", "comment_id", "discussion_comment"),
        _refers("discussion_step", "person_id", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discussion_step")),
        sa.UniqueConstraint("comment_id", "step", name=op.f("uq_discussion_step_comment_id_step")),
        info={"append_only": True},
    )
    _create_inquiries()
    for table in TABLES:
        _refuse_changes(table)


def _create_inquiries() -> None:
    op.create_table(
        "inquiry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("asked_by_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(body) > 0", name=op.f("ck_inquiry_body")),
        _refers("inquiry", "application_id", "application"),
        _refers("inquiry", "comment_id", "discussion_comment"),
        _refers("inquiry", "asked_by_id", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inquiry")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_inquiry_application_id"), "inquiry", ["application_id"])
    op.create_table(
        "inquiry_answer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("inquiry_id", sa.Uuid(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("answered_by_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(body) > 0", name=op.f("ck_inquiry_answer_body")),
        _refers("inquiry_answer", "inquiry_id", "inquiry"),
        _refers("inquiry_answer", "answered_by_id", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inquiry_answer")),
        sa.UniqueConstraint("inquiry_id", name=op.f("uq_inquiry_answer_inquiry_id")),
        info={"append_only": True},
    )


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"))


def _refuse_changes(table: str) -> None:
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
    for table in reversed(TABLES):
        op.drop_table(table)
