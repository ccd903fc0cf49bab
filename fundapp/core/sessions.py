"""Opening, retrying and committing. `Database.transaction` is the only place in the product that commits.

SQLite runs in WAL with full synchronisation and takes its write lock at BEGIN, because a deferred transaction that
upgrades fails at once and ignores the busy timeout. PostgreSQL writes are SERIALIZABLE and retried on
serialisation failures and deadlocks. A caller may ask for READ COMMITTED where relative updates guarded by CHECKs
are proved safe: ledger posting is, and a hot pool under SERIALIZABLE spends its time aborting.
"""

from __future__ import annotations

import random
import select
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any, Literal, TypeVar

from sqlalchemy import URL, CompoundSelect, Engine, Row, Select, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.orm import Session

from fundapp.core.orm import WRITTEN_BY_ALL, Base
from fundapp.core.recollection import CONNECTION_NUMBER, Recollection

T = TypeVar("T")
Question = Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]]
Isolation = Literal["SERIALIZABLE", "READ COMMITTED"]

_RETRY_STATES = frozenset({"40001", "40P01"})
_ATTEMPTS = 40
_PATIENCE = 3
"""Attempts that are made side by side with others; whoever has failed so often stands in line."""
_BUSY_TIMEOUT_MS = 30_000
_IDLE_SECONDS = 30
_ANSWERS = "answers"


class RetryTransactionError(Exception):
    """Raised inside a transaction that must start again to see what a rival has just committed."""


def once_a_look(session: Session, question: Hashable, ask: Callable[[], T]) -> T:
    """Return the answer to what several parts of a page ask, asked once in a session of `Database.read`.

    Where something may be written the question is put each time: its answer may have changed since.
    """
    known: dict[Hashable, Any] | None = session.info.get(_ANSWERS)
    if known is None:
        return ask()
    if question not in known:
        known[question] = ask()
    answer: T = known[question]
    return answer


class Database:
    """One database: its engine, read sessions and write transactions.

    Args:
        url: An SQLAlchemy URL; `postgresql://` is read as psycopg 3.

    Attributes:
        recollection: What was found out and still holds.
        commits: How often this process has committed here, so that a request knows whether it has itself.
    """

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        if parsed.drivername in {"postgresql", "postgres"}:
            parsed = parsed.set(drivername="postgresql+psycopg")
        self.url = parsed
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(url) if self.is_sqlite else _postgres_engine(parsed)
        self.recollection = Recollection()
        self.commits = 0

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Yield a session for reading; closing it rolls back whatever was changed."""
        with Session(self.engine, expire_on_commit=False, info={_ANSWERS: {}}) as session:
            yield session

    def ask(self, question: Question, parameters: Mapping[str, Any] | None = None) -> Sequence[Row[*tuple[Any, ...]]]:
        """Return the rows of one question that stands alone: PostgreSQL is spared a BEGIN and a ROLLBACK around it.

        Each of them is a trip to the server, and every page asks who looks and what waits for them. Two questions that
        belong together go into one `read`.
        """
        options: dict[str, Any] = {} if self.is_sqlite else {"isolation_level": "AUTOCOMMIT"}
        with self.engine.connect().execution_options(**options) as connection:
            return connection.execute(question, parameters).all()

    def transaction(self, work: Callable[[Session], T], *, isolation: Isolation = "SERIALIZABLE") -> T:
        """Run `work(session)` and commit; run it again from the start when the database asks for that.

        `work` must have no effect outside the database, because it may run several times.

        Raises:
            Whatever `work` raises; the transaction is then rolled back.
        """
        for attempt in range(_ATTEMPTS):
            try:
                return self._once(work, isolation, in_line=attempt >= _PATIENCE)
            except RetryTransactionError:
                if attempt == _ATTEMPTS - 1:
                    raise
            except DBAPIError as error:
                if attempt == _ATTEMPTS - 1 or not _may_retry(error):
                    raise
            time.sleep(random.uniform(0, min(0.4, 0.004 * 2**attempt)))  # noqa: S311 - jitter, not secrecy
        raise AssertionError("unreachable")

    def _once(self, work: Callable[[Session], T], isolation: Isolation, *, in_line: bool) -> T:
        options: dict[str, Any] = {"writing": True} if self.is_sqlite else {"isolation_level": isolation}
        with self.engine.connect().execution_options(**options) as connection:
            with connection.begin(), Session(connection, expire_on_commit=False) as session:
                if in_line and not self.is_sqlite:
                    _stand_in_line(session)
                result = work(session)
                session.flush()
            self.commits += 1
            return result

    def dispose(self) -> None:
        """Close all pooled connections."""
        self.engine.dispose()


def _stand_in_line(session: Session) -> None:
    """Wait for the changes under way and hold the others back.

    Unlike a statement that reads, a lock leaves the snapshot still to be taken, so that nothing is missed.
    """
    for table in Base.metadata.tables.values():
        if WRITTEN_BY_ALL.items() <= table.info.items():
            session.execute(text(f"LOCK TABLE {table.name} IN EXCLUSIVE MODE"))


def _may_retry(error: DBAPIError) -> bool:
    if getattr(error.orig, "sqlstate", None) in _RETRY_STATES:
        return True
    return "database is locked" in str(error.orig)


def _postgres_engine(url: URL) -> Engine:
    """Return an engine that asks a pooled connection for a sign of life only when there is reason to doubt it.

    Asking at every checkout is a trip to the server before each transaction. A server that ends a connection says so
    on the socket, which costs nothing to look at; what says nothing on the way out is asked after half a minute.
    """
    engine = create_engine(url)

    @event.listens_for(engine, "checkin")
    def leave(_connection: object, record: Any) -> None:  # noqa: ANN401 - SQLAlchemy's record of a connection
        record.info["left"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def take(connection: Any, record: Any, _proxy: object) -> None:  # noqa: ANN401 - driver's, and its record
        left = record.info.get("left")
        if left is None or not (connection.closed or _said_something(connection) or _idle(left)):
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error

    return engine


def _said_something(connection: Any) -> bool:  # noqa: ANN401 - the driver's connection
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    return bool(waiting.poll(0))


def _idle(left: float) -> bool:
    return time.monotonic() - left > _IDLE_SECONDS


def _sqlite_engine(url: str) -> Engine:
    """Return an engine whose connection left last is taken first: each knows for itself that nothing has changed."""
    options = {"timeout": _BUSY_TIMEOUT_MS / 1000, "check_same_thread": False}
    has_pool = make_url(url).database not in {None, "", ":memory:"}
    engine = create_engine(url, connect_args=options, **({"pool_use_lifo": True} if has_pool else {}))
    numbers = count(1)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - DBAPI connection
        connection.isolation_level = None  # we say BEGIN ourselves
        number = next(numbers)
        connection.create_function(CONNECTION_NUMBER, 0, lambda: number, deterministic=True)
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "recursive_triggers=ON",  # else INSERT OR REPLACE removes a row of history without asking its trigger
            f"busy_timeout={_BUSY_TIMEOUT_MS}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:  # noqa: ANN401 - SQLAlchemy connection
        writing = connection.get_execution_options().get("writing", False)
        # Said to the driver itself: SQLAlchemy's way round costs half as much as a whole posting.
        connection.connection.driver_connection.execute("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine
