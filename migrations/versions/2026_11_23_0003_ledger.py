"""Accounts, transfers, balances, holds, rate cards."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_ledger"
down_revision = "0002_audit"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ledger_book",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("closed_through", sa.Date(), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_ledger_book_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_book")),
    )
    op.create_table(
        "ledger_commodity",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("scale", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_ledger_commodity")),
        info={"append_only": True},
    )
    op.create_table(
        "ledger_txn",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("request_sha256", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("source_ref", sa.String(length=160), nullable=True),
        sa.Column("hold_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reverses_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(status IN ('post','void')) = (hold_id IS NOT NULL)", name=op.f("ck_ledger_txn_resolves")),
        sa.CheckConstraint("status IN ('posted','hold','post','void')", name=op.f("ck_ledger_txn_status")),
        sa.ForeignKeyConstraint(["hold_id"], ["ledger_txn.id"], name=op.f("fk_ledger_txn_hold_id")),
        sa.ForeignKeyConstraint(["reverses_id"], ["ledger_txn.id"], name=op.f("fk_ledger_txn_reverses_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_txn")),
        sa.UniqueConstraint("key", name=op.f("uq_ledger_txn_key")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_ledger_txn_reverses_id")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_ledger_txn_effective_on"), "ledger_txn", ["effective_on"], unique=False)
    op.create_index(op.f("ix_ledger_txn_kind"), "ledger_txn", ["kind"], unique=False)
    op.create_index("ix_ledger_txn_source", "ledger_txn", ["source_ref"], unique=False)
    op.create_table(
        "ledger_account",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("path", sa.String(length=160), nullable=False),
        sa.Column("commodity", sa.String(length=40), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["commodity"], ["ledger_commodity.code"], name=op.f("fk_ledger_account_commodity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_account")),
        sa.UniqueConstraint("id", "commodity", name=op.f("uq_ledger_account_id_commodity")),
        sa.UniqueConstraint("path", "commodity", name=op.f("uq_ledger_account_path_commodity")),
    )
    op.create_table(
        "ledger_hold_resolution",
        sa.Column("hold_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("txn_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["hold_id"], ["ledger_txn.id"], name=op.f("fk_ledger_hold_resolution_hold_id")),
        sa.ForeignKeyConstraint(["txn_id"], ["ledger_txn.id"], name=op.f("fk_ledger_hold_resolution_txn_id")),
        sa.PrimaryKeyConstraint("hold_id", name=op.f("pk_ledger_hold_resolution")),
        sa.UniqueConstraint("txn_id", name=op.f("uq_ledger_hold_resolution_txn_id")),
        info={"append_only": True},
    )
    op.create_table(
        "ledger_rate_card",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("commodity", sa.String(length=40), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.CheckConstraint("unit_price > 0", name=op.f("ck_ledger_rate_card_price")),
        sa.ForeignKeyConstraint(["commodity"], ["ledger_commodity.code"], name=op.f("fk_ledger_rate_card_commodity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_rate_card")),
        sa.UniqueConstraint(
            "commodity", "valid_from", "version", name=op.f("uq_ledger_rate_card_commodity_valid_from_version")
        ),
        info={"append_only": True},
    )
    op.create_table(
        "ledger_balance",
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("debits_posted", sa.BigInteger(), nullable=False),
        sa.Column("credits_posted", sa.BigInteger(), nullable=False),
        sa.Column("debits_pending", sa.BigInteger(), nullable=False),
        sa.Column("credits_pending", sa.BigInteger(), nullable=False),
        sa.Column("floor", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("debits_pending >= 0 AND credits_pending >= 0", name=op.f("ck_ledger_balance_pending")),
        sa.CheckConstraint(
            "floor IS NULL OR credits_posted - debits_posted - debits_pending >= floor",
            name=op.f("ck_ledger_balance_floor"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["ledger_account.id"], name=op.f("fk_ledger_balance_account_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_ledger_balance")),
    )
    op.create_table(
        "ledger_transfer",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("txn_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("debit_id", sa.BigInteger(), nullable=False),
        sa.Column("credit_id", sa.BigInteger(), nullable=False),
        sa.Column("commodity", sa.String(length=40), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_ledger_transfer_amount")),
        sa.CheckConstraint("debit_id <> credit_id", name=op.f("ck_ledger_transfer_two_accounts")),
        sa.ForeignKeyConstraint(
            ["credit_id", "commodity"],
            ["ledger_account.id", "ledger_account.commodity"],
            name="fk_ledger_transfer_credit",
        ),
        sa.ForeignKeyConstraint(
            ["debit_id", "commodity"],
            ["ledger_account.id", "ledger_account.commodity"],
            name="fk_ledger_transfer_debit",
        ),
        sa.ForeignKeyConstraint(["txn_id"], ["ledger_txn.id"], name=op.f("fk_ledger_transfer_txn_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_transfer")),
        info={"append_only": True},
    )
    op.create_index("ix_ledger_transfer_credit_id", "ledger_transfer", ["credit_id"], unique=False)
    op.create_index("ix_ledger_transfer_debit_id", "ledger_transfer", ["debit_id"], unique=False)
    op.create_index(op.f("ix_ledger_transfer_txn_id"), "ledger_transfer", ["txn_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_ledger_transfer_txn_id"), table_name="ledger_transfer")
    op.drop_index("ix_ledger_transfer_debit_id", table_name="ledger_transfer")
    op.drop_index("ix_ledger_transfer_credit_id", table_name="ledger_transfer")
    op.drop_table("ledger_transfer")
    op.drop_table("ledger_balance")
    op.drop_table("ledger_rate_card")
    op.drop_table("ledger_hold_resolution")
    op.drop_table("ledger_account")
    op.drop_index("ix_ledger_txn_source", table_name="ledger_txn")
    op.drop_index(op.f("ix_ledger_txn_kind"), table_name="ledger_txn")
    op.drop_index(op.f("ix_ledger_txn_effective_on"), table_name="ledger_txn")
    op.drop_table("ledger_txn")
    op.drop_table("ledger_commodity")
    op.drop_table("ledger_book")
