"""How assignments came about, who knows which field, and who was reminded."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038_assignment_record"
down_revision = "0037_meeting_pledges"
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "assignment_event",
    "review_reminder",
)


def upgrade() -> None:
    op.create_table(
        "assignment_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("verb", sa.String(length=8), nullable=False),
        sa.Column("origin", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("by", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("origin IN ('balanced','hand','file')", name=op.f("ck_assignment_event_origin")),
        sa.CheckConstraint("verb IN ('added','removed')", name=op.f("ck_assignment_event_verb")),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=op.f("fk_assignment_event_application_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_assignment_event_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment_event")),
        info={"append_only": True},
    )
    op.create_index("ix_assignment_event_pair", "assignment_event", ["application_id", "person_id"], unique=False)
    op.create_table(
        "expertise",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("tag", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_expertise_person_id")),
        sa.PrimaryKeyConstraint("person_id", "tag", name=op.f("pk_expertise")),
    )
    op.create_table(
        "review_reminder",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("sent_on", sa.Date(), nullable=False),
        sa.Column("waiting", sa.BigInteger(), nullable=False),
        sa.Column("sent_by", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("waiting > 0", name=op.f("ck_review_reminder_waiting")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_review_reminder_call_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_review_reminder_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_reminder")),
        sa.UniqueConstraint(
            "call_id", "person_id", "sent_on", name=op.f("uq_review_reminder_call_id_person_id_sent_on")
        ),
        info={"append_only": True},
    )
    for table in APPEND_ONLY:
        keep_history(table)


def downgrade() -> None:
    op.drop_table("review_reminder")
    op.drop_table("expertise")
    op.drop_table("assignment_event")


def keep_history(table: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER append_only_{table} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER append_only_{table}_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'append-only: {table}'); END"
        )
