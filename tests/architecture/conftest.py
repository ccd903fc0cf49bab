"""A database before its first migration, once on each engine."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from source_tree import BUSINESS_ROOMS, LOWER_ROOMS, module_of, room_files

from fundapp.core.sessions import Database

if TYPE_CHECKING:
    from sqlalchemy import MetaData


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without a single table."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
        yield database
        database.dispose()
        return
    server = request.getfixturevalue("postgres")
    name = server.create(None)
    database = Database(server.address(name))
    yield database
    database.dispose()
    server.drop(name)


@pytest.fixture(scope="session")
def metadata() -> MetaData:
    """All tables of the product, every room imported."""
    from fundapp.core import clockwork, idempotency, outbox  # noqa: F401, PLC0415 - registers their tables
    from fundapp.core.orm import Base  # noqa: PLC0415 - after the tables

    for room in (*BUSINESS_ROOMS, *LOWER_ROOMS):
        for path in room_files(room, "tables"):
            importlib.import_module(module_of(path))
    return Base.metadata
