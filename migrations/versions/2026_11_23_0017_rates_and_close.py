"""What closing a period needs."""

from __future__ import annotations

revision = "0017_rates_and_close"
down_revision = "0016_metering"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
