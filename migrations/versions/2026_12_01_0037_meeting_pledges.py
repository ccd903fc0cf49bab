"""Pledges that members sign for each item of a meeting."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037_meeting_pledges"
down_revision = "0036_challenges"
branch_labels = None
depends_on = None

APPEND_ONLY = ("meeting_pledge",)


def upgrade() -> None:
    op.create_table(
        "meeting_pledge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("submission_version", sa.BigInteger(), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=op.f("fk_meeting_pledge_application_id")),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name=op.f("fk_meeting_pledge_meeting_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_meeting_pledge_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting_pledge")),
        sa.UniqueConstraint(
            "meeting_id",
            "person_id",
            "application_id",
            name=op.f("uq_meeting_pledge_meeting_id_person_id_application_id"),
        ),
        info={"append_only": True},
    )
    for table in APPEND_ONLY:
        keep_history(table)


def downgrade() -> None:
    op.drop_table("meeting_pledge")


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
