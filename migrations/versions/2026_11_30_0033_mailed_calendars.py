"""Calendar files that go along with a mail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033_mailed_calendars"
down_revision = "0032_sittings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox_message", sa.Column("calendar", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("outbox_message", "calendar")
