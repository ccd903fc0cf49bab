"""Letters about decisions in batches, what applicants were told, and appeals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0042_letters"
down_revision = "0041_conditions"
branch_labels = None
depends_on = None

HISTORY = ("letter_rules", "letter_mail", "decision_notice")


def upgrade() -> None:
    op.create_table(
        "letter_batch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("rules_version", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("staged_by_id", sa.Uuid(), nullable=False),
        sa.Column("staged_by", sa.String(length=120), nullable=False),
        sa.Column("staged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by_id", sa.Uuid(), nullable=True),
        sa.Column("approved_by", sa.String(length=120), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(length=120), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state IN ('sent','discarded')) = (ended_at IS NOT NULL)", name=op.f("ck_letter_batch_ended")
        ),
        sa.CheckConstraint("state IN ('staged','approved','sent','discarded')", name=op.f("ck_letter_batch_state")),
        sa.CheckConstraint(
            "state NOT IN ('approved','sent') OR approved_by_id IS NOT NULL", name=op.f("ck_letter_batch_approval")
        ),
        sa.CheckConstraint("(approved_by_id IS NULL) = (approved_at IS NULL)", name=op.f("ck_letter_batch_approved")),
        sa.CheckConstraint(
            "approved_by_id IS NULL OR approved_by_id <> staged_by_id", name=op.f("ck_letter_batch_two_people")
        ),
        sa.ForeignKeyConstraint(["approved_by_id"], ["person.id"], name=op.f("fk_letter_batch_approved_by_id")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_letter_batch_call_id")),
        sa.ForeignKeyConstraint(["staged_by_id"], ["person.id"], name=op.f("fk_letter_batch_staged_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter_batch")),
    )
    op.create_index(op.f("ix_letter_batch_call_id"), "letter_batch", ["call_id"], unique=False)
    op.create_table(
        "letter_rules",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("saved_by", sa.String(length=120), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_letter_rules_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter_rules")),
        sa.UniqueConstraint("call_id", "version", name=op.f("uq_letter_rules_call_id_version")),
        info={"append_only": True},
    )
    op.create_table(
        "decision_notice",
        sa.Column("transition_id", sa.Uuid(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["transition_id"], ["application_transition.id"], name=op.f("fk_decision_notice_transition_id")
        ),
        sa.PrimaryKeyConstraint("transition_id", name=op.f("pk_decision_notice")),
        info={"append_only": True},
    )
    op.create_table(
        "appeal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("decision_id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("filed_by_id", sa.Uuid(), nullable=False),
        sa.Column("filed_by", sa.String(length=120), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_by", sa.String(length=120), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'filed') = (decided_at IS NULL)", name=op.f("ck_appeal_decided")),
        sa.CheckConstraint(
            "state = 'filed' OR (reason IS NOT NULL AND length(reason) > 0)", name=op.f("ck_appeal_reason")
        ),
        sa.CheckConstraint("state IN ('filed','upheld','dismissed')", name=op.f("ck_appeal_state")),
        sa.CheckConstraint("decided_by_id IS NULL OR decided_by_id <> filed_by_id", name=op.f("ck_appeal_two_people")),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=op.f("fk_appeal_application_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["person.id"], name=op.f("fk_appeal_decided_by_id")),
        sa.ForeignKeyConstraint(["decision_id"], ["decision.id"], name=op.f("fk_appeal_decision_id")),
        sa.ForeignKeyConstraint(["filed_by_id"], ["person.id"], name=op.f("fk_appeal_filed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeal")),
        sa.UniqueConstraint("decision_id", name=op.f("uq_appeal_decision_id")),
    )
    op.create_index(op.f("ix_appeal_application_id"), "appeal", ["application_id"], unique=False)
    op.create_table(
        "letter",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("decision_id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("subject_ko", sa.String(length=140), nullable=False),
        sa.Column("body_ko", sa.Text(), nullable=False),
        sa.Column("subject_en", sa.String(length=140), nullable=False),
        sa.Column("body_en", sa.Text(), nullable=False),
        sa.Column("edited_by_id", sa.Uuid(), nullable=True),
        sa.Column("edited_by", sa.String(length=120), nullable=True),
        sa.Column("edit_note", sa.Text(), nullable=True),
        sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(edited_by_id IS NULL) = (edit_note IS NULL)", name=op.f("ck_letter_edited")),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=op.f("fk_letter_application_id")),
        sa.ForeignKeyConstraint(["batch_id"], ["letter_batch.id"], name=op.f("fk_letter_batch_id")),
        sa.ForeignKeyConstraint(["decision_id"], ["decision.id"], name=op.f("fk_letter_decision_id")),
        sa.ForeignKeyConstraint(["edited_by_id"], ["person.id"], name=op.f("fk_letter_edited_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter")),
    )
    op.create_index(op.f("ix_letter_application_id"), "letter", ["application_id"], unique=False)
    op.create_index(op.f("ix_letter_batch_id"), "letter", ["batch_id"], unique=False)
    op.create_index(
        "uq_letter_decision",
        "letter",
        ["decision_id"],
        unique=True,
        sqlite_where=sa.text("dropped_at IS NULL"),
        postgresql_where=sa.text("dropped_at IS NULL"),
    )
    op.create_table(
        "letter_mail",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("letter_id", sa.Uuid(), nullable=False),
        sa.Column("recipient", sa.String(length=320), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["letter_id"], ["letter.id"], name=op.f("fk_letter_mail_letter_id")),
        sa.ForeignKeyConstraint(["message_id"], ["outbox_message.id"], name=op.f("fk_letter_mail_message_id")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_letter_mail")),
        sa.UniqueConstraint(
            "letter_id", "recipient", "attempt", name=op.f("uq_letter_mail_letter_id_recipient_attempt")
        ),
        info={"append_only": True},
    )

    # Until now the portal showed a resolution at once: whatever was resolved so far has been told.
    op.execute(
        "INSERT INTO decision_notice (transition_id, told_at) SELECT id, at FROM application_transition "
        "WHERE to_state IN ('approved','rejected','deferred')"
    )
    for table in HISTORY:
        _keep_history(table)


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
    for table in ("letter_mail", "appeal", "letter", "letter_batch", "letter_rules", "decision_notice"):
        op.drop_table(table)
