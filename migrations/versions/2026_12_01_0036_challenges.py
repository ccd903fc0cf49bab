"""Recusals one after the other, challenges that a vote decides, and what lifts a recusal."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036_challenges"
down_revision = "0035_interests"
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "challenge_vote",
    "recusal_lift",
)


def upgrade() -> None:
    widen_conflict()
    op.create_table(
        "challenge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("recusal_id", sa.Uuid(), nullable=False),
        sa.Column("side", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("filed_by_id", sa.Uuid(), nullable=False),
        sa.Column("filed_by", sa.String(length=120), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("tally", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.String(length=120), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'pending') = (decided_at IS NULL)", name=op.f("ck_challenge_decided")),
        sa.CheckConstraint("side IN ('applicant','member')", name=op.f("ck_challenge_side")),
        sa.CheckConstraint("state IN ('pending','upheld','dismissed','set_aside')", name=op.f("ck_challenge_state")),
        sa.CheckConstraint("filed_by_id <> target_id", name=op.f("ck_challenge_target")),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_challenge_reason")),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=op.f("fk_challenge_application_id")),
        sa.ForeignKeyConstraint(["filed_by_id"], ["person.id"], name=op.f("fk_challenge_filed_by_id")),
        sa.ForeignKeyConstraint(["recusal_id"], ["conflict.id"], name=op.f("fk_challenge_recusal_id")),
        sa.ForeignKeyConstraint(["target_id"], ["person.id"], name=op.f("fk_challenge_target_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenge")),
        sa.UniqueConstraint("recusal_id", name=op.f("uq_challenge_recusal_id")),
    )
    op.create_index(
        "uq_challenge_pending",
        "challenge",
        ["application_id", "target_id"],
        unique=True,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "challenge_vote",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("challenge_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("choice", sa.String(length=8), nullable=False),
        sa.Column("cast_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("choice IN ('yes','no','abstain')", name=op.f("ck_challenge_vote_choice")),
        sa.ForeignKeyConstraint(["challenge_id"], ["challenge.id"], name=op.f("fk_challenge_vote_challenge_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_challenge_vote_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenge_vote")),
        sa.UniqueConstraint("challenge_id", "person_id", name=op.f("uq_challenge_vote_challenge_id_person_id")),
        info={"append_only": True},
    )
    op.create_table(
        "lift_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recusal_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("asked_by_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.String(length=120), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_by", sa.String(length=120), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name=op.f("ck_lift_request_decided")),
        sa.CheckConstraint("state IN ('open','approved','refused')", name=op.f("ck_lift_request_state")),
        sa.CheckConstraint(
            "decided_by_id IS NULL OR decided_by_id <> asked_by_id", name=op.f("ck_lift_request_four_eyes")
        ),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_lift_request_reason")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["person.id"], name=op.f("fk_lift_request_asked_by_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["person.id"], name=op.f("fk_lift_request_decided_by_id")),
        sa.ForeignKeyConstraint(["recusal_id"], ["conflict.id"], name=op.f("fk_lift_request_recusal_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lift_request")),
    )
    op.create_index(
        "uq_lift_request_open_recusal",
        "lift_request",
        ["recusal_id"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "recusal_lift",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recusal_id", sa.Uuid(), nullable=False),
        sa.Column("challenge_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.String(length=120), nullable=False),
        sa.Column("decided_by_id", sa.Uuid(), nullable=False),
        sa.Column("decided_by", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "challenge_id IS NOT NULL OR asked_by_id <> decided_by_id", name=op.f("ck_recusal_lift_four_eyes")
        ),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_recusal_lift_reason")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["person.id"], name=op.f("fk_recusal_lift_asked_by_id")),
        sa.ForeignKeyConstraint(["challenge_id"], ["challenge.id"], name=op.f("fk_recusal_lift_challenge_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["person.id"], name=op.f("fk_recusal_lift_decided_by_id")),
        sa.ForeignKeyConstraint(["recusal_id"], ["conflict.id"], name=op.f("fk_recusal_lift_recusal_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recusal_lift")),
        sa.UniqueConstraint("recusal_id", name=op.f("uq_recusal_lift_recusal_id")),
        info={"append_only": True},
    )
    for table in APPEND_ONLY:
        keep_history(table)


def downgrade() -> None:
    op.drop_table("recusal_lift")
    op.drop_table("lift_request")
    op.drop_table("challenge_vote")
    op.drop_table("challenge")
    narrow_conflict()


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


def let_history_go(table: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP TRIGGER append_only_{table} ON {table}")
        return
    for verb in ("update", "delete"):
        op.execute(f"DROP TRIGGER append_only_{table}_{verb}")


def widen_conflict() -> None:
    """Let a pair have one recusal after the other; SQLite copies the table, and loses its triggers with the old one."""
    let_history_go("conflict")
    with op.batch_alter_table("conflict") as batch:
        batch.add_column(sa.Column("number", sa.BigInteger(), nullable=False, server_default="1"))
        batch.add_column(sa.Column("rule", sa.String(length=40), nullable=True))
        batch.add_column(sa.Column("interest_id", sa.Uuid(), nullable=True))
        batch.drop_constraint(op.f("uq_conflict_application_id_person_id"), type_="unique")
        batch.create_unique_constraint(
            op.f("uq_conflict_application_id_person_id_number"), ["application_id", "person_id", "number"]
        )
        batch.create_foreign_key(op.f("fk_conflict_interest_id"), "interest", ["interest_id"], ["id"])
    with op.batch_alter_table("conflict") as batch:
        batch.alter_column("number", server_default=None)
    keep_history("conflict")


def narrow_conflict() -> None:
    """Keep the first recusal of each pair: there was room for one."""
    let_history_go("conflict")
    op.execute("DELETE FROM conflict WHERE number > 1")
    with op.batch_alter_table("conflict") as batch:
        batch.drop_constraint(op.f("fk_conflict_interest_id"), type_="foreignkey")
        batch.drop_constraint(op.f("uq_conflict_application_id_person_id_number"), type_="unique")
        batch.create_unique_constraint(op.f("uq_conflict_application_id_person_id"), ["application_id", "person_id"])
        for column in ("interest_id", "rule", "number"):
            batch.drop_column(column)
    keep_history("conflict")
