"""The statements of a posting, spoken to the driver of each database.

A posting is some ten short statements. Compiled, executed and wrapped one by one they cost more in Python than in the
database, so they are written out here for each engine: SQLite answers in the same process and is asked one
statement after the other; PostgreSQL is asked in two trips, the first to look and the second to write.

Errors leave as SQLAlchemy's, so that callers and retries see what they see everywhere else.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Protocol

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from fundapp.ledger.rules import Entry

AccountId = tuple[str, str]
"""Path and commodity."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who records it, when, and what the transaction row says besides its entry.

    `about` names the hold or the transaction that it acts on, and belongs to the request behind its key: the same
    key cannot void two holds.
    """

    actor: str
    at: datetime
    status: str = "posted"
    hold_id: int | None = None
    reverses_id: int | None = None
    expires_at: datetime | None = None
    about: str | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """What the database knows before anything is written.

    Attributes:
        hashes: Request hash by key, of those keys that were used.
        closed_through: The last day of closed books; share-locked, so that no close slips in between.
        accounts: Account numbers by path and commodity.
    """

    hashes: dict[str, str]
    closed_through: date | None
    accounts: dict[AccountId, int]


@dataclass(frozen=True, slots=True)
class Batch:
    """What is to be written: entries with their hashes, and the changes of balances."""

    entries: Sequence[Entry]
    digests: Sequence[str]
    stamp: Stamp
    accounts: dict[AccountId, int]
    deltas: Deltas

    def legs(self) -> Iterator[tuple[Entry, int, int, str, int]]:
        """Yield (entry, debit number, credit number, commodity, minor units) of each leg, in order."""
        for entry in self.entries:
            for leg in entry.legs:
                commodity = leg.quantity.commodity
                debit, credit = self.accounts[leg.debit, commodity], self.accounts[leg.credit, commodity]
                yield entry, debit, credit, commodity, leg.quantity.minor


@dataclass(frozen=True, slots=True)
class Deltas:
    """Sums of changes by account, applied in account order so that two writers cannot deadlock."""

    sums: dict[int, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0, 0, 0]))

    def post(self, debit: int, credit: int, amount: int) -> None:
        """Count a transfer as posted."""
        sums = self.sums
        change = sums[debit]
        change[0] += amount
        change[4] += 1
        change = sums[credit]
        change[1] += amount
        change[4] += 1

    def hold(self, debit: int, credit: int, amount: int) -> None:
        """Count a transfer as pending; a negative amount releases it."""
        self.sums[debit][2] += amount
        self.sums[credit][3] += amount

    def rows(self) -> list[tuple[int, int, int, int, int, int]]:
        """Return (debits, credits, pending debits, pending credits, transfers, account) in account order."""
        return [(dp, cp, dh, ch, n, account) for account, (dp, cp, dh, ch, n) in sorted(self.sums.items())]


class Wire(Protocol):
    """How one engine is asked."""

    def look(self, keys: Sequence[str], paths: Sequence[str]) -> Looked:
        """Return what is known of keys, books and accounts."""

    def write(self, batch: Batch) -> None:
        """Write a batch, or nothing of it: a refused constraint leaves the transaction usable.

        Raises:
            IntegrityError: naming the constraint.
        """


def wire_of(connection: Connection) -> Wire:
    """Return the wire of the connection's engine; its transaction is the connection's own."""
    return SqliteWire(connection) if connection.dialect.name == "sqlite" else PostgresWire(connection)


@contextmanager
def _translated(connection: Connection, doing: str) -> Iterator[None]:
    driver: Any = connection.dialect.loaded_dbapi
    try:
        yield
    except driver.Error as error:
        raise DBAPIError.instance(doing, None, error, driver.Error, dialect=connection.dialect) from error


# ---- SQLite ----

SQLITE_KEY = "SELECT key, request_sha256 FROM ledger_txn WHERE key = ?"
SQLITE_KEYS = "SELECT key, request_sha256 FROM ledger_txn WHERE key IN (SELECT value FROM json_each(?))"
SQLITE_BOOK = "SELECT closed_through FROM ledger_book WHERE id = 1"
SQLITE_ACCOUNTS = "SELECT path, commodity, id FROM ledger_account WHERE path IN (SELECT value FROM json_each(?))"
SQLITE_LAST = "SELECT coalesce(max(id), 0) FROM ledger_txn"
SQLITE_TXN = (
    "INSERT INTO ledger_txn (id, key, request_sha256, kind, status, effective_on, recorded_at, actor, source_ref, "
    "hold_id, reverses_id, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
SQLITE_TRANSFER = (
    "INSERT INTO ledger_transfer (txn_id, debit_id, credit_id, commodity, amount, effective_on) "
    "VALUES (?, ?, ?, ?, ?, ?)"
)
SQLITE_RESOLUTION = "INSERT INTO ledger_hold_resolution (hold_id, txn_id) VALUES (?, ?)"
SQLITE_BALANCE = (
    "UPDATE ledger_balance SET debits_posted = debits_posted + ?, credits_posted = credits_posted + ?, "
    "debits_pending = debits_pending + ?, credits_pending = credits_pending + ?, "
    "transfers_posted = transfers_posted + ? WHERE account_id = ?"
)


def sqlite_instant(at: datetime) -> str:
    """Return an instant as SQLAlchemy keeps it in SQLite: UTC without its zone."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


