"""Scenarios of plans, what people choose over them, and what is computed beside the web."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0044_plan_workbench"
down_revision = "0043_workflow"
branch_labels = None
depends_on = None

APPEND_ONLY = ("plan_choice", "plan_scenario")
OPEN = "state IN ('waiting','running')"


def upgrade() -> None:
    op.create_table(
        "plan_scenario",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("base_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.CheckConstraint("plan_id <> base_id", name=op.f("ck_plan_scenario_base")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_scenario_plan_id")),
        sa.ForeignKeyConstraint(["base_id"], ["plan.id"], name=op.f("fk_plan_scenario_base_id")),
        sa.PrimaryKeyConstraint("plan_id", name=op.f("pk_plan_scenario")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_plan_scenario_base_id"), "plan_scenario", ["base_id"])
    op.create_table(
        "plan_choice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.Column("chosen_by", sa.String(length=120), nullable=False),
        sa.Column("chosen_by_id", sa.Uuid(), nullable=True),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("revision > 0", name=op.f("ck_plan_choice_revision")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_choice_plan_id")),
        sa.ForeignKeyConstraint(["chosen_by_id"], ["person.id"], name=op.f("fk_plan_choice_chosen_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_choice")),
        sa.UniqueConstraint("plan_id", "revision", name=op.f("uq_plan_choice_plan_id_revision")),
        info={"append_only": True},
    )
    make_runs()
    guard()


def make_runs() -> None:
    """The queue of what is computed beside the web."""
    op.create_table(
        "plan_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("cancel_asked", sa.Boolean(), nullable=False),
        sa.Column("progress", sa.Text(), nullable=True),
        sa.Column("made_id", sa.Uuid(), nullable=True),
        sa.Column("found", sa.Text(), nullable=True),
        sa.Column("asked_by", sa.String(length=120), nullable=False),
        sa.Column("asked_by_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('plan','scenario','quotas','sensitivity','exact','why')", name=op.f("ck_plan_run_kind")
        ),
        sa.CheckConstraint(
            "state IN ('waiting','running','done','refused','cancelled')", name=op.f("ck_plan_run_state")
        ),
        sa.CheckConstraint("(kind = 'plan') = (plan_id IS NULL)", name=op.f("ck_plan_run_about")),
        sa.CheckConstraint("state <> 'waiting' OR started_at IS NULL", name=op.f("ck_plan_run_waiting")),
        sa.CheckConstraint(
            "state IN ('waiting','cancelled') OR started_at IS NOT NULL", name=op.f("ck_plan_run_started")
        ),
        sa.CheckConstraint(
            "(state IN ('done','refused','cancelled')) = (ended_at IS NOT NULL)", name=op.f("ck_plan_run_ended")
        ),
        sa.CheckConstraint("state NOT IN ('done','refused') OR found IS NOT NULL", name=op.f("ck_plan_run_found")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_plan_run_call_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_run_plan_id")),
        sa.ForeignKeyConstraint(["made_id"], ["plan.id"], name=op.f("fk_plan_run_made_id")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["person.id"], name=op.f("fk_plan_run_asked_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_run")),
    )
    # One solve of a call at a time, and one answer to a question: a second click finds the first one's run.
    for name, columns, where in (
        ("plan", ["call_id"], f"kind = 'plan' AND {OPEN}"),
        ("question", ["plan_id", "kind", "subject"], OPEN),
    ):
        op.create_index(
            f"uq_plan_run_open_{name}",
            "plan_run",
            columns,
            unique=True,
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )
    op.create_index("ix_plan_run_state", "plan_run", ["state", "asked_at"])


def guard() -> None:
    """What was recommended, chosen and supposed stays as it was."""
    for table in APPEND_ONLY:
        if op.get_bind().dialect.name == "sqlite":
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER append_only_{table}_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, 'append-only: {table}'); END"
                )
        else:
            op.execute(
                f"CREATE TRIGGER append_only_{table} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )


def downgrade() -> None:
    for table in ("plan_run", "plan_choice", "plan_scenario"):
        op.drop_table(table)
