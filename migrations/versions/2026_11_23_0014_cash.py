"""Terms, calls, conditions of tranches, rounds, proceeds and marks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014_cash"
down_revision = "0013_usage_sources"
branch_labels = None
depends_on = None

APPEND_ONLY = ("award_terms", "financing_round")
FOUR_PEOPLE = "ck_valuation_four_people"


def upgrade() -> None:
    widen_valuation()
    op.create_table(
        "capital_call",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("investor_code", sa.String(length=40), nullable=False),
        sa.Column("notice_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("prepared_by_id", sa.Uuid(), nullable=True),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_by_id", sa.Uuid(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_by_id", sa.Uuid(), nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.CheckConstraint("(state = 'paid') = (paid_on IS NOT NULL)", name=op.f("ck_capital_call_paid")),
        sa.CheckConstraint(
            "automatic OR state NOT IN ('issued','paid') OR issued_by_id IS NOT NULL",
            name=op.f("ck_capital_call_issued"),
        ),
        sa.CheckConstraint("state IN ('drafted','issued','paid','cancelled')", name=op.f("ck_capital_call_state")),
        sa.CheckConstraint(
            "automatic OR issued_by_id IS NULL OR issued_by_id <> prepared_by_id",
            name=op.f("ck_capital_call_four_eyes"),
        ),
        sa.CheckConstraint("automatic OR prepared_by_id IS NOT NULL", name=op.f("ck_capital_call_prepared")),
        sa.CheckConstraint("due_on >= notice_on", name=op.f("ck_capital_call_due")),
        sa.ForeignKeyConstraint(["investor_code"], ["investor.code"], name=op.f("fk_capital_call_investor_code")),
        sa.ForeignKeyConstraint(["issued_by_id"], ["person.id"], name=op.f("fk_capital_call_issued_by_id")),
        sa.ForeignKeyConstraint(["prepared_by_id"], ["person.id"], name=op.f("fk_capital_call_prepared_by_id")),
        sa.ForeignKeyConstraint(["received_by_id"], ["person.id"], name=op.f("fk_capital_call_received_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_capital_call")),
        sa.UniqueConstraint("number", name=op.f("uq_capital_call_number")),
    )
    op.create_index(op.f("ix_capital_call_state"), "capital_call", ["state"], unique=False)
    op.create_table(
        "award_terms",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("instrument", sa.String(length=10), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("option_krw", sa.BigInteger(), nullable=True),
        sa.Column("option_until", sa.Date(), nullable=True),
        sa.Column("recorded_by", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(option_krw IS NULL) = (option_until IS NULL)", name=op.f("ck_award_terms_option_whole")),
        sa.CheckConstraint("option_krw IS NULL OR option_krw > 0", name=op.f("ck_award_terms_option_krw")),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_award_terms_award_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_award_terms")),
        sa.UniqueConstraint("award_id", "version", name=op.f("uq_award_terms_award_id_version")),
        info={"append_only": True},
    )
    op.create_table(
        "cash_movement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=True),
        sa.Column("corrects_id", sa.Uuid(), nullable=True),
        sa.Column("amount_krw", sa.BigInteger(), nullable=False),
        sa.Column("cost_krw", sa.BigInteger(), nullable=False),
        sa.Column("sharing", sa.String(length=8), nullable=True),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("txn_key", sa.String(length=200), nullable=True),
        sa.Column("prepared_by_id", sa.Uuid(), nullable=False),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("return_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("(kind = 'correction') = (corrects_id IS NOT NULL)", name=op.f("ck_cash_movement_corrects")),
        sa.CheckConstraint(
            "(kind = 'payout') OR award_id IS NOT NULL OR kind = 'correction'", name=op.f("ck_cash_movement_award")
        ),
        sa.CheckConstraint("(state = 'approved') = (txn_key IS NOT NULL)", name=op.f("ck_cash_movement_posted")),
        sa.CheckConstraint("(state = 'drafted') = (decided_by_id IS NULL)", name=op.f("ck_cash_movement_decided")),
        sa.CheckConstraint(
            "kind IN ('dividend','interest','redemption','exit','write_off','payout','correction')",
            name=op.f("ck_cash_movement_kind"),
        ),
        sa.CheckConstraint("kind NOT IN ('dividend','interest') OR cost_krw = 0", name=op.f("ck_cash_movement_income")),
        sa.CheckConstraint("state IN ('drafted','approved','returned')", name=op.f("ck_cash_movement_state")),
        sa.CheckConstraint("amount_krw >= 0 AND cost_krw >= 0", name=op.f("ck_cash_movement_amount")),
        sa.CheckConstraint(
            "decided_by_id IS NULL OR decided_by_id <> prepared_by_id", name=op.f("ck_cash_movement_four_eyes")
        ),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_cash_movement_award_id")),
        sa.ForeignKeyConstraint(["corrects_id"], ["cash_movement.id"], name=op.f("fk_cash_movement_corrects_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["person.id"], name=op.f("fk_cash_movement_decided_by_id")),
        sa.ForeignKeyConstraint(["prepared_by_id"], ["person.id"], name=op.f("fk_cash_movement_prepared_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cash_movement")),
        sa.UniqueConstraint("number", name=op.f("uq_cash_movement_number")),
        sa.UniqueConstraint("txn_key", name=op.f("uq_cash_movement_txn_key")),
    )
    op.create_index(op.f("ix_cash_movement_award_id"), "cash_movement", ["award_id"], unique=False)
    op.create_index(op.f("ix_cash_movement_state"), "cash_movement", ["state"], unique=False)
    op.create_index(
        "uq_cash_movement_corrects",
        "cash_movement",
        ["corrects_id"],
        unique=True,
        sqlite_where=sa.text("state <> 'returned'"),
        postgresql_where=sa.text("state <> 'returned'"),
    )
    op.create_table(
        "financing_round",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=False),
        sa.Column("pre_money_krw", sa.BigInteger(), nullable=False),
        sa.Column("new_money_krw", sa.BigInteger(), nullable=False),
        sa.Column("price_krw", sa.BigInteger(), nullable=False),
        sa.Column("our_shares", sa.BigInteger(), nullable=False),
        sa.Column("total_shares", sa.BigInteger(), nullable=False),
        sa.Column("insider_only", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "pre_money_krw >= 0 AND new_money_krw >= 0 AND price_krw > 0", name=op.f("ck_financing_round_money")
        ),
        sa.CheckConstraint(
            "total_shares > 0 AND our_shares BETWEEN 0 AND total_shares", name=op.f("ck_financing_round_shares")
        ),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_financing_round_award_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_financing_round")),
        sa.UniqueConstraint("award_id", "name", "version", name=op.f("uq_financing_round_award_id_name_version")),
        info={"append_only": True},
    )
    op.create_table(
        "capital_call_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("investor_code", sa.String(length=40), nullable=False),
        sa.Column("tranche_id", sa.Uuid(), nullable=True),
        sa.Column("expense", sa.String(length=30), nullable=True),
        sa.Column("quarter", sa.String(length=6), nullable=True),
        sa.Column("amount_krw", sa.BigInteger(), nullable=False),
        sa.Column("txn_key", sa.String(length=200), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(expense IS NULL) = (quarter IS NULL)", name=op.f("ck_capital_call_line_quarter")),
        sa.CheckConstraint("(tranche_id IS NULL) <> (expense IS NULL)", name=op.f("ck_capital_call_line_purpose")),
        sa.CheckConstraint("amount_krw > 0", name=op.f("ck_capital_call_line_amount")),
        sa.ForeignKeyConstraint(["call_id"], ["capital_call.id"], name=op.f("fk_capital_call_line_call_id")),
        sa.ForeignKeyConstraint(["investor_code"], ["investor.code"], name=op.f("fk_capital_call_line_investor_code")),
        sa.ForeignKeyConstraint(["tranche_id"], ["tranche.id"], name=op.f("fk_capital_call_line_tranche_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_capital_call_line")),
        sa.UniqueConstraint("call_id", "place", name=op.f("uq_capital_call_line_call_id_place")),
    )
    op.create_index(op.f("ix_capital_call_line_txn_key"), "capital_call_line", ["txn_key"], unique=False)
    op.create_index(
        "uq_capital_call_line_expense",
        "capital_call_line",
        ["expense", "quarter", "investor_code"],
        unique=True,
        sqlite_where=sa.text("cancelled_at IS NULL AND expense IS NOT NULL"),
        postgresql_where=sa.text("cancelled_at IS NULL AND expense IS NOT NULL"),
    )
    op.create_index(
        "uq_capital_call_line_tranche",
        "capital_call_line",
        ["tranche_id", "investor_code"],
        unique=True,
        sqlite_where=sa.text("cancelled_at IS NULL AND tranche_id IS NOT NULL"),
        postgresql_where=sa.text("cancelled_at IS NULL AND tranche_id IS NOT NULL"),
    )
    op.create_table(
        "tranche_condition",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tranche_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("met_by_id", sa.Uuid(), nullable=True),
        sa.Column("met_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'open') = (met_by_id IS NULL) AND (state = 'open') = (met_at IS NULL)",
            name=op.f("ck_tranche_condition_met"),
        ),
        sa.CheckConstraint("kind IN ('precedent','milestone')", name=op.f("ck_tranche_condition_kind")),
        sa.CheckConstraint("state <> 'met' OR evidence IS NOT NULL", name=op.f("ck_tranche_condition_evidence")),
        sa.CheckConstraint("state <> 'waived' OR reason IS NOT NULL", name=op.f("ck_tranche_condition_reason")),
        sa.CheckConstraint("state IN ('open','met','waived')", name=op.f("ck_tranche_condition_state")),
        sa.CheckConstraint("length(text) > 0", name=op.f("ck_tranche_condition_text")),
        sa.ForeignKeyConstraint(["met_by_id"], ["person.id"], name=op.f("fk_tranche_condition_met_by_id")),
        sa.ForeignKeyConstraint(["tranche_id"], ["tranche.id"], name=op.f("fk_tranche_condition_tranche_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tranche_condition")),
        sa.UniqueConstraint("tranche_id", "number", name=op.f("uq_tranche_condition_tranche_id_number")),
    )
    op.create_table(
        "valuation_draft",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("quarter", sa.String(length=6), nullable=False),
        sa.Column("fair_value_krw", sa.BigInteger(), nullable=False),
        sa.Column("technique", sa.String(length=20), nullable=False),
        sa.Column("inputs", sa.Text(), nullable=False),
        sa.Column("milestone_status", sa.Text(), nullable=False),
        sa.Column("round_price_krw", sa.BigInteger(), nullable=True),
        sa.Column("round_new_bp", sa.BigInteger(), nullable=True),
        sa.Column("calibration_note", sa.Text(), nullable=False),
        sa.Column("change_krw", sa.BigInteger(), nullable=True),
        sa.Column("change_reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("prepared_by_id", sa.Uuid(), nullable=False),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("return_reason", sa.Text(), nullable=True),
        sa.Column("valuation_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(state = 'approved') = (valuation_id IS NOT NULL)", name=op.f("ck_valuation_draft_approved")
        ),
        sa.CheckConstraint("(state = 'prepared') = (decided_by_id IS NULL)", name=op.f("ck_valuation_draft_decided")),
        sa.CheckConstraint(
            "(state = 'returned') = (return_reason IS NOT NULL)", name=op.f("ck_valuation_draft_returned")
        ),
        sa.CheckConstraint("state IN ('prepared','approved','returned')", name=op.f("ck_valuation_draft_state")),
        sa.CheckConstraint(
            "decided_by_id IS NULL OR decided_by_id <> prepared_by_id", name=op.f("ck_valuation_draft_four_eyes")
        ),
        sa.CheckConstraint("fair_value_krw >= 0", name=op.f("ck_valuation_draft_fair_value")),
        sa.CheckConstraint(
            "round_new_bp IS NULL OR round_new_bp BETWEEN 0 AND 10000", name=op.f("ck_valuation_draft_new_share")
        ),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_valuation_draft_award_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["person.id"], name=op.f("fk_valuation_draft_decided_by_id")),
        sa.ForeignKeyConstraint(["prepared_by_id"], ["person.id"], name=op.f("fk_valuation_draft_prepared_by_id")),
        sa.ForeignKeyConstraint(["valuation_id"], ["valuation.id"], name=op.f("fk_valuation_draft_valuation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_valuation_draft")),
    )
    op.create_index(op.f("ix_valuation_draft_award_id"), "valuation_draft", ["award_id"], unique=False)
    op.create_index(
        "uq_valuation_draft_waiting",
        "valuation_draft",
        ["award_id", "quarter"],
        unique=True,
        sqlite_where=sa.text("state = 'prepared'"),
        postgresql_where=sa.text("state = 'prepared'"),
    )

    for table in APPEND_ONLY:
        keep_history(table)


def downgrade() -> None:
    for table in APPEND_ONLY:
        release_history(table)
    op.drop_index(
        "uq_valuation_draft_waiting",
        table_name="valuation_draft",
        sqlite_where=sa.text("state = 'prepared'"),
        postgresql_where=sa.text("state = 'prepared'"),
    )
    op.drop_index(op.f("ix_valuation_draft_award_id"), table_name="valuation_draft")
    op.drop_table("valuation_draft")
    op.drop_table("tranche_condition")
    op.drop_index(
        "uq_capital_call_line_tranche",
        table_name="capital_call_line",
        sqlite_where=sa.text("cancelled_at IS NULL AND tranche_id IS NOT NULL"),
        postgresql_where=sa.text("cancelled_at IS NULL AND tranche_id IS NOT NULL"),
    )
    op.drop_index(
        "uq_capital_call_line_expense",
        table_name="capital_call_line",
        sqlite_where=sa.text("cancelled_at IS NULL AND expense IS NOT NULL"),
        postgresql_where=sa.text("cancelled_at IS NULL AND expense IS NOT NULL"),
    )
    op.drop_index(op.f("ix_capital_call_line_txn_key"), table_name="capital_call_line")
    op.drop_table("capital_call_line")
    op.drop_table("financing_round")
    op.drop_index(
        "uq_cash_movement_corrects",
        table_name="cash_movement",
        sqlite_where=sa.text("state <> 'returned'"),
        postgresql_where=sa.text("state <> 'returned'"),
    )
    op.drop_index(op.f("ix_cash_movement_state"), table_name="cash_movement")
    op.drop_index(op.f("ix_cash_movement_award_id"), table_name="cash_movement")
    op.drop_table("cash_movement")
    op.drop_table("award_terms")
    op.drop_index(op.f("ix_capital_call_state"), table_name="capital_call")
    op.drop_table("capital_call")

    narrow_valuation()


def widen_valuation() -> None:
    """SQLite copies the table to add constraints, and loses its triggers with the old one."""
    with op.batch_alter_table("valuation") as batch:
        batch.add_column(sa.Column("inputs", sa.Text(), nullable=True))
        batch.add_column(sa.Column("calibration_note", sa.Text(), nullable=True))
        batch.add_column(sa.Column("change_reason", sa.Text(), nullable=True))
        batch.add_column(sa.Column("prepared_by_id", sa.Uuid(), nullable=True))
        batch.add_column(sa.Column("approved_by_id", sa.Uuid(), nullable=True))
        batch.create_foreign_key(op.f("fk_valuation_prepared_by_id"), "person", ["prepared_by_id"], ["id"])
        batch.create_foreign_key(op.f("fk_valuation_approved_by_id"), "person", ["approved_by_id"], ["id"])
        batch.create_check_constraint(op.f(FOUR_PEOPLE), "approved_by_id IS NULL OR approved_by_id <> prepared_by_id")
    if is_sqlite():
        keep_history("valuation")


def narrow_valuation() -> None:
    with op.batch_alter_table("valuation") as batch:
        batch.drop_constraint(op.f(FOUR_PEOPLE), type_="check")
        batch.drop_constraint(op.f("fk_valuation_prepared_by_id"), type_="foreignkey")
        batch.drop_constraint(op.f("fk_valuation_approved_by_id"), type_="foreignkey")
        for column in ("approved_by_id", "prepared_by_id", "change_reason", "calibration_note", "inputs"):
            batch.drop_column(column)
    if is_sqlite():
        keep_history("valuation")


def keep_history(table: str) -> None:
    if not is_sqlite():
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


def release_history(table: str) -> None:
    if not is_sqlite():
        op.execute(f"DROP TRIGGER append_only_{table} ON {table}")
        return
    for verb in ("update", "delete"):
        op.execute(f"DROP TRIGGER append_only_{table}_{verb}")


def is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
