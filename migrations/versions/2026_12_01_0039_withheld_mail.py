"""What a mail speaks of, so that it can be withheld from somebody recused since it was written."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039_withheld_mail"
down_revision = "0038_assignment_record"
branch_labels = None
depends_on = None

TABLE, STATE = "outbox_message", "ck_outbox_message_state"


def upgrade() -> None:
    with op.batch_alter_table(TABLE) as batch:
        batch.add_column(sa.Column("about", sa.Text(), nullable=False, server_default="[]"))
        batch.drop_constraint(op.f(STATE), type_="check")
        batch.create_check_constraint(op.f(STATE), "state IN ('waiting','sent','failed','withheld')")
    with op.batch_alter_table(TABLE) as batch:
        batch.alter_column("about", server_default=None)


def downgrade() -> None:
    op.execute("UPDATE outbox_message SET state = 'failed' WHERE state = 'withheld'")
    with op.batch_alter_table(TABLE) as batch:
        batch.drop_constraint(op.f(STATE), type_="check")
        batch.create_check_constraint(op.f(STATE), "state IN ('waiting','sent','failed')")
        batch.drop_column("about")
