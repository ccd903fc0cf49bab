"""Whose subscription is whose, which exports cover what, machine sizes of the fund's own, and use as posted lines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013_usage_sources"
down_revision = "0012_ledger_periods"
branch_labels = None
depends_on = None

TABLES = ("usage_coverage", "usage_owner", "gpu_size")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DAY = ("owner", "sku", "region", "utc_day", "scope", "billing_month")


def upgrade() -> None:
    _rename_hash("file_sha256", "content_sha256")
    _create_tables()
    _day_lines()
    for table in (*TABLES, "usage_day"):
        _keep_history(table)


def downgrade() -> None:
    _day_totals()
    for table in reversed(TABLES):
        op.drop_table(table)
    _rename_hash("content_sha256", "file_sha256")


def _rename_hash(before: str, after: str) -> None:
    op.drop_index(f"ix_usage_import_{before}", table_name="usage_import")
    op.execute(f"ALTER TABLE usage_import RENAME COLUMN {before} TO {after}")
    op.create_index(f"ix_usage_import_{after}", "usage_import", [after], unique=False)


def _create_tables() -> None:
    op.create_table(
        "usage_coverage",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.String(length=300), nullable=False),
        sa.Column("sub_account", sa.String(length=200), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("run", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["usage_import.id"], name=op.f("fk_usage_coverage_import_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_coverage")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_usage_coverage_import_id"), "usage_coverage", ["import_id"], unique=False)
    op.create_index("ix_usage_coverage_bill", "usage_coverage", ["sub_account", "month"], unique=False)
    op.create_table(
        "usage_owner",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("recorded_by", sa.String(length=120), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_usage_owner_validity")),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_usage_owner_award_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_owner")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_usage_owner_name_version")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_usage_owner_award_id"), "usage_owner", ["award_id"], unique=False)
    op.create_table(
        "gpu_size",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("sku", sa.String(length=20), nullable=False),
        sa.Column("gpus_numerator", sa.BigInteger(), nullable=False),
        sa.Column("gpus_denominator", sa.BigInteger(), nullable=False),
        sa.Column("memory_gb", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("recorded_by", sa.String(length=120), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "gpus_numerator > 0 AND gpus_denominator > 0 AND memory_gb > 0", name=op.f("ck_gpu_size_positive")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gpu_size")),
        sa.UniqueConstraint("name", "valid_from", "version", name=op.f("uq_gpu_size_name_valid_from_version")),
        info={"append_only": True},
    )


def _day_lines() -> None:
    """Totals of days become lines of postings; what suspense was valued at comes from the ledger."""
    rows = _take_days(("id", "award_id", *DAY, "posted_e4", "postings"))
    values = _suspense_values()
    lines = op.create_table(
        "usage_day",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("owner", sa.String(length=120), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=True),
        sa.Column("sku", sa.String(length=20), nullable=False),
        sa.Column("region", sa.String(length=40), nullable=False),
        sa.Column("utc_day", sa.Date(), nullable=False),
        sa.Column("scope", sa.String(length=200), nullable=False),
        sa.Column("billing_month", sa.Date(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("posting", sa.BigInteger(), nullable=False),
        sa.Column("posted_e4", sa.BigInteger(), nullable=False),
        sa.Column("value_e4", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_usage_day_award_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_day")),
        sa.UniqueConstraint(
            "billing_month",
            "scope",
            "owner",
            "sku",
            "region",
            "utc_day",
            "posting",
            name=op.f("uq_usage_day_line"),
        ),
        info={"append_only": True},
    )
    op.create_index("ix_usage_day_award_id_sku", "usage_day", ["award_id", "sku"], unique=False)
    op.create_index(op.f("ix_usage_day_effective_on"), "usage_day", ["effective_on"], unique=False)
    kept = []
    for row in rows:
        line = {name: row[name] for name in (*DAY, "award_id", "posted_e4")}
        day = ":".join(("usage", row["owner"], row["sku"], row["region"], str(row["utc_day"])))
        # Values are taken back by day, whatever the bill, so the first line of a day may carry them all.
        value = values.pop(day, 0) if row["award_id"] is None else 0
        kept.append({**line, "posting": row["postings"], "effective_on": row["utc_day"], "value_e4": value})
    if kept:
        op.bulk_insert(lines, kept)


def _day_totals() -> None:
    rows = _take_days(("award_id", *DAY, "posted_e4", "posting"))
    new_id = sa.Uuid().python_type
    sums: dict[tuple, dict] = {}
    for row in rows:
        place = tuple(row[name] for name in DAY)
        total = sums.setdefault(place, {**row, "id": new_id(int=len(sums) + 1), "posted_e4": 0, "postings": 0})
        total["posted_e4"] += row["posted_e4"]
        total["postings"] = max(total["postings"], row["posting"])
    table = op.create_table(
        "usage_day",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.String(length=120), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=True),
        sa.Column("sku", sa.String(length=20), nullable=False),
        sa.Column("region", sa.String(length=40), nullable=False),
        sa.Column("utc_day", sa.Date(), nullable=False),
        sa.Column("scope", sa.String(length=200), nullable=False),
        sa.Column("billing_month", sa.Date(), nullable=False),
        sa.Column("posted_e4", sa.BigInteger(), nullable=False),
        sa.Column("postings", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_usage_day_award_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_day")),
        sa.UniqueConstraint(*DAY, name=op.f("uq_usage_day_owner_sku_region_utc_day_scope_billing_month")),
    )
    op.create_index(op.f("ix_usage_day_award_id"), "usage_day", ["award_id"], unique=False)
    op.create_index("ix_usage_day_scope_month", "usage_day", ["scope", "billing_month"], unique=False)
    if sums:
        op.bulk_insert(table, [{key: row[key] for key in row if key != "posting"} for row in sums.values()])


def _take_days(names: tuple[str, ...]) -> list[dict]:
    """Return what the table holds, and drop it."""
    types = {"id": sa.Uuid(), "award_id": sa.Uuid(), "utc_day": sa.Date(), "billing_month": sa.Date()}
    table = sa.table("usage_day", *(sa.column(name, types.get(name)) for name in names))
    rows = [dict(row) for row in op.get_bind().execute(sa.select(table)).mappings()]
    op.drop_table("usage_day")
    return rows


def _suspense_values() -> dict[str, int]:
    """Return the imputed value that is posted in suspense, by owner, SKU, region and day."""
    rows = op.get_bind().execute(
        sa.text(
            "SELECT x.key, t.amount, d.path FROM ledger_txn x JOIN ledger_transfer t ON t.txn_id = x.id "
            "JOIN ledger_account d ON d.id = t.debit_id WHERE x.kind = 'suspense' AND t.commodity = 'KRW-IMPUTED'"
        )
    )
    values: dict[str, int] = {}
    for key, amount, debit in rows:
        day = key.rsplit(":", 2)[0]
        values[day] = values.get(day, 0) + (amount if debit.startswith("suspense:") else -amount)
    return values


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
