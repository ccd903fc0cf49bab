"""Reading large books: a balance on a past day, an account's page as the ledger grows, checking beside Beancount."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from beancount import loader
from ledger_cases import AT
from measuring import Case, clock
from sqlalchemy import text
from sqlalchemy.orm import Session
from stores import Store

from fundapp.core.access import SYSTEM
from fundapp.core.sessions import Database
from fundapp.ledger.actions import close_books, open_account
from fundapp.ledger.export import to_beancount
from fundapp.ledger.queries import balances, count_transfers, find_balance, open_holds, transfers, verify

FIRST = date(2026, 1, 1)
CLOSED = date(2026, 9, 30)
ASKED = date(2026, 11, 15)
GRANTS = 500
_DAYS = 350
_TIMES = 20
"""Reads to a sample: one takes a few milliseconds."""

_NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)"
_DAY = {
    "sqlite": f"date('{FIRST}', '+' || (n * {_DAYS} / :count) || ' days')",
    "postgresql": f"date '{FIRST}' + CAST(n * {_DAYS} / :count AS integer)",
}


def keep_books(store: Store, count: int, *, closed: bool = True) -> str:
    """Keep a template of `count` transfers over most of a year, half of them of one pool; return its name.

    Three quarters are closed, or none. The rows are written by the database itself.
    """
    name = f"books-{count}" if closed else f"open-books-{count}"

    def prepare(database: Database) -> None:
        database.transaction(_open)
        database.transaction(lambda session: _fill(session, store.name, count))
        if closed:
            database.transaction(lambda session: close_books(session, through=CLOSED, actor=SYSTEM, at=AT))
        if not database.is_sqlite:
            with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("VACUUM ANALYZE"))

    store.keep(name, prepare)
    return name


def _open(session: Session) -> None:
    open_account(session, "pool", "KRW", on=FIRST, floor=None)
    for grant in range(GRANTS):
        open_account(session, f"grant:{grant}", "KRW", on=FIRST, floor=None)


def _fill(session: Session, engine: str, count: int) -> None:
    first = session.scalar(text("SELECT id FROM ledger_account WHERE path = 'pool'"))
    day = _DAY[engine]
    parameters = {"count": count, "pool": first, "at": AT.strftime("%Y-%m-%d %H:%M:%S.%f"), "grants": GRANTS}
    stamp = ":at" if engine == "sqlite" else "CAST(:at AS timestamptz)"
    session.execute(
        text(
            f"{_NUMBERS} INSERT INTO ledger_txn (id, key, request_sha256, kind, status, effective_on, recorded_at, "
            f"actor) SELECT n, 'books:' || n, '', 'award', 'posted', {day}, {stamp}, 'bench' FROM numbers"
        ),
        parameters,
    )
    # Every second transfer is the pool's; the others go from one grant to the next. Grants follow the pool's number.
    debit = "CASE WHEN n % 2 = 0 THEN :pool ELSE :pool + 1 + n % :grants END"
    credit = "CASE WHEN n % 2 = 0 THEN :pool + 1 + n % :grants ELSE :pool + 1 + (n + 1) % :grants END"
    session.execute(
        text(
            f"{_NUMBERS} INSERT INTO ledger_transfer "
            "(id, txn_id, debit_id, credit_id, commodity, amount, effective_on) "
            f"SELECT n, n, {debit}, {credit}, 'KRW', 1 + n % 97, {day} FROM numbers"
        ),
        parameters,
    )
    session.execute(
        text(
            "UPDATE ledger_balance SET "
            "debits_posted = (SELECT coalesce(sum(amount), 0) FROM ledger_transfer WHERE debit_id = account_id), "
            "credits_posted = (SELECT coalesce(sum(amount), 0) FROM ledger_transfer WHERE credit_id = account_id), "
            "transfers_posted = (SELECT count(*) FROM ledger_transfer WHERE debit_id = account_id) "
            "+ (SELECT count(*) FROM ledger_transfer WHERE credit_id = account_id)"
        )
    )


@contextmanager
def opened(store: Store, template: str) -> Iterator[Database]:
    """Yield one copy of a template for many reads."""
    database = store.fresh(template)
    try:
        yield database
    finally:
        store.drop(database)


def balance_on_a_day(store: Store, database: Database, count: int, repetitions: int) -> Case:
    """Read a pool's balance on a day after the last snapshot."""

    def ours() -> None:
        for _ in range(_TIMES):
            with database.read() as session:
                assert find_balance(session, "pool", "KRW", as_of=ASKED) is not None

    return Case(
        what="balance of a pool on a day",
        store=store.name,
        n=count // 2,
        unit="ms",
        run=lambda: clock(ours) / _TIMES,
        floors={
            "driver alone, snapshot query": lambda: _driver_reads(database, _SNAPSHOT),
            "driver alone, all its transfers": lambda: _driver_reads(database, _FOLD),
        },
        repetitions=repetitions,
    )


