"""Posting to the ledger, one entry to a commit and many to one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

from measuring import Case, clock
from sqlalchemy.orm import Session
from stores import Store, copied

from fundapp.core.access import SYSTEM
from fundapp.core.quantities import gpu_hours, imputed_value
from fundapp.core.sessions import Database
from fundapp.ledger.actions import open_account, post, post_many
from fundapp.ledger.queries import verify
from fundapp.ledger.rules import Entry, Leg

AT = datetime(2026, 7, 1, 0, 0, tzinfo=UTC)
DAY = date(2026, 7, 1)
RATE_KRW = 5200
GRANTS = 40
_FIRST_ID = 1_000_000
_TXN = ("id", "key", "request_sha256", "kind", "status", "effective_on", "recorded_at", "actor", "source_ref")
_TRANSFER = ("txn_id", "debit_id", "credit_id", "commodity", "amount")

Rows = list[tuple[Any, ...]]


def keep_opened(store: Store) -> None:
    """Keep a template with a pool, a source that it came from, and grants; all in hours and in imputed value."""

    def prepare(database: Database) -> None:
        def work(session: Session) -> None:
            for commodity in ("GPUH.H100", "KRW-IMPUTED"):
                open_account(session, "pool", commodity, on=DAY, floor=None)
                for grant in range(GRANTS):
                    open_account(session, f"grant:{grant}", commodity, on=DAY)

        database.transaction(work)

    store.keep("opened", prepare)


def entries(count: int) -> list[Entry]:
    """Return `count` drawdowns as the product posts them: hours and their value, one leg each."""
    return [_entry(number) for number in range(count)]


def _entry(number: int) -> Entry:
    hours = gpu_hours("H100", 1 + number % 24)
    path = f"grant:{number % GRANTS}"
    legs = (Leg("pool", path, hours), Leg("pool", path, imputed_value(hours, RATE_KRW)))
    return Entry(f"bench:{number}", "award", legs, DAY, f"bench:{number % GRANTS}")


def posting_singly(store: Store, count: int, repetitions: int) -> Case:
    """Post entries with a transaction and a commit for each."""
    wanted = entries(count)

    def work(database: Database) -> None:
        for entry in wanted:
            database.transaction(lambda session, entry=entry: _post(session, entry))  # type: ignore[misc]

    return Case(
        what="post, one a commit",
        store=store.name,
        n=count,
        unit="rows/s",
        run=lambda: _posted(store, work, count),
        floors={
            "raw SQL, same rows and commits": lambda: _raw(store, wanted, at_once=1),
            "bare commits": lambda: _bare_commits(store, count),
        },
        repetitions=repetitions,
    )


def posting_together(store: Store, count: int, repetitions: int) -> Case:
    """Post entries in one transaction."""
    wanted = entries(count)

    def work(database: Database) -> None:
        database.transaction(lambda session: post_many(session, wanted, actor=SYSTEM, at=AT))

    return Case(
        what="post, all in one commit",
        store=store.name,
        n=count,
        unit="rows/s",
        run=lambda: _posted(store, work, count),
        floors={"raw SQL, same rows": lambda: _raw(store, wanted, at_once=count)},
        repetitions=repetitions,
    )


def _post(session: Session, entry: Entry) -> None:
    post(
        session,
        key=entry.key,
        kind=entry.kind,
        legs=entry.legs,
        effective_on=entry.effective_on,
        actor=SYSTEM,
        at=AT,
        source_ref=entry.source_ref,
    )


def _posted(store: Store, work: Callable[[Database], None], count: int) -> float:
    with copied(store, "opened") as database:
        seconds = clock(lambda: work(database))
        with database.read() as session:
            books = verify(session)
        assert books.ok, books
        assert books.transfers == 2 * count, books
        return seconds


# ---- floors: the driver alone, without SQLAlchemy, balances, keys or checks of ours ----


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


def _raw(store: Store, wanted: list[Entry], *, at_once: int) -> float:
    with copied(store, "opened") as database, _driver(database) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT path, commodity, id FROM ledger_account")
        accounts = {(path, commodity): number for path, commodity, number in cursor.fetchall()}
        connection.rollback()
        rows = [_rows(number, entry, accounts) for number, entry in enumerate(wanted, start=_FIRST_ID)]
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


def _rows(number: int, entry: Entry, accounts: dict[tuple[str, str], int]) -> tuple[tuple[Any, ...], Rows]:
    day, stamp = entry.effective_on.isoformat(), AT.isoformat(sep=" ")
    row = (number, entry.key, "0" * 64, entry.kind, "posted", day, stamp, "system", entry.source_ref)
    legs: Rows = [
        (
            number,
            accounts[leg.debit, leg.quantity.commodity],
            accounts[leg.credit, leg.quantity.commodity],
            leg.quantity.commodity,
            leg.quantity.minor,
        )
        for leg in entry.legs
    ]
    return row, legs


def _bare_commits(store: Store, count: int) -> float:
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
