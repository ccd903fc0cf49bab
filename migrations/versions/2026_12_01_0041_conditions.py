"""Conditions with scope and owner, evidence by version, and votes to waive; GPU time held back at signing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0041_conditions"
down_revision = "0040_saved_views"
branch_labels = None
depends_on = None

HISTORY = ("condition_evidence", "evidence_judgement", "waiver_vote")


def upgrade() -> None:
    _widen_condition()
    _evidence()
    _waivers()
    for table in HISTORY:
        _keep_history(table)
    op.create_table(
        "grant_hold",
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("freed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("freed_by", sa.String(length=120), nullable=True),
        sa.CheckConstraint("(freed_at IS NULL) = (freed_by IS NULL)", name=op.f("ck_grant_hold_freed")),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_grant_hold_award_id")),
        sa.PrimaryKeyConstraint("award_id", name=op.f("pk_grant_hold")),
    )


def _widen_condition() -> None:
    # Conditions of before kept everything back and were the company's: the defaults are what they were.
    with op.batch_alter_table("condition") as batch:
        batch.add_column(sa.Column("scope", sa.String(length=4), nullable=False, server_default="both"))
        batch.add_column(sa.Column("owner_side", sa.String(length=7), nullable=False, server_default="company"))
        batch.add_column(sa.Column("owner_id", sa.Uuid(), nullable=True))
        batch.create_foreign_key(op.f("fk_condition_owner_id"), "person", ["owner_id"], ["id"])
        batch.create_check_constraint(op.f("ck_condition_scope"), "scope IN ('cash','gpu','both')")
        batch.create_check_constraint(op.f("ck_condition_owner_side"), "owner_side IN ('company','fund')")
        batch.create_check_constraint(op.f("ck_condition_owner"), "owner_side = 'company' OR owner_id IS NOT NULL")
    with op.batch_alter_table("condition") as batch:
        batch.alter_column("scope", server_default=None)
        batch.alter_column("owner_side", server_default=None)
    op.create_index(op.f("ix_condition_owner_id"), "condition", ["owner_id"], unique=False)


def _evidence() -> None:
    op.create_table(
        "condition_evidence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("condition_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("links", sa.Text(), nullable=False),
        sa.Column("submitted_by_id", sa.Uuid(), nullable=False),
        sa.Column("submitted_by", sa.String(length=120), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(text) > 0", name=op.f("ck_condition_evidence_text")),
        sa.ForeignKeyConstraint(["condition_id"], ["condition.id"], name=op.f("fk_condition_evidence_condition_id")),
        sa.ForeignKeyConstraint(["submitted_by_id"], ["person.id"], name=op.f("fk_condition_evidence_submitted_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_condition_evidence")),
        sa.UniqueConstraint("condition_id", "version", name=op.f("uq_condition_evidence_condition_id_version")),
        sa.UniqueConstraint("id", "submitted_by_id", name=op.f("uq_condition_evidence_id_submitted_by_id")),
        info={"append_only": True},
    )
    op.create_table(
        "evidence_judgement",
        sa.Column("evidence_id", sa.Uuid(), nullable=False),
        sa.Column("submitted_by_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("judged_by_id", sa.Uuid(), nullable=False),
        sa.Column("judged_by", sa.String(length=120), nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("outcome IN ('accepted','returned')", name=op.f("ck_evidence_judgement_outcome")),
        sa.CheckConstraint("outcome = 'accepted' OR length(reason) > 0", name=op.f("ck_evidence_judgement_reason")),
        sa.CheckConstraint("judged_by_id <> submitted_by_id", name=op.f("ck_evidence_judgement_two_people")),
        sa.ForeignKeyConstraint(
            ["evidence_id", "submitted_by_id"],
            ["condition_evidence.id", "condition_evidence.submitted_by_id"],
            name=op.f("fk_evidence_judgement_evidence_id_submitted_by_id"),
        ),
        sa.ForeignKeyConstraint(["judged_by_id"], ["person.id"], name=op.f("fk_evidence_judgement_judged_by_id")),
        sa.PrimaryKeyConstraint("evidence_id", name=op.f("pk_evidence_judgement")),
        info={"append_only": True},
    )


def _waivers() -> None:
    op.create_table(
        "condition_waiver",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("condition_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("proposed_by", sa.String(length=120), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=True),
        sa.Column("tally", sa.Text(), nullable=True),
        sa.Column("ended_by", sa.String(length=120), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('open','closed','withdrawn')", name=op.f("ck_condition_waiver_state")),
        sa.CheckConstraint("(state = 'open') = (ended_at IS NULL)", name=op.f("ck_condition_waiver_ended")),
        sa.CheckConstraint("(state = 'closed') = (outcome IS NOT NULL)", name=op.f("ck_condition_waiver_counted")),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome IN ('carried','rejected','deferred')", name=op.f("ck_condition_waiver_outcome")
        ),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_condition_waiver_reason")),
        sa.ForeignKeyConstraint(["condition_id"], ["condition.id"], name=op.f("fk_condition_waiver_condition_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_condition_waiver")),
    )
    op.create_index(op.f("ix_condition_waiver_condition_id"), "condition_waiver", ["condition_id"], unique=False)
    op.create_index(
        "uq_condition_waiver_open",
        "condition_waiver",
        ["condition_id"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "waiver_vote",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("waiver_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("choice", sa.String(length=8), nullable=False),
        sa.Column("cast_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("choice IN ('yes','no','abstain')", name=op.f("ck_waiver_vote_choice")),
        sa.ForeignKeyConstraint(["waiver_id"], ["condition_waiver.id"], name=op.f("fk_waiver_vote_waiver_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_waiver_vote_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiver_vote")),
        sa.UniqueConstraint("waiver_id", "person_id", name=op.f("uq_waiver_vote_waiver_id_person_id")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_waiver_vote_person_id"), "waiver_vote", ["person_id"], unique=False)


def _keep_history(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER append_only_{table}_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'append-only: {table}'); END"
            )
        return
    op.execute(
        f"CREATE TRIGGER append_only_{table} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    for table in ("grant_hold", "waiver_vote", "condition_waiver", "evidence_judgement", "condition_evidence"):
        op.drop_table(table)
    op.drop_index(op.f("ix_condition_owner_id"), "condition")
    with op.batch_alter_table("condition") as batch:
        for name in ("owner", "owner_side", "scope"):
            batch.drop_constraint(op.f(f"ck_condition_{name}"), type_="check")
        batch.drop_constraint(op.f("fk_condition_owner_id"), type_="foreignkey")
        for column in ("owner_id", "owner_side", "scope"):
            batch.drop_column(column)
