"""Rows that an opened account leaves its mark on, so that a close sees it though its snapshot does not."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019_opening_slots"
down_revision = "0018_follow_on"
branch_labels = None
depends_on = None

SLOTS = 64


def upgrade() -> None:
    slots = op.create_table(
        "ledger_opening_slot",
        sa.Column("slot", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("accounts", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("accounts >= 0", name=op.f("ck_ledger_opening_slot_accounts")),
        sa.PrimaryKeyConstraint("slot", name=op.f("pk_ledger_opening_slot")),
    )
    op.bulk_insert(slots, [{"slot": slot, "accounts": 0} for slot in range(SLOTS)])


def downgrade() -> None:
    op.drop_table("ledger_opening_slot")