class SqliteWire:
    """One statement after the other, under the write lock that the transaction took when it began."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._cursor = connection.connection.cursor()

    def look(self, keys: Sequence[str], paths: Sequence[str]) -> Looked:
        """Return what is known of keys, books and accounts."""
        cursor = self._cursor
        with _translated(self._connection, "looking into the ledger"):
            if len(keys) == 1:
                cursor.execute(SQLITE_KEY, keys)
            else:
                cursor.execute(SQLITE_KEYS, (json.dumps(keys),))
            hashes = dict(cursor.fetchall())
            book = cursor.execute(SQLITE_BOOK).fetchone()
            cursor.execute(SQLITE_ACCOUNTS, (json.dumps(paths),))
            accounts = {(path, commodity): number for path, commodity, number in cursor.fetchall()}
        closed = book[0] if book else None
        return Looked(hashes, None if closed is None else date.fromisoformat(closed), accounts)

    def write(self, batch: Batch) -> None:
        """Write a batch, or nothing of it."""
        cursor = self._cursor
        with _translated(self._connection, "posting"):
            cursor.execute("SAVEPOINT posting")
            try:
                self._write(batch)
            except BaseException:
                cursor.execute("ROLLBACK TO posting")
                raise
            finally:
                cursor.execute("RELEASE posting")

    def _write(self, batch: Batch) -> None:
        cursor, stamp = self._cursor, batch.stamp
        # Nobody else can take a number in between: the write lock is ours.
        last: int = cursor.execute(SQLITE_LAST).fetchone()[0]
        numbers = {entry.key: number for number, entry in enumerate(batch.entries, start=last + 1)}
        expires = None if stamp.expires_at is None else sqlite_instant(stamp.expires_at)
        recorded, status, actor = sqlite_instant(stamp.at), stamp.status, stamp.actor
        hold, reverses = stamp.hold_id, stamp.reverses_id
        days = {entry.effective_on: entry.effective_on.isoformat() for entry in batch.entries}
        txns = [
            (
                *(numbers[e.key], e.key, digest, e.kind, status, days[e.effective_on]),
                *(recorded, actor, e.source_ref, hold, reverses, expires),
            )
            for e, digest in zip(batch.entries, batch.digests, strict=True)
        ]
        cursor.executemany(SQLITE_TXN, txns)
        if stamp.hold_id is not None:
            cursor.execute(SQLITE_RESOLUTION, (stamp.hold_id, last + 1))
        held = status == "hold"
        rows = [
            (numbers[e.key], debit, credit, commodity, amount, None if held else days[e.effective_on])
            for e, debit, credit, commodity, amount in batch.legs()
        ]
        cursor.executemany(SQLITE_TRANSFER, rows)
        cursor.executemany(SQLITE_BALANCE, batch.deltas.rows())


# ---- PostgreSQL ----

PG_LOOK = """
WITH book AS (SELECT closed_through FROM ledger_book WHERE id = 1 FOR SHARE)
SELECT 'key', key, request_sha256, NULL::bigint, NULL::date FROM ledger_txn WHERE key = ANY(%s::text[])
UNION ALL SELECT 'account', path, commodity, id, NULL FROM ledger_account WHERE path = ANY(%s::text[])
UNION ALL SELECT 'book', NULL, NULL, NULL, closed_through FROM book
"""
PG_ENTRIES = """
WITH fresh AS (
    INSERT INTO ledger_txn (key, request_sha256, kind, effective_on, source_ref,
        status, recorded_at, actor, hold_id, reverses_id, expires_at)
    SELECT entry.*, %s::text, %s::timestamptz, %s::text, %s::bigint, %s::bigint, %s::timestamptz
    FROM unnest(%s::text[], %s::text[], %s::text[], %s::date[], %s::text[]) AS entry
    RETURNING id, key, status, effective_on
)
INSERT INTO ledger_transfer (txn_id, debit_id, credit_id, commodity, amount, effective_on)
SELECT fresh.id, leg.debit_id, leg.credit_id, leg.commodity, leg.amount,
    CASE WHEN fresh.status <> 'hold' THEN fresh.effective_on END
FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::bigint[]) WITH ORDINALITY
    AS leg (key, debit_id, credit_id, commodity, amount, position)
JOIN fresh ON fresh.key = leg.key
ORDER BY leg.position
"""
PG_RESOLUTION = "INSERT INTO ledger_hold_resolution (hold_id, txn_id) SELECT %s, id FROM ledger_txn WHERE key = %s"
PG_BALANCES = """
UPDATE ledger_balance AS balance SET
    debits_posted = debits_posted + change.dp, credits_posted = credits_posted + change.cp,
    debits_pending = debits_pending + change.dh, credits_pending = credits_pending + change.ch,
    transfers_posted = transfers_posted + change.n
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
    AS change (dp, cp, dh, ch, n, account_id)
JOIN (SELECT account_id FROM ledger_balance WHERE account_id = ANY(%s::bigint[]) ORDER BY account_id FOR UPDATE)
    AS locked ON locked.account_id = change.account_id
WHERE balance.account_id = change.account_id
"""
"""The locks are taken in account order; what a rival has committed meanwhile is added to, because each sum is
relative and PostgreSQL computes it anew from the row as it is once locked."""


class PostgresWire:
    """As few trips as there can be without a pipeline: one to look, four to write."""

    # A pipeline would save three of these trips, but within one psycopg takes a statement for prepared even if an
    # error before it kept the server from preparing it, and the connection is then of no more use.

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._cursor = connection.connection.cursor()

    def look(self, keys: Sequence[str], paths: Sequence[str]) -> Looked:
        """Return what is known of keys, books and accounts."""
        hashes: dict[str, str] = {}
        accounts: dict[AccountId, int] = {}
        closed: date | None = None
        with _translated(self._connection, "looking into the ledger"):
            self._cursor.execute(PG_LOOK, (list(keys), list(paths)))
            for what, name, text, number, day in self._cursor.fetchall():
                if what == "key":
                    hashes[name] = text
                elif what == "account":
                    accounts[name, text] = number
                else:
                    closed = day
        return Looked(hashes, closed, accounts)

    def write(self, batch: Batch) -> None:
        """Write a batch, or nothing of it."""
        cursor, stamp = self._cursor, batch.stamp
        with _translated(self._connection, "posting"):
            cursor.execute("SAVEPOINT posting")
            try:
                cursor.execute(PG_ENTRIES, pg_parameters(batch))
                if stamp.hold_id is not None:
                    cursor.execute(PG_RESOLUTION, (stamp.hold_id, batch.entries[0].key))
                cursor.execute(PG_BALANCES, pg_changes(batch))
            except BaseException:
                if not getattr(self._connection.connection.driver_connection, "closed", True):
                    cursor.execute("ROLLBACK TO posting")
                    cursor.execute("RELEASE posting")
                raise
            cursor.execute("RELEASE posting")


def pg_parameters(batch: Batch) -> list[Any]:
    """Return the parameters of `PG_ENTRIES`."""
    stamp, entries = batch.stamp, batch.entries
    return [
        *(stamp.status, stamp.at, stamp.actor, stamp.hold_id, stamp.reverses_id, stamp.expires_at),
        *([e.key for e in entries], list(batch.digests), [e.kind for e in entries]),
        *([e.effective_on for e in entries], [e.source_ref for e in entries]),
        *_columns(((e.key, *rest) for e, *rest in batch.legs()), 5),
    ]


def pg_changes(batch: Batch) -> list[Any]:
    """Return the parameters of `PG_BALANCES`."""
    columns = _columns(batch.deltas.rows(), 6)
    return [*columns, columns[5]]


def _columns(rows: Iterable[tuple[Any, ...]], width: int) -> list[list[Any]]:
    columns = [list(column) for column in zip(*rows, strict=True)]
    return columns or [[] for _ in range(width)]
