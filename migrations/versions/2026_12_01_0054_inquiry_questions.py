"""Questions of the form that an inquiry opens again, the version that an answer made, and inquiries taken back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0054_inquiry_questions"
down_revision = "0053_reminders"
branch_labels = None
depends_on = None

HISTORY = ("inquiry_question", "inquiry_withdrawal")


def upgrade() -> None:
    op.create_table(
        "inquiry_question",
        sa.Column("inquiry_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(["inquiry_id"], ["inquiry.id"], name=op.f("fk_inquiry_question_inquiry_id")),
        sa.PrimaryKeyConstraint("inquiry_id", "field", name=op.f("pk_inquiry_question")),
        info={"append_only": True},
    )
    op.create_table(
        "inquiry_withdrawal",
        sa.Column("inquiry_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("withdrawn_by_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_inquiry_withdrawal_reason")),
        sa.ForeignKeyConstraint(["inquiry_id"], ["inquiry.id"], name=op.f("fk_inquiry_withdrawal_inquiry_id")),
        sa.ForeignKeyConstraint(["withdrawn_by_id"], ["person.id"], name=op.f("fk_inquiry_withdrawal_withdrawn_by_id")),
        sa.PrimaryKeyConstraint("inquiry_id", name=op.f("pk_inquiry_withdrawal")),
        info={"append_only": True},
    )
    op.add_column("inquiry_answer", sa.Column("version", sa.BigInteger(), nullable=True))
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
    op.drop_column("inquiry_answer", "version")
    for table in reversed(HISTORY):
        op.drop_table(table)
