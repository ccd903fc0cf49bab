"""In which language people are written to, what of it they have seen, and the texts of that mail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0053_reminders"
down_revision = "0052_passkeys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mail_reader",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("language IN ('ko','en')", name=op.f("ck_mail_reader_language")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_mail_reader_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_mail_reader")),
    )
    op.create_table(
        "mail_text",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=30), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("subject_ko", sa.String(length=140), nullable=False),
        sa.Column("body_ko", sa.Text(), nullable=False),
        sa.Column("subject_en", sa.String(length=140), nullable=False),
        sa.Column("body_en", sa.Text(), nullable=False),
        sa.Column("saved_by", sa.String(length=120), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_text")),
        sa.UniqueConstraint("key", "version", name=op.f("uq_mail_text_key_version")),
        info={"append_only": True},
    )
    op.create_index(
        op.f("ix_outbox_message_recipient_created_at"), "outbox_message", ["recipient", "created_at"], unique=False
    )
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER append_only_mail_text_{verb.lower()} BEFORE {verb} ON mail_text "
                "BEGIN SELECT RAISE(ABORT, 'append-only: mail_text'); END"
            )
        return
    op.execute(
        "CREATE TRIGGER append_only_mail_text BEFORE UPDATE OR DELETE OR TRUNCATE ON mail_text "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_outbox_message_recipient_created_at"), table_name="outbox_message")
    op.drop_table("mail_text")
    op.drop_table("mail_reader")
