"""States of the fund in which many tests begin: built once by each worker on each engine, then copied."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from running import PostgresServer
from sqlalchemy import func, select

from fundapp.audit.tables import AuditEvent
from fundapp.core.sessions import Database
from fundapp.identity.tables import Person

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Scene:
    """A copy of a database, what had happened in it before the scene was built, and what building it returned."""

    copy: str
    before: tuple[int, int]
    value: Any


class Scenes:
    """The scenes of one worker."""

    def __init__(self, folder: Path, server: Callable[[], PostgresServer]) -> None:
        self._folder = folder
        self._server = server
        self._kept: dict[tuple[str, bool], _Scene] = {}

    def set(self, db: Database, name: str, build: Callable[[], T]) -> T:
        """Bring a database to a scene, by `build` the first time and by a copy afterwards; return what it returned.

        A scene begins where the test's other fixtures have brought the database, always at the same point: what a
        test did before would be lost with the copy, so it is refused.
        """
        before, scene = _happened(db), self._kept.get((name, db.is_sqlite))
        if scene is None:
            value = build()
            self._kept[name, db.is_sqlite] = _Scene(self._copy(db, name), before, value)
            return value
        assert before == scene.before, f"set the scene {name!r} before anything else happens"
        self._restore(db, scene.copy)
        found: T = scene.value
        return found

    def _copy(self, db: Database, name: str) -> str:
        if db.is_sqlite:
            with db.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        db.dispose()
        if not db.is_sqlite:
            return self._server().create(db.url.database)
        return str(shutil.copy(_path(db), self._folder / f"{name}.db"))

    def _restore(self, db: Database, copy: str) -> None:
        db.dispose()
        if db.is_sqlite:
            for suffix in ("-wal", "-shm"):
                Path(f"{_path(db)}{suffix}").unlink(missing_ok=True)
            shutil.copy(copy, _path(db))
            return
        self._server().drop(_path(db))
        self._server().create(copy, _path(db))


def _path(db: Database) -> str:
    assert db.url.database is not None
    return db.url.database


def _happened(db: Database) -> tuple[int, int]:
    with db.read() as session:
        counts = [session.scalar(select(func.count()).select_from(table)) or 0 for table in (AuditEvent, Person)]
    return counts[0], counts[1]
