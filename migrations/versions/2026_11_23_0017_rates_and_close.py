"""What closing a period needs, how awarded companies get on, and who set which rate."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017_rates_and_close"
down_revision = "0016_metering"
branch_labels = None
depends_on = None

APPEND_ONLY = ("close_note", "close_step", "company_metric", "rate_change")


def upgrade() -> None:
    _create_company_tables()
    _create_close_tables()
    op.create_table(
        "rate_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("commodity", sa.String(length=40), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("price", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.String(length=120), nullable=False),
        sa.Column("entered_by_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["entered_by_id"], ["person.id"], name=op.f("fk_rate_change_entered_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rate_change")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_rate_change_commodity"), "rate_change", ["commodity"], unique=False)
    _guard()


def _create_company_tables() -> None:
    op.create_table(
        "codevelopment_milestone",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("track", sa.String(length=10), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=False),
        sa.Column("expected_on", sa.Date(), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("done_by", sa.String(length=120), nullable=True),
        sa.Column("created_by", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(done_on IS NULL) = (done_by IS NULL)", name=op.f("ck_codevelopment_milestone_done")),
        sa.CheckConstraint("track IN ('spc','korean_ai')", name=op.f("ck_codevelopment_milestone_track")),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_codevelopment_milestone_award_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_codevelopment_milestone")),
    )
    op.create_index(op.f("ix_codevelopment_milestone_award_id"), "codevelopment_milestone", ["award_id"], unique=False)
    op.create_table(
        "company_metric",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("quarter", sa.String(length=6), nullable=False),
        sa.Column("metric", sa.String(length=20), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("planned", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("entered_by", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "metric IN ('revenue','operating_profit','paying_customers','cash','monthly_burn')",
            name=op.f("ck_company_metric_metric"),
        ),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_company_metric_award_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_company_metric")),
        sa.UniqueConstraint(
            "award_id", "quarter", "metric", "version", name=op.f("uq_company_metric_award_id_quarter_metric_version")
        ),
        info={"append_only": True},
    )


def _create_close_tables() -> None:
    op.create_table(
        "close_note",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("quarter", sa.String(length=6), nullable=False),
        sa.Column("item", sa.String(length=20), nullable=False),
        sa.Column("found", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("noted_by", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_close_note")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_close_note_quarter"), "close_note", ["quarter"], unique=False)
    op.create_table(
        "close_step",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("quarter", sa.String(length=6), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.String(length=10), nullable=False),
        sa.Column("checklist", sa.Text(), nullable=False),
        sa.Column("period_sha256", sa.String(length=64), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("taken_by", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("step IN ('prepared','confirmed','withdrawn','closed')", name=op.f("ck_close_step_step")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_close_step_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_close_step")),
        sa.UniqueConstraint("quarter", "number", name=op.f("uq_close_step_quarter_number")),
        info={"append_only": True},
    )


def _guard() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in APPEND_ONLY:
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER append_only_{table}_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, 'append-only: {table}'); END"
                )
        return
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only_{table} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    op.drop_index(op.f("ix_rate_change_commodity"), table_name="rate_change")
    op.drop_table("rate_change")
    op.drop_table("close_step")
    op.drop_index(op.f("ix_close_note_quarter"), table_name="close_note")
    op.drop_table("close_note")
    op.drop_table("company_metric")
    op.drop_index(op.f("ix_codevelopment_milestone_award_id"), table_name="codevelopment_milestone")
    op.drop_table("codevelopment_milestone")
