"""A second person of the company signs an application off before it is sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0047_certifying"
down_revision = "0046_accounts"
branch_labels = None
depends_on = None

UNSIGNED = (
    "SELECT 1 FROM (SELECT outcome, answers_sha256 FROM certification "
    "WHERE application_id = NEW.application_id AND (outcome IS NULL OR outcome <> 'withdrawn') "
    "ORDER BY asked_at DESC, id DESC LIMIT 1) AS newest "
    "WHERE outcome IS NULL OR outcome <> 'signed' OR answers_sha256 <> NEW.sha256"
)


def upgrade() -> None:
    op.create_table(
        "certification",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by_id", sa.Uuid(), nullable=False),
        sa.Column("certifier_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("answers_sha256", sa.String(length=64), nullable=True),
        sa.Column("content_sha256", sa.String(length=64), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("certifier_id <> asked_by_id", name=op.f("ck_certification_two_people")),
        sa.CheckConstraint("outcome IN ('signed','returned','withdrawn')", name=op.f("ck_certification_outcome")),
        sa.CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name=op.f("ck_certification_ended")),
        sa.CheckConstraint("(outcome = 'signed') = (answers_sha256 IS NOT NULL)", name=op.f("ck_certification_signed")),
        sa.CheckConstraint("(answers_sha256 IS NULL) = (content_sha256 IS NULL)", name=op.f("ck_certification_hashes")),
        sa.CheckConstraint("outcome <> 'returned' OR length(reason) > 0", name=op.f("ck_certification_reason")),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=op.f("fk_certification_application_id")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["person.id"], name=op.f("fk_certification_asked_by_id")),
        sa.ForeignKeyConstraint(["certifier_id"], ["person.id"], name=op.f("fk_certification_certifier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certification")),
    )
    op.create_index(op.f("ix_certification_certifier_id"), "certification", ["certifier_id"])
    op.create_index("ix_certification_application_id_asked_at", "certification", ["application_id", "asked_at"])
    op.create_index(
        "uq_certification_open",
        "certification",
        ["application_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER submission_certified BEFORE INSERT ON submission WHEN EXISTS ({UNSIGNED}) "
            "BEGIN SELECT RAISE(ABORT, 'not signed off'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION refuse_unsigned() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF EXISTS ({UNSIGNED}) THEN "
        "RAISE EXCEPTION 'not signed off' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER submission_certified BEFORE INSERT ON submission "
        "FOR EACH ROW EXECUTE FUNCTION refuse_unsigned()"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER submission_certified")
    else:
        op.execute("DROP TRIGGER submission_certified ON submission")
        op.execute("DROP FUNCTION refuse_unsigned()")
    op.drop_table("certification")
