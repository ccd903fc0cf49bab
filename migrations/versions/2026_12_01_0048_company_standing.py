"""What companies say of themselves, and what the tax office says of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0048_company_standing"
down_revision = "0047_certifying"
branch_labels = None
depends_on = None

HISTORY = ("company_statement", "registration_check")


def upgrade() -> None:
    op.create_table(
        "company_statement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("stated_by", sa.String(length=120), nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_company_statement_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_company_statement")),
        sa.UniqueConstraint("company_id", "version", name=op.f("uq_company_statement_company_id_version")),
        info={"append_only": True},
    )
    op.create_table(
        "registration_check",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("tax_type", sa.String(length=80), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("matched", sa.Boolean(), nullable=True),
        sa.Column("failure", sa.String(length=200), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("checked_by", sa.String(length=120), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('active','suspended','closed','unregistered','unread')",
            name=op.f("ck_registration_check_outcome"),
        ),
        sa.CheckConstraint("(outcome = 'unread') = (failure IS NOT NULL)", name=op.f("ck_registration_check_failure")),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_registration_check_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration_check")),
        info={"append_only": True},
    )
    op.create_index(
        op.f("ix_registration_check_company_id"), "registration_check", ["company_id", "checked_at"], unique=False
    )
    for table in HISTORY:
        _keep_history(table)


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
    for table in reversed(HISTORY):
        op.drop_table(table)
