"""${message}

One purpose a migration. Up, down and up again must work on SQLite and PostgreSQL (a test runs it).
Never import `tables`: they describe today, a migration describes its own day.
Adding a NOT NULL column to a table with rows needs a server default; SQLite changes constraints only in batch mode.

Revision: ${up_revision}, after ${down_revision}
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
