"""Scorecards, rubric versions, judgements about knock-outs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006_screening"
down_revision = "0005_intake"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rubric_version",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=80), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("first_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_rubric_version")),
        info={"append_only": True},
    )
    op.create_table(
        "scorecard",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("total_tenths", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("inputs_sha256", sa.String(length=64), nullable=False),
        sa.Column("rubric", sa.String(length=80), nullable=False),
        sa.Column("rubric_sha256", sa.String(length=64), nullable=False),
        sa.Column("code_version", sa.String(length=80), nullable=False),
        sa.Column("scored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=op.f("fk_scorecard_application_id")),
        sa.ForeignKeyConstraint(["rubric_sha256"], ["rubric_version.sha256"], name=op.f("fk_scorecard_rubric_sha256")),
        sa.ForeignKeyConstraint(["submission_id"], ["submission.id"], name=op.f("fk_scorecard_submission_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scorecard")),
        sa.UniqueConstraint("submission_id", "version", name=op.f("uq_scorecard_submission_id_version")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_scorecard_application_id"), "scorecard", ["application_id"], unique=False)
    op.create_table(
        "knockout_judgement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("scorecard_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("outcome IN ('released','ineligible')", name=op.f("ck_knockout_judgement_outcome")),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_knockout_judgement_reason")),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=op.f("fk_knockout_judgement_application_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_knockout_judgement_person_id")),
        sa.ForeignKeyConstraint(["scorecard_id"], ["scorecard.id"], name=op.f("fk_knockout_judgement_scorecard_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knockout_judgement")),
        info={"append_only": True},
    )
    op.create_index(
        op.f("ix_knockout_judgement_application_id"), "knockout_judgement", ["application_id"], unique=False
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_knockout_judgement_application_id"), table_name="knockout_judgement")
    op.drop_table("knockout_judgement")
    op.drop_index(op.f("ix_scorecard_application_id"), table_name="scorecard")
    op.drop_table("scorecard")
    op.drop_table("rubric_version")
