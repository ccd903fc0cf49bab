"""What was learned: models, the gate's verdicts, who activated what, calibrations and shadow scores."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021_fit_models"
down_revision = "0020_payment_corrections"
branch_labels = None
depends_on = None

# In the order of their making: each may point to those before it.
TABLES = (
    "fit_model",
    "gate_verdict",
    "activation_proposal",
    "model_activation",
    "model_calibration",
    "shadow_score",
)


def upgrade() -> None:
    _create_models()
    _create_activations()
    _create_watch()
    # Plain columns: a scorecard must stay readable, and a replay names what is missing.
    op.add_column("scorecard", sa.Column("model_sha256", sa.String(length=64), nullable=True))
    op.add_column("scorecard", sa.Column("calibration", sa.String(length=80), nullable=True))
    _guard()


def _create_models() -> None:
    op.create_table(
        "fit_model",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.String(length=80), nullable=False),
        sa.Column("method", sa.String(length=12), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("rubric_sha256", sa.String(length=64), nullable=False),
        sa.Column("labels", sa.BigInteger(), nullable=False),
        sa.Column("smaller", sa.BigInteger(), nullable=False),
        sa.Column("table_sha256", sa.String(length=64), nullable=False),
        sa.Column("metrics", sa.Text(), nullable=False),
        sa.Column("trained_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trained_by", sa.String(length=120), nullable=False),
        sa.CheckConstraint("labels > 0 AND smaller >= 0", name=op.f("ck_fit_model_labels")),
        sa.ForeignKeyConstraint(["rubric_sha256"], ["rubric_version.sha256"], name=op.f("fk_fit_model_rubric_sha256")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fit_model")),
        sa.UniqueConstraint("version", name=op.f("uq_fit_model_version")),
        sa.UniqueConstraint("sha256", name=op.f("uq_fit_model_sha256")),
        info={"append_only": True},
    )
    op.create_table(
        "gate_verdict",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("model_id", sa.Uuid(), nullable=False),
        sa.Column("champion_id", sa.Uuid(), nullable=True),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["fit_model.id"], name=op.f("fk_gate_verdict_model_id")),
        sa.ForeignKeyConstraint(["champion_id"], ["fit_model.id"], name=op.f("fk_gate_verdict_champion_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate_verdict")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_gate_verdict_model_id"), "gate_verdict", ["model_id"], unique=False)


def _create_activations() -> None:
    op.create_table(
        "activation_proposal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("model_id", sa.Uuid(), nullable=False),
        sa.Column("verdict_id", sa.Uuid(), nullable=False),
        sa.Column("proposed_by_id", sa.Uuid(), nullable=False),
        sa.Column("proposed_by", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_activation_proposal_reason")),
        sa.ForeignKeyConstraint(["model_id"], ["fit_model.id"], name=op.f("fk_activation_proposal_model_id")),
        sa.ForeignKeyConstraint(["verdict_id"], ["gate_verdict.id"], name=op.f("fk_activation_proposal_verdict_id")),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["person.id"], name=op.f("fk_activation_proposal_proposed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activation_proposal")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_activation_proposal_model_id"), "activation_proposal", ["model_id"], unique=False)
    op.create_table(
        "model_activation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("model_id", sa.Uuid(), nullable=True),
        sa.Column("proposal_id", sa.Uuid(), nullable=True),
        sa.Column("proposed_by_id", sa.Uuid(), nullable=True),
        sa.Column("approved_by_id", sa.Uuid(), nullable=True),
        sa.Column("rollback_of", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("serves_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.CheckConstraint("proposal_id IS NULL OR rollback_of IS NULL", name=op.f("ck_model_activation_kind")),
        sa.CheckConstraint("proposal_id IS NULL OR model_id IS NOT NULL", name=op.f("ck_model_activation_model")),
        sa.CheckConstraint(
            "proposal_id IS NULL OR (proposed_by_id IS NOT NULL AND approved_by_id IS NOT NULL)",
            name=op.f("ck_model_activation_two_people"),
        ),
        sa.CheckConstraint(
            "proposed_by_id IS NULL OR approved_by_id <> proposed_by_id", name=op.f("ck_model_activation_four_eyes")
        ),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_model_activation_reason")),
        sa.ForeignKeyConstraint(["model_id"], ["fit_model.id"], name=op.f("fk_model_activation_model_id")),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["activation_proposal.id"], name=op.f("fk_model_activation_proposal_id")
        ),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["person.id"], name=op.f("fk_model_activation_proposed_by_id")),
        sa.ForeignKeyConstraint(["approved_by_id"], ["person.id"], name=op.f("fk_model_activation_approved_by_id")),
        sa.ForeignKeyConstraint(["rollback_of"], ["model_activation.id"], name=op.f("fk_model_activation_rollback_of")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_activation")),
        sa.UniqueConstraint("number", name=op.f("uq_model_activation_number")),
        sa.UniqueConstraint("proposal_id", name=op.f("uq_model_activation_proposal_id")),
        sa.UniqueConstraint("rollback_of", name=op.f("uq_model_activation_rollback_of")),
        info={"append_only": True},
    )


def _create_watch() -> None:
    op.create_table(
        "model_calibration",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.String(length=80), nullable=False),
        sa.Column("model_id", sa.Uuid(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("labels", sa.BigInteger(), nullable=False),
        sa.Column("found", sa.Text(), nullable=False),
        sa.Column("fitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fitted_by", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["fit_model.id"], name=op.f("fk_model_calibration_model_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_calibration")),
        sa.UniqueConstraint("version", name=op.f("uq_model_calibration_version")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_model_calibration_model_id"), "model_calibration", ["model_id"], unique=False)
    op.create_table(
        "shadow_score",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("model_id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("total_tenths", sa.BigInteger(), nullable=False),
        sa.Column("probability_e4", sa.BigInteger(), nullable=False),
        sa.Column("inputs_sha256", sa.String(length=64), nullable=False),
        sa.Column("scored_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["fit_model.id"], name=op.f("fk_shadow_score_model_id")),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=op.f("fk_shadow_score_application_id")),
        sa.ForeignKeyConstraint(["submission_id"], ["submission.id"], name=op.f("fk_shadow_score_submission_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shadow_score")),
        sa.UniqueConstraint("model_id", "submission_id", name=op.f("uq_shadow_score_model_id_submission_id")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_shadow_score_application_id"), "shadow_score", ["application_id"], unique=False)


def _guard() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in TABLES:
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER append_only_{table}_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, 'append-only: {table}'); END"
                )
        return
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER append_only_{table} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    op.drop_column("scorecard", "calibration")
    op.drop_column("scorecard", "model_sha256")
    for table in reversed(TABLES):
        op.drop_table(table)
