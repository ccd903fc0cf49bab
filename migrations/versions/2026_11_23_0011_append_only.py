"""Triggers that keep history: rows of these tables are never updated or deleted."""

from __future__ import annotations

from alembic import op

revision = "0011_append_only"
down_revision = "0010_reporting"
branch_labels = None
depends_on = None

TABLES = (
    "application_transition",
    "audit_event",
    "conflict",
    "consent",
    "decision",
    "frozen_quarter",
    "idempotency_key",
    "job_run",
    "knockout_judgement",
    "ledger_commodity",
    "ledger_hold_resolution",
    "ledger_rate_card",
    "ledger_transfer",
    "ledger_txn",
    "plan",
    "plan_adoption",
    "report_file",
    "report_signature",
    "review",
    "rubric_version",
    "scorecard",
    "submission",
    "usage_import",
    "valuation",
    "vote",
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in TABLES:
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER append_only_{table}_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, 'append-only: {table}'); END"
                )
        return
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'append-only: %', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER append_only_{table} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in TABLES:
            for verb in ("update", "delete"):
                op.execute(f"DROP TRIGGER append_only_{table}_{verb}")
        return
    for table in TABLES:
        op.execute(f"DROP TRIGGER append_only_{table} ON {table}")
    op.execute("DROP FUNCTION refuse_change()")
