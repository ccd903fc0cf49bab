"""History stays: the tables that say so have triggers, and the triggers refuse."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Boolean, CheckConstraint, Column, Connection, Date, MetaData, Table, Uuid, insert, text
from sqlalchemy.exc import DBAPIError

from fundapp.core.orm import Document, Instant
from fundapp.core.sessions import Database

_CHOICES = re.compile(r"(\w+) IN \('([^']+)'.*\)")

_VALUES: dict[type, object] = {
    Instant: datetime(2026, 7, 1, tzinfo=UTC),
    Document: {},
    Date: date(2026, 7, 1),
    Boolean: True,
}


def append_only(metadata: MetaData) -> set[str]:
    return {name for name, table in metadata.tables.items() if table.info.get("append_only")}


def triggers(connection: Connection) -> dict[str, set[str]]:
    """Return by table what its triggers refuse."""
    if connection.dialect.name == "sqlite":
        rows = connection.execute(
            text("SELECT tbl_name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'append_only%'")
        ).all()
        found: dict[str, set[str]] = {}
        for table, sql in rows:
            if "RAISE(ABORT" in sql:
                found.setdefault(table, set()).update(re.findall(r"BEFORE (UPDATE|DELETE)", sql))
        return found
    rows = connection.execute(
        text(
            "SELECT relname, tgtype FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid "
            "WHERE NOT tgisinternal AND tgname LIKE 'append_only%'"
        )
    ).all()
    # Bits of pg_trigger.tgtype, from PostgreSQL's catalog/pg_trigger.h: BEFORE 2, DELETE 8, UPDATE 16, TRUNCATE 32.
    return {
        table: {verb for verb, bit in (("DELETE", 8), ("UPDATE", 16), ("TRUNCATE", 32)) if kind & 2 and kind & bit}
        for table, kind in rows
    }


def row_of(table: Table) -> dict[str, Any]:
    """Return the least row that the table's own constraints let pass."""
    choices: dict[str, str] = {}
    for constraint in table.constraints:
        if isinstance(constraint, CheckConstraint):
            match = _CHOICES.fullmatch(str(constraint.sqltext))
            if match:
                choices[match[1]] = match[2]
    return {
        column.name: choices.get(column.name) or _value(column, position)
        for position, column in enumerate(table.columns, start=1)
        if not column.nullable
    }


def _value(column: Column[Any], position: int) -> Any:  # noqa: ANN401 - of the column's type
    if column.type.python_type is int:
        return position
    if isinstance(column.type, Uuid):
        return uuid.UUID(int=position)  # two people of a row are two
    for kind, value in _VALUES.items():
        if isinstance(column.type, kind):
            return value
    return f"{column.name}{position}"[: getattr(column.type, "length", None) or 40]


def refusals(connection: Connection, table: Table) -> set[str]:
    """Insert a row, try to change and to remove it, and return what was refused because the table keeps history."""
    column = next(iter(table.columns)).name
    refused = set()
    connection.execute(insert(table).values(**row_of(table)))
    attempts = {
        "UPDATE": f'UPDATE "{table.name}" SET "{column}" = "{column}"',
        "DELETE": f'DELETE FROM "{table.name}"',
        "TRUNCATE": f'TRUNCATE "{table.name}" CASCADE',
        "REPLACE": f'INSERT OR REPLACE INTO "{table.name}" SELECT * FROM "{table.name}"',
    }
    for verb, statement in attempts.items():
        if verb == ("TRUNCATE" if connection.dialect.name == "sqlite" else "REPLACE"):
            continue  # the other engine's word
        savepoint = connection.begin_nested()
        try:
            connection.execute(text(statement))
        except DBAPIError as error:
            if f"append-only: {table.name}" in str(error.orig):
                refused.add(verb)
        finally:
            savepoint.rollback()
    return refused


def without_foreign_keys(connection: Connection) -> None:
    """Let a lone row in, for this transaction only; the table's own triggers stay."""
    if connection.dialect.name == "sqlite":
        connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        return
    query = (
        "SELECT conrelid::regclass, conname FROM pg_constraint "
        "WHERE contype = 'f' AND connamespace = 'public'::regnamespace"
    )
    for table, name in connection.execute(text(query)).all():
        connection.execute(text(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"'))


def test_the_tables_marked_append_only_are_those_with_triggers(db: Database, metadata: MetaData) -> None:
    with db.engine.connect() as connection:
        found = triggers(connection)
    verbs = {"UPDATE", "DELETE"} if db.is_sqlite else {"UPDATE", "DELETE", "TRUNCATE"}
    assert found == dict.fromkeys(append_only(metadata), verbs)


def test_history_cannot_be_changed_removed_or_emptied(db: Database, metadata: MetaData) -> None:
    verbs = {"UPDATE", "DELETE", "REPLACE"} if db.is_sqlite else {"UPDATE", "DELETE", "TRUNCATE"}
    with db.engine.connect().execution_options(writing=True) as connection:
        without_foreign_keys(connection)
        refused = {name: refusals(connection, metadata.tables[name]) for name in append_only(metadata)}
        connection.rollback()
    assert refused == dict.fromkeys(append_only(metadata), verbs)


@pytest.mark.parametrize("name", ["lease", "outbox_message"])
def test_other_tables_can_be_changed(db: Database, metadata: MetaData, name: str) -> None:
    with db.engine.connect().execution_options(writing=True) as connection:
        refused = refusals(connection, metadata.tables[name])
        connection.rollback()
    assert refused == set()


def test_what_the_fund_must_be_able_to_prove_is_append_only(metadata: MetaData) -> None:
    history = {
        "submission",
        "scorecard",
        "review",
        "vote",
        "decision",
        "ledger_txn",
        "ledger_transfer",
        "audit_event",
        "valuation",
        "frozen_quarter",
    }
    assert history - append_only(metadata) == set()
