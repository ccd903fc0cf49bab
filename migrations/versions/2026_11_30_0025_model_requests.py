"""What people ask of the models' page: training and verdicts, done by the clock."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025_model_requests"
down_revision = "0024_shadow_nights"
branch_labels = None
depends_on = None

TABLE = "model_request"
OPEN = "state IN ('waiting','running')"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("model_id", sa.Uuid(), nullable=True),
        sa.Column("explained", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("asked_by_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.String(length=120), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("found", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('train','judge')", name=op.f("ck_model_request_kind")),
        sa.CheckConstraint("state IN ('waiting','running','done','refused')", name=op.f("ck_model_request_state")),
        sa.CheckConstraint("(kind = 'judge') = (model_id IS NOT NULL)", name=op.f("ck_model_request_model")),
        sa.CheckConstraint("(state = 'waiting') = (started_at IS NULL)", name=op.f("ck_model_request_started")),
        sa.CheckConstraint(
            "(state IN ('done','refused')) = (ended_at IS NOT NULL)", name=op.f("ck_model_request_ended")
        ),
        sa.CheckConstraint("(ended_at IS NULL) = (found IS NULL)", name=op.f("ck_model_request_found")),
        sa.ForeignKeyConstraint(["model_id"], ["fit_model.id"], name=op.f("fk_model_request_model_id")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["person.id"], name=op.f("fk_model_request_asked_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_request")),
    )
    # One training at a time, and one verdict for each model: a second click finds the first one's request.
    for name, column, kind in (("training", "kind", "train"), ("verdict", "model_id", "judge")):
        op.create_index(
            f"uq_model_request_open_{name}",
            TABLE,
            [column],
            unique=True,
            sqlite_where=sa.text(f"kind = '{kind}' AND {OPEN}"),
            postgresql_where=sa.text(f"kind = '{kind}' AND {OPEN}"),
        )


def downgrade() -> None:
    op.drop_table(TABLE)