_SUM = "(SELECT coalesce(sum(amount), 0) FROM ledger_transfer WHERE {side}_id = a.id AND {days})"
_AFTER = f"effective_on > '{CLOSED}' AND effective_on <= '{ASKED}'"
_SNAPSHOT = (
    f"SELECT s.credits_posted - s.debits_posted + {_SUM.format(side='credit', days=_AFTER)} "
    f"- {_SUM.format(side='debit', days=_AFTER)} FROM ledger_account a "
    "JOIN ledger_snapshot s ON s.account_id = a.id JOIN ledger_period p ON p.id = s.period_id "
    f"WHERE a.path = 'pool' AND p.ends_on = '{CLOSED}'"
)
_UNTIL = f"effective_on <= '{ASKED}'"
_FOLD = (
    f"SELECT {_SUM.format(side='credit', days=_UNTIL)} - {_SUM.format(side='debit', days=_UNTIL)} "
    "FROM ledger_account a WHERE a.path = 'pool'"
)


def _driver_reads(database: Database, query: str) -> float:
    connection: Any = database.engine.raw_connection()
    cursor = connection.cursor()

    def work() -> None:
        for _ in range(_TIMES):
            cursor.execute(query)
            assert cursor.fetchone() is not None

    try:
        return clock(work) / _TIMES
    finally:
        connection.rollback()
        connection.close()


def account_page(store: Store, large: Database, small: Database, counts: tuple[int, int], repetitions: int) -> Case:
    """Ask what a pool's page asks, of a large ledger and of one a tenth its size."""
    few, many = counts
    return Case(
        what="what an account's page asks",
        store=store.name,
        n=many,
        unit="ms",
        run=lambda: _page(large),
        floors={f"the same of {few:,} transfers": lambda: _page(small)},
        repetitions=repetitions,
    )


def _page(database: Database) -> float:
    def work() -> None:
        for _ in range(_TIMES):
            with database.read() as session:
                assert find_balance(session, "pool", "KRW") is not None
                assert len(transfers(session, account="pool", newest_first=True, limit=50)) <= 51
                assert count_transfers(session, account="pool")
                assert open_holds(session, account="pool") == []

    return clock(work) / _TIMES


def beside_beancount(store: Store, database: Database, count: int) -> Case:
    """Check a ledger of open books and list every balance, beside Beancount reading the same and adding up.

    Closed books would also have their hashes computed, which Beancount has no counterpart of.
    """
    with database.read() as session:
        exported = to_beancount(session)

    def ours() -> None:
        with database.read() as session:
            assert verify(session).ok
            assert balances(session)

    def theirs() -> None:
        _entries, errors, _options = loader.load_string(exported)
        assert errors == []

    return Case(
        what="check and balance the books",
        store=store.name,
        n=count,
        unit="s",
        run=lambda: clock(ours),
        floors={"Beancount loading the export": lambda: clock(theirs)},
        repetitions=1,
    )
