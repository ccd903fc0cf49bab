"""How a call is reviewed: its terms, frozen; its phases, step by step; what members have typed and not filed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029_review_terms"
down_revision = "0028_listing"
branch_labels = None
depends_on = None

APPEND_ONLY = ("review_terms", "review_phase")


def upgrade() -> None:
    op.create_table(
        "review_terms",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("frozen_by", sa.String(length=120), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_review_terms_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_terms")),
        sa.UniqueConstraint("call_id", name=op.f("uq_review_terms_call_id")),
        info={"append_only": True},
    )
    op.create_table(
        "review_phase",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("names", sa.String(length=10), nullable=False),
        sa.Column("others", sa.String(length=10), nullable=False),
        sa.Column("machine", sa.String(length=10), nullable=False),
        sa.Column("may_review", sa.Boolean(), nullable=False),
        sa.Column("moved_by", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("names IN ('shown','masked')", name=op.f("ck_review_phase_names")),
        sa.CheckConstraint("others IN ('never','after_mine','always')", name=op.f("ck_review_phase_others")),
        sa.CheckConstraint("machine IN ('never','after_mine','always')", name=op.f("ck_review_phase_machine")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_review_phase_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_phase")),
        sa.UniqueConstraint("call_id", "step", name=op.f("uq_review_phase_call_id_step")),
        info={"append_only": True},
    )
    op.create_table(
        "review_draft",
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("private_note", sa.Text(), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("revision > 0", name=op.f("ck_review_draft_revision")),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=op.f("fk_review_draft_application_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_review_draft_person_id")),
        sa.PrimaryKeyConstraint("application_id", "person_id", name=op.f("pk_review_draft")),
    )
    op.create_index(op.f("ix_review_draft_person_id"), "review_draft", ["person_id"])
    # A plain column: reviews of before there were terms have none, and history is not rewritten.
    op.add_column("review", sa.Column("terms_sha256", sa.String(length=64), nullable=True))
    for table in APPEND_ONLY:
        _refuse_changes(table)


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
    op.drop_column("review", "terms_sha256")
    op.drop_table("review_draft")
    op.drop_table("review_phase")
    op.drop_table("review_terms")
