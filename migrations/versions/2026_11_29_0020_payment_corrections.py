"""Corrections of paid tranches and received calls, and what a corrected tranche came to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020_payment_corrections"
down_revision = "0019_opening_slots"
branch_labels = None
depends_on = None

TABLE = "payment_correction"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("tranche_id", sa.Uuid(), nullable=True),
        sa.Column("line_id", sa.Uuid(), nullable=True),
        sa.Column("amount_krw", sa.BigInteger(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("was_krw", sa.BigInteger(), nullable=False),
        sa.Column("was_on", sa.Date(), nullable=False),
        sa.Column("replaces_key", sa.String(length=200), nullable=False),
        sa.Column("txn_key", sa.String(length=200), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("prepared_by_id", sa.Uuid(), nullable=False),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("return_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('drafted','approved','returned')", name=op.f("ck_payment_correction_state")),
        sa.CheckConstraint("amount_krw > 0 AND was_krw > 0", name=op.f("ck_payment_correction_amount")),
        sa.CheckConstraint("(tranche_id IS NULL) <> (line_id IS NULL)", name=op.f("ck_payment_correction_corrects")),
        sa.CheckConstraint(
            "amount_krw <> was_krw OR effective_on <> was_on", name=op.f("ck_payment_correction_changes")
        ),
        sa.CheckConstraint(
            "decided_by_id IS NULL OR decided_by_id <> prepared_by_id", name=op.f("ck_payment_correction_four_eyes")
        ),
        sa.CheckConstraint("(state = 'drafted') = (decided_by_id IS NULL)", name=op.f("ck_payment_correction_decided")),
        sa.CheckConstraint("(state = 'approved') = (txn_key IS NOT NULL)", name=op.f("ck_payment_correction_posted")),
        sa.ForeignKeyConstraint(["tranche_id"], ["tranche.id"], name=op.f("fk_payment_correction_tranche_id")),
        sa.ForeignKeyConstraint(["line_id"], ["capital_call_line.id"], name=op.f("fk_payment_correction_line_id")),
        sa.ForeignKeyConstraint(["prepared_by_id"], ["person.id"], name=op.f("fk_payment_correction_prepared_by_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["person.id"], name=op.f("fk_payment_correction_decided_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_correction")),
        sa.UniqueConstraint("number", name=op.f("uq_payment_correction_number")),
        sa.UniqueConstraint("txn_key", name=op.f("uq_payment_correction_txn_key")),
    )
    # One correction of a payment at a time: what is replaced is what the one before it left.
    for column in ("tranche_id", "line_id"):
        op.create_index(
            f"uq_payment_correction_{column}",
            TABLE,
            [column],
            unique=True,
            sqlite_where=sa.text("state = 'drafted'"),
            postgresql_where=sa.text("state = 'drafted'"),
        )
    op.add_column("tranche", sa.Column("paid_krw", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("tranche", "paid_krw")
    op.drop_table(TABLE)
