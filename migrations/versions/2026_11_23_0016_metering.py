"""Utilisation that meters report, and the alerts that follow."""

from __future__ import annotations

revision = "0016_metering"
down_revision = "0015_gpu_grants"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
