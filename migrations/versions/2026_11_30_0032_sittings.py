"""Sittings with their steps and attendance, written resolutions, and minutes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032_sittings"
down_revision = "0031_ballot_rules"
branch_labels = None
depends_on = None

APPEND_ONLY = ("meeting_step", "attendance", "written_consent", "minutes", "minutes_approval")


def upgrade() -> None:
    op.add_column("meeting", sa.Column("kind", sa.String(length=8), nullable=False, server_default="sitting"))
    op.add_column("meeting", sa.Column("state", sa.String(length=10), nullable=False, server_default="scheduled"))
    op.add_column("meeting", sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("meeting", sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("meeting", sa.Column("place", sa.String(length=200), nullable=False, server_default=""))
    op.add_column("meeting", sa.Column("deadline", sa.DateTime(timezone=True), nullable=True))
    op.add_column("meeting", sa.Column("agenda", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("meeting", sa.Column("agenda_reason", sa.Text(), nullable=True))
    op.add_column("meeting", sa.Column("sequence", sa.BigInteger(), nullable=False, server_default="0"))
    with op.batch_alter_table("meeting") as table:
        for column, kind in (
            ("kind", sa.String(length=8)),
            ("state", sa.String(length=10)),
            ("place", sa.String(length=200)),
            ("agenda", sa.Text()),
            ("sequence", sa.BigInteger()),
        ):
            table.alter_column(column, existing_type=kind, server_default=None)
        table.drop_constraint(op.f("uq_meeting_call_id_held_on"), type_="unique")
        table.create_unique_constraint(op.f("uq_meeting_call_id_held_on_kind"), ["call_id", "held_on", "kind"])
        table.create_check_constraint(op.f("ck_meeting_kind"), "kind IN ('sitting','written')")
        table.create_check_constraint(op.f("ck_meeting_state"), "state IN ('scheduled','running','ended','cancelled')")
        table.create_check_constraint(op.f("ck_meeting_deadline"), "(kind = 'written') = (deadline IS NOT NULL)")
        table.create_check_constraint(op.f("ck_meeting_times"), "ends_at IS NULL OR ends_at > starts_at")
    _create_steps()
    _create_minutes()
    _guard()


def _create_steps() -> None:
    op.create_table(
        "meeting_step",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.String(length=8), nullable=False),
        sa.Column("ballot_id", sa.Uuid(), nullable=True),
        sa.Column("taken_by", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("step IN ('opened','item','pause','ended')", name=op.f("ck_meeting_step_step")),
        sa.CheckConstraint("(step = 'item') = (ballot_id IS NOT NULL)", name=op.f("ck_meeting_step_item")),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name=op.f("fk_meeting_step_meeting_id")),
        sa.ForeignKeyConstraint(["ballot_id"], ["ballot.id"], name=op.f("fk_meeting_step_ballot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting_step")),
        sa.UniqueConstraint("meeting_id", "number", name=op.f("uq_meeting_step_meeting_id_number")),
        info={"append_only": True},
    )
    op.create_table(
        "attendance",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("direction", sa.String(length=3), nullable=False),
        sa.Column("ballot_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_by", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("direction IN ('in','out')", name=op.f("ck_attendance_direction")),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name=op.f("fk_attendance_meeting_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_attendance_person_id")),
        sa.ForeignKeyConstraint(["ballot_id"], ["ballot.id"], name=op.f("fk_attendance_ballot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance")),
        sa.UniqueConstraint("meeting_id", "number", name=op.f("uq_attendance_meeting_id_number")),
        info={"append_only": True},
    )
    op.create_table(
        "written_consent",
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("agrees", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name=op.f("fk_written_consent_meeting_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_written_consent_person_id")),
        sa.PrimaryKeyConstraint("meeting_id", "person_id", name=op.f("pk_written_consent")),
        info={"append_only": True},
    )


def _create_minutes() -> None:
    op.create_table(
        "minutes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("sections", sa.Text(), nullable=False),
        sa.Column("written_by", sa.String(length=120), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name=op.f("fk_minutes_meeting_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_minutes")),
        sa.UniqueConstraint("meeting_id", "version", name=op.f("uq_minutes_meeting_id_version")),
        info={"append_only": True},
    )
    op.create_table(
        "minutes_approval",
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("approved_by_id", sa.Uuid(), nullable=False),
        sa.Column("approved_by", sa.String(length=120), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name=op.f("fk_minutes_approval_meeting_id")),
        sa.ForeignKeyConstraint(["approved_by_id"], ["person.id"], name=op.f("fk_minutes_approval_approved_by_id")),
        sa.PrimaryKeyConstraint("meeting_id", name=op.f("pk_minutes_approval")),
        info={"append_only": True},
    )


def _guard() -> None:
    for table in APPEND_ONLY:
        if op.get_bind().dialect.name == "sqlite":
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER append_only_{table}_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, 'append-only: {table}'); END"
                )
        else:
            op.execute(
                f"CREATE TRIGGER append_only_{table} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )


def downgrade() -> None:
    for table in reversed(APPEND_ONLY):
        op.drop_table(table)
    # One meeting a day was the rule: a written resolution of the same day is put a thousand days back.
    op.execute(
        "UPDATE meeting SET deadline = NULL, kind = 'sitting', held_on = "
        + ("date(held_on, '-1000 days')" if op.get_bind().dialect.name == "sqlite" else "held_on - 1000")
        + " WHERE kind = 'written' AND EXISTS (SELECT 1 FROM meeting AS other WHERE other.call_id = meeting.call_id "
        "AND other.held_on = meeting.held_on AND other.id <> meeting.id)"
    )
    op.execute("UPDATE meeting SET deadline = NULL, kind = 'sitting' WHERE kind = 'written'")
    with op.batch_alter_table("meeting") as table:
        for name in ("times", "deadline", "state", "kind"):
            table.drop_constraint(op.f(f"ck_meeting_{name}"), type_="check")
        table.drop_constraint(op.f("uq_meeting_call_id_held_on_kind"), type_="unique")
        table.create_unique_constraint(op.f("uq_meeting_call_id_held_on"), ["call_id", "held_on"])
        for column in ("sequence", "agenda_reason", "agenda", "deadline", "place", "ends_at", "starts_at", "state"):
            table.drop_column(column)
        table.drop_column("kind")
