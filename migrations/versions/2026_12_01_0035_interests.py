"""What members declare to have to do with companies, and what comparing it with applicants suggests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035_interests"
down_revision = "0034_resolutions"
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "interest",
    "affiliate",
    "conflict_signal",
    "conflict_signal_answer",
)


def upgrade() -> None:
    op.create_table(
        "interest",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("company_name", sa.String(length=200), nullable=False),
        sa.Column("business_number", sa.String(length=10), nullable=True),
        sa.Column("corporate_number", sa.String(length=13), nullable=True),
        sa.Column("group_name", sa.String(length=80), nullable=True),
        sa.Column("share_bp", sa.BigInteger(), nullable=True),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("relation", sa.String(length=80), nullable=True),
        sa.Column("domain", sa.String(length=120), nullable=True),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("address", sa.String(length=200), nullable=True),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("recorded_by_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_by", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('shareholding','employment','advisory','family','group','coinvestment')",
            name=op.f("ck_interest_kind"),
        ),
        sa.CheckConstraint("length(company_name) > 0", name=op.f("ck_interest_company")),
        sa.CheckConstraint("share_bp IS NULL OR (share_bp >= 0 AND share_bp <= 10000)", name=op.f("ck_interest_share")),
        sa.CheckConstraint("since IS NULL OR until IS NULL OR since <= until", name=op.f("ck_interest_dates")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_interest_person_id")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["person.id"], name=op.f("fk_interest_recorded_by_id")),
        sa.ForeignKeyConstraint(["replaces_id"], ["interest.id"], name=op.f("fk_interest_replaces_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interest")),
        sa.UniqueConstraint("replaces_id", name=op.f("uq_interest_replaces_id")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_interest_person_id"), "interest", ["person_id"], unique=False)
    op.create_table(
        "affiliate",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("group_name", sa.String(length=80), nullable=False),
        sa.Column("company_name", sa.String(length=200), nullable=False),
        sa.Column("business_number", sa.String(length=10), nullable=True),
        sa.Column("corporate_number", sa.String(length=13), nullable=True),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("recorded_by_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_by", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(group_name) > 0", name=op.f("ck_affiliate_group")),
        sa.CheckConstraint("length(source) > 0", name=op.f("ck_affiliate_source")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["person.id"], name=op.f("fk_affiliate_recorded_by_id")),
        sa.ForeignKeyConstraint(["replaces_id"], ["affiliate.id"], name=op.f("fk_affiliate_replaces_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_affiliate")),
        sa.UniqueConstraint("replaces_id", name=op.f("uq_affiliate_replaces_id")),
        info={"append_only": True},
    )
    op.create_table(
        "conflict_signal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("facts_sha256", sa.String(length=64), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("interest_id", sa.Uuid(), nullable=True),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=op.f("fk_conflict_signal_application_id")),
        sa.ForeignKeyConstraint(["interest_id"], ["interest.id"], name=op.f("fk_conflict_signal_interest_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_conflict_signal_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conflict_signal")),
        sa.UniqueConstraint(
            "application_id", "person_id", "kind", "facts_sha256", "number", name="uq_conflict_signal_fact"
        ),
        info={"append_only": True},
    )
    op.create_index("ix_conflict_signal_person_id", "conflict_signal", ["person_id"], unique=False)
    op.create_table(
        "conflict_signal_answer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("signal_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("answered_by_id", sa.Uuid(), nullable=True),
        sa.Column("answered_by", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('confirmed','dismissed','lapsed')", name=op.f("ck_conflict_signal_answer_outcome")
        ),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_conflict_signal_answer_reason")),
        sa.ForeignKeyConstraint(
            ["answered_by_id"], ["person.id"], name=op.f("fk_conflict_signal_answer_answered_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["signal_id"], ["conflict_signal.id"], name=op.f("fk_conflict_signal_answer_signal_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conflict_signal_answer")),
        sa.UniqueConstraint("signal_id", name=op.f("uq_conflict_signal_answer_signal_id")),
        info={"append_only": True},
    )
    for table in APPEND_ONLY:
        keep_history(table)


def downgrade() -> None:
    op.drop_table("conflict_signal_answer")
    op.drop_table("conflict_signal")
    op.drop_table("affiliate")
    op.drop_table("interest")


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
