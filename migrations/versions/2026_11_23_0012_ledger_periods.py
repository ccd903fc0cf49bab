"""Periods, snapshots and exchange rates of the ledger."""

from __future__ import annotations

revision = "0012_ledger_periods"
down_revision = "0011_append_only"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
