"""Terms, calls, conditions of tranches, rounds, proceeds and marks."""

from __future__ import annotations

revision = "0014_cash"
down_revision = "0013_usage_sources"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
