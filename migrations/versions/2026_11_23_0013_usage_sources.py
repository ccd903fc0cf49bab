"""Whose subscription is whose, and which exports cover what."""

from __future__ import annotations

revision = "0013_usage_sources"
down_revision = "0012_ledger_periods"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
