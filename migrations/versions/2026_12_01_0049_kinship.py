"""Companies that look like one: findings, merges and merges taken back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0049_kinship"
down_revision = "0048_company_standing"
branch_labels = None
depends_on = None

HISTORY = ("kinship_finding", "company_merge", "company_merge_undone")


def upgrade() -> None:
    op.create_table(
        "kinship_finding",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("first_id", sa.Uuid(), nullable=False),
        sa.Column("second_id", sa.Uuid(), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("signals", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.Column("found_by", sa.String(length=120), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("verdict IN ('dismissed','reopened')", name=op.f("ck_kinship_finding_verdict")),
        sa.CheckConstraint("first_id < second_id", name=op.f("ck_kinship_finding_order")),
        sa.ForeignKeyConstraint(["first_id"], ["company.id"], name=op.f("fk_kinship_finding_first_id")),
        sa.ForeignKeyConstraint(["second_id"], ["company.id"], name=op.f("fk_kinship_finding_second_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kinship_finding")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_kinship_finding_pair"), "kinship_finding", ["first_id", "second_id"], unique=False)
    op.create_table(
        "company_merge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("survivor_id", sa.Uuid(), nullable=False),
        sa.Column("merged_id", sa.Uuid(), nullable=False),
        sa.Column("moved", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.Column("merged_by", sa.String(length=120), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("survivor_id <> merged_id", name=op.f("ck_company_merge_two")),
        sa.ForeignKeyConstraint(["merged_id"], ["company.id"], name=op.f("fk_company_merge_merged_id")),
        sa.ForeignKeyConstraint(["survivor_id"], ["company.id"], name=op.f("fk_company_merge_survivor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_company_merge")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_company_merge_merged_id"), "company_merge", ["merged_id"], unique=False)
    op.create_index(op.f("ix_company_merge_survivor_id"), "company_merge", ["survivor_id"], unique=False)
    op.create_table(
        "company_merge_undone",
        sa.Column("merge_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.Column("undone_by", sa.String(length=120), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["merge_id"], ["company_merge.id"], name=op.f("fk_company_merge_undone_merge_id")),
        sa.PrimaryKeyConstraint("merge_id", name=op.f("pk_company_merge_undone")),
        info={"append_only": True},
    )
    for table in HISTORY:
        _keep_history(table)
    _last_owner(
        "AND NOT EXISTS (SELECT 1 FROM company_merge g WHERE g.merged_id = OLD.company_id "
        "AND NOT EXISTS (SELECT 1 FROM company_merge_undone u WHERE u.merge_id = g.id))"
    )


def _last_owner(unless: str) -> None:
    """Keep each company's last owner, but for a company that was merged into another: nobody acts for it any more."""
    another = (
        "SELECT 1 FROM membership m WHERE m.company_id = OLD.company_id AND m.person_id <> OLD.person_id "
        "AND m.role = 'owner'"
    )
    if op.get_bind().dialect.name == "sqlite":
        for verb, also in (("DELETE", ""), ("UPDATE", " AND NEW.role <> 'owner'")):
            op.execute(f"DROP TRIGGER membership_last_owner_{verb.lower()}")
            op.execute(
                f"CREATE TRIGGER membership_last_owner_{verb.lower()} BEFORE {verb} ON membership "
                f"WHEN OLD.role = 'owner'{also} AND NOT EXISTS ({another}) {unless} "
                "BEGIN SELECT RAISE(ABORT, 'a company keeps its last owner'); END"
            )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION refuse_last_owner() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN IF OLD.role = 'owner' AND (TG_OP = 'DELETE' OR NEW.role <> 'owner') "
        f"AND NOT EXISTS ({another}) {unless} THEN "
        "RAISE EXCEPTION 'a company keeps its last owner' USING ERRCODE = 'integrity_constraint_violation'; END IF; "
        "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$"
    )


def _keep_history(table: str) -> None:
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
    _last_owner("")
    for table in reversed(HISTORY):
        op.drop_table(table)
