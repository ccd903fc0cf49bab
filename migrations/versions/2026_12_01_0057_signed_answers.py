"""Answers to an inquiry that change what was sent wait for a second person of the company."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0057_signed_answers"
down_revision = "0056_listing_counts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "inquiry_proposal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("inquiry_id", sa.Uuid(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.Column("prepared_by_id", sa.Uuid(), nullable=False),
        sa.Column("certifier_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("certifier_id <> prepared_by_id", name=op.f("ck_inquiry_proposal_two_people")),
        sa.CheckConstraint("outcome IN ('signed','returned','withdrawn')", name=op.f("ck_inquiry_proposal_outcome")),
        sa.CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name=op.f("ck_inquiry_proposal_ended")),
        sa.CheckConstraint("outcome <> 'returned' OR length(reason) > 0", name=op.f("ck_inquiry_proposal_reason")),
        sa.ForeignKeyConstraint(["inquiry_id"], ["inquiry.id"], name=op.f("fk_inquiry_proposal_inquiry_id")),
        sa.ForeignKeyConstraint(["prepared_by_id"], ["person.id"], name=op.f("fk_inquiry_proposal_prepared_by_id")),
        sa.ForeignKeyConstraint(["certifier_id"], ["person.id"], name=op.f("fk_inquiry_proposal_certifier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inquiry_proposal")),
    )
    op.create_index(op.f("ix_inquiry_proposal_certifier_id"), "inquiry_proposal", ["certifier_id"])
    op.create_index("ix_inquiry_proposal_inquiry_id_at", "inquiry_proposal", ["inquiry_id", "at"])
    op.create_index(
        "uq_inquiry_proposal_open",
        "inquiry_proposal",
        ["inquiry_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("inquiry_proposal")
