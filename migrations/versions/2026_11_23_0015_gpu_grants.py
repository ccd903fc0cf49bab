"""Releases, change requests, reclaim, waitlist and quota of GPU grants."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015_gpu_grants"
down_revision = "0014_cash"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("gpu_grant", sa.Column("usable_until", sa.Date(), nullable=True))
    op.execute("UPDATE gpu_grant SET usable_until = expires_on")
    with op.batch_alter_table("gpu_grant") as table:
        table.alter_column("usable_until", existing_type=sa.Date(), nullable=False)


def downgrade() -> None:
    op.drop_column("gpu_grant", "usable_until")
