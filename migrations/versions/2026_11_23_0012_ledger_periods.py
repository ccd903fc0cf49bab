"""Periods, snapshots and exchange rates of the ledger; the day of effect on each transfer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012_ledger_periods"
down_revision = "0011_append_only"
branch_labels = None
depends_on = None

TABLES = ("ledger_fx", "ledger_period", "ledger_snapshot")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    # Postings share-lock this row. Without one, the first close would slip in between them.
    op.execute("INSERT INTO ledger_book (id) SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM ledger_book)")
    _create_tables()
    for table in TABLES:
        _keep_history(table)
    op.add_column("ledger_transfer", sa.Column("effective_on", sa.Date(), nullable=True))
    op.add_column("ledger_balance", sa.Column("transfers_posted", sa.BigInteger(), server_default="0", nullable=False))
    _open_history("ledger_transfer")
    op.execute(
        "UPDATE ledger_transfer SET effective_on = "
        "(SELECT x.effective_on FROM ledger_txn x WHERE x.id = ledger_transfer.txn_id AND x.status <> 'hold')"
    )
    _keep_history("ledger_transfer")
    for side in ("debit", "credit"):
        op.drop_index(f"ix_ledger_transfer_{side}_id", table_name="ledger_transfer")
        op.create_index(
            f"ix_ledger_transfer_{side}",
            "ledger_transfer",
            [f"{side}_id", "effective_on", "txn_id", "amount"],
            unique=False,
        )
    op.execute(
        "UPDATE ledger_balance SET transfers_posted = "
        "(SELECT count(*) FROM ledger_transfer t WHERE t.debit_id = account_id AND t.effective_on IS NOT NULL) + "
        "(SELECT count(*) FROM ledger_transfer t WHERE t.credit_id = account_id AND t.effective_on IS NOT NULL)"
    )


def downgrade() -> None:
    for side in ("debit", "credit"):
        op.drop_index(f"ix_ledger_transfer_{side}", table_name="ledger_transfer")
        op.create_index(f"ix_ledger_transfer_{side}_id", "ledger_transfer", [f"{side}_id"], unique=False)
    op.drop_column("ledger_balance", "transfers_posted")
    op.drop_column("ledger_transfer", "effective_on")
    for table in reversed(TABLES):
        op.drop_table(table)


def _create_tables() -> None:
    op.create_table(
        "ledger_fx",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("pair", sa.String(length=6), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("rate_e6", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.CheckConstraint("rate_e6 > 0", name=op.f("ck_ledger_fx_rate")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_fx")),
        sa.UniqueConstraint("pair", "day", "version", name=op.f("uq_ledger_fx_pair_day_version")),
        info={"append_only": True},
    )
    op.create_table(
        "ledger_period",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_by", sa.String(length=120), nullable=False),
        sa.Column("transfers", sa.BigInteger(), nullable=False),
        sa.Column("previous_sha256", sa.String(length=64), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_ledger_period_days")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_period")),
        sa.UniqueConstraint("ends_on", name=op.f("uq_ledger_period_ends_on")),
        sa.UniqueConstraint("name", name=op.f("uq_ledger_period_name")),
        sa.UniqueConstraint("starts_on", name=op.f("uq_ledger_period_starts_on")),
        info={"append_only": True},
    )
    op.create_table(
        "ledger_snapshot",
        sa.Column("period_id", SERIAL, nullable=False),
        sa.Column("account_id", SERIAL, nullable=False),
        sa.Column("debits_posted", sa.BigInteger(), nullable=False),
        sa.Column("credits_posted", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["ledger_account.id"], name=op.f("fk_ledger_snapshot_account_id")),
        sa.ForeignKeyConstraint(["period_id"], ["ledger_period.id"], name=op.f("fk_ledger_snapshot_period_id")),
        sa.PrimaryKeyConstraint("period_id", "account_id", name=op.f("pk_ledger_snapshot")),
        info={"append_only": True},
    )


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


def _open_history(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(f"DROP TRIGGER append_only_{table}_{verb}")
        return
    op.execute(f"DROP TRIGGER append_only_{table} ON {table}")
