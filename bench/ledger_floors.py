"""The floors of posting: the driver alone.

`same` runs the very statements that a posting makes, in the same trips and with as many commits, with every
parameter prepared beforehand: what is left to the product is SQLAlchemy's transaction and its own Python. `lean` is
the least that leaves the same rows: no look-ups, no keys, no balances.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from measuring import clock
from stores import Store, copied

from fundapp.core.access import SYSTEM
from fundapp.core.idempotency import request_hash
from fundapp.core.sessions import Database
from fundapp.ledger import wires
from fundapp.ledger.rules import Entry

_FIRST_ID = 1_000_000
_TXN = ("id", "key", "request_sha256", "kind", "status", "effective_on", "recorded_at", "actor", "source_ref")
_TRANSFER = ("txn_id", "debit_id", "credit_id", "commodity", "amount", "effective_on")

Numbers = dict[tuple[str, str], int]
Rows = list[tuple[Any, ...]]


def same(store: Store, wanted: Sequence[Entry], at: datetime, *, at_once: int) -> float:
    """Make the statements of a posting through the driver alone."""
    with copied(store, "opened") as database, _driver(database) as connection:
        cursor = connection.cursor()
        accounts = _accounts(connection, cursor)
        parts = [wanted[start : start + at_once] for start in range(0, len(wanted), at_once)]
        prepare = _sqlite if database.is_sqlite else _postgres
        prepared = [prepare(part, accounts, at) for part in parts]

        def work() -> None:
            for statements in prepared:
                _send(cursor, statements)
                connection.commit()

        return clock(work)


def _send(cursor: Any, statements: Statements) -> None:  # noqa: ANN401 - a DBAPI cursor
    for statement, parameters, many in statements:
        if many:
            cursor.executemany(statement, parameters)
            continue
        cursor.execute(statement, *([] if parameters is None else [parameters]))
        if cursor.description is not None:
            cursor.fetchall()


def _batch(part: Sequence[Entry], accounts: Numbers, at: datetime) -> wires.Batch:
    deltas = wires.Deltas()
    for entry in part:
        for leg in entry.legs:
            code = leg.quantity.commodity
            deltas.post(accounts[leg.debit, code], accounts[leg.credit, code], leg.quantity.minor)
    digests = [request_hash(entry.request()) for entry in part]
    return wires.Batch(part, digests, wires.Stamp(SYSTEM.name, at), accounts, deltas)


def _looked_for(part: Sequence[Entry]) -> tuple[list[str], list[str]]:
    keys = [entry.key for entry in part]
    return keys, sorted({path for entry in part for leg in entry.legs for path in (leg.debit, leg.credit)})


Statements = list[tuple[str, Any, bool]]
"""What is said to the driver, with its parameters, and whether they are many rows."""


def _sqlite(part: Sequence[Entry], accounts: Numbers, at: datetime) -> Statements:
    batch = _batch(part, accounts, at)
    keys, paths = _looked_for(part)
    looking = (wires.SQLITE_KEY, keys) if len(keys) == 1 else (wires.SQLITE_KEYS, (json.dumps(keys),))
    first = 1 + int(part[0].key.rpartition(":")[2])
    rows = [_sqlite_rows(number, entry, accounts, at) for number, entry in enumerate(part, start=first)]
    return [
        ("BEGIN IMMEDIATE", (), False),
        (*looking, False),
        (wires.SQLITE_BOOK, (), False),
        (wires.SQLITE_ACCOUNTS, (json.dumps(paths),), False),
        ("SAVEPOINT posting", (), False),
        (wires.SQLITE_LAST, (), False),
        (wires.SQLITE_TXN, [(*row, None, None, None) for row, _ in rows], True),
        (wires.SQLITE_TRANSFER, [leg for _, legs in rows for leg in legs], True),
        (wires.SQLITE_BALANCE, batch.deltas.rows(), True),
        ("RELEASE posting", (), False),
    ]


def _postgres(part: Sequence[Entry], accounts: Numbers, at: datetime) -> Statements:
    batch = _batch(part, accounts, at)
    keys, paths = _looked_for(part)
    return [
        (wires.PG_LOOK, (keys, paths), False),
        ("SAVEPOINT posting", None, False),
        (wires.PG_ENTRIES, wires.pg_parameters(batch), False),
        (wires.PG_BALANCES, wires.pg_changes(batch), False),
        ("RELEASE posting", None, False),
    ]


# ---- the least that leaves the same rows ----


def lean(store: Store, wanted: Sequence[Entry], at: datetime, *, at_once: int) -> float:
    """Insert the rows of a posting through the driver alone."""
    with copied(store, "opened") as database, _driver(database) as connection:
        cursor = connection.cursor()
        accounts = _accounts(connection, cursor)
        rows = [_sqlite_rows(number, entry, accounts, at) for number, entry in enumerate(wanted, start=_FIRST_ID)]
        txn = _insert(database, "ledger_txn", _TXN)
        transfer = _insert(database, "ledger_transfer", _TRANSFER)

        def work() -> None:
            for start in range(0, len(rows), at_once):
                part = rows[start : start + at_once]
                _begin(database, cursor)
                cursor.executemany(txn, [row for row, _ in part])
                cursor.executemany(transfer, [leg for _, legs in part for leg in legs])
                connection.commit()

        return clock(work)


def bare_commits(store: Store, count: int) -> float:
    """Commit one integer so often."""
    with copied(store, "opened") as database, _driver(database) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE bare (number INTEGER)")
        connection.commit()
        statement = _insert(database, "bare", ["number"])

        def work() -> None:
            for number in range(count):
                _begin(database, cursor)
                cursor.execute(statement, (number,))
                connection.commit()

        return clock(work)


def _accounts(connection: Any, cursor: Any) -> Numbers:  # noqa: ANN401 - the driver's
    cursor.execute("SELECT path, commodity, id FROM ledger_account")
    found = {(path, commodity): number for path, commodity, number in cursor.fetchall()}
    connection.rollback()
    return found


def _sqlite_rows(number: int, entry: Entry, accounts: Numbers, at: datetime) -> tuple[tuple[Any, ...], Rows]:
    day, stamp = entry.effective_on.isoformat(), wires.sqlite_instant(at)
    digest = request_hash(entry.request())
    row = (number, entry.key, digest, entry.kind, "posted", day, stamp, SYSTEM.name, entry.source_ref)
    legs: Rows = [
        (
            number,
            accounts[leg.debit, leg.quantity.commodity],
            accounts[leg.credit, leg.quantity.commodity],
            leg.quantity.commodity,
            leg.quantity.minor,
            day,
        )
        for leg in entry.legs
    ]
    return row, legs


@contextmanager
def _driver(database: Database) -> Iterator[Any]:
    connection = database.engine.raw_connection()
    try:
        yield connection
    finally:
        connection.close()


def _insert(database: Database, table: str, columns: Iterable[str]) -> str:
    names = tuple(columns)
    sign = "?" if database.is_sqlite else "%s"
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(sign for _ in names)})"


def _begin(database: Database, cursor: Any) -> None:  # noqa: ANN401 - a DBAPI cursor
    if database.is_sqlite:  # psycopg begins by itself
        cursor.execute("BEGIN IMMEDIATE")
