"""Migrations lead to what the code expects, and back, on both databases."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from source_tree import ROOT, imported_modules, name_of
from sqlalchemy import Connection, MetaData, inspect, text

from fundapp.core.schema import current_revision, downgrade_schema, is_mapped, newest_revision, upgrade_schema
from fundapp.core.sessions import Database

VERSIONS = sorted((ROOT / "migrations" / "versions").glob("*.py"))
DATED = re.compile(r"(?P<day>20[0-9]{2}_(0[1-9]|1[0-2])_(0[1-9]|[12][0-9]|3[01]))_(?P<number>[0-9]{4})_[a-z0-9_]+\.py")


def tables_of(database: Database) -> set[str]:
    with database.engine.connect() as connection:
        return {name for name in inspect(connection).get_table_names() if is_mapped(name)} - {"alembic_version"}


def functions_of(database: Database) -> set[str]:
    """Return the functions that migrations left in PostgreSQL; SQLite has none."""
    if database.is_sqlite:
        return set()
    query = "SELECT proname FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname = 'public'"
    with database.engine.connect() as connection:
        return set(connection.scalars(text(query)))


def described(name: str | None, _kind: str, _parents: object) -> bool:
    return is_mapped(name)


def differences(connection: Connection, metadata: MetaData) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": described})
    return list(compare_metadata(context, metadata))


def checks_of(connection: Connection) -> Iterator[tuple[str, str | None, str]]:
    """Yield (table, name, condition) of every CHECK constraint."""
    inspector = inspect(connection)
    for table in inspector.get_table_names():
        for check in inspector.get_check_constraints(table):
            yield table, check["name"], check["sqltext"]


def test_migrations_run_up_down_and_up_again(empty_database: Database, metadata: MetaData) -> None:
    upgrade_schema(empty_database)
    up = tables_of(empty_database)
    downgrade_schema(empty_database, "base")
    down = tables_of(empty_database), functions_of(empty_database), current_revision(empty_database)
    upgrade_schema(empty_database)
    again = tables_of(empty_database)
    assert (up, down, again) == (set(metadata.tables), (set(), set(), None), set(metadata.tables))


def test_each_migration_can_be_taken_back_alone(empty_database: Database) -> None:
    reached = []
    for number in range(1, len(VERSIONS) + 1):
        upgrade_schema(empty_database, "+1")
        downgrade_schema(empty_database, "-1")
        upgrade_schema(empty_database, "+1")
        reached.append(number)
    assert (len(reached), current_revision(empty_database)) == (len(VERSIONS), newest_revision())


def test_running_the_migrations_twice_changes_nothing(empty_database: Database) -> None:
    first = upgrade_schema(empty_database)
    assert upgrade_schema(empty_database) == first == newest_revision()


def test_the_migrated_schema_is_what_the_tables_say(db: Database, metadata: MetaData) -> None:
    with db.engine.connect() as connection:
        assert differences(connection, metadata) == []


def test_a_stray_column_is_seen_as_a_difference(db: Database, metadata: MetaData) -> None:
    with db.engine.connect().execution_options(writing=True) as connection:
        connection.execute(text("ALTER TABLE lease ADD COLUMN stray INTEGER"))
        found = differences(connection, metadata)
        connection.rollback()
    assert [(entry[0], entry[2], entry[3].name) for entry in found] == [  # type: ignore[index]
        ("remove_column", "lease", "stray")
    ]


def test_checks_in_the_database_are_those_of_the_tables(empty_database: Database, metadata: MetaData) -> None:
    with empty_database.engine.connect().execution_options(writing=True) as connection:
        metadata.create_all(connection)
        declared = set(checks_of(connection))
        connection.rollback()
    upgrade_schema(empty_database)
    with empty_database.engine.connect() as connection:
        migrated = set(checks_of(connection))
    assert migrated == declared
    assert len(declared) > len(metadata.tables) // 2


def test_migrations_describe_their_own_day_and_import_nothing_of_the_product() -> None:
    allowed = {"__future__", "sqlalchemy", "alembic"}
    found = [
        f"{name_of(path)}:{line}: {module}"
        for path in VERSIONS
        for line, module in imported_modules(ast.parse(path.read_text(encoding="utf-8")), "version", is_package=False)
        if module.split(".")[0] not in allowed
    ]
    assert found == []


def test_migration_files_are_dated_and_numbered_in_order() -> None:
    names = [DATED.fullmatch(path.name) for path in VERSIONS]
    assert [path.name for path, match in zip(VERSIONS, names, strict=True) if match is None] == []
    assert [int(match["number"]) for match in names if match] == list(range(1, len(VERSIONS) + 1))


def test_a_file_name_without_a_possible_date_is_refused() -> None:
    names = ["0012_add_notes.py", "2026_13_01_0012_notes.py", "2026_12_32_0012_notes.py", "2026_12_01_notes.py"]
    assert [DATED.fullmatch(name) for name in names] == [None] * 4


def test_the_alembic_command_sees_every_table(tmp_path: Path) -> None:
    environment = {**os.environ, "FUND_HOME": str(tmp_path), "FUND_DATABASE_URL": f"sqlite:///{tmp_path / 'a.db'}"}
    database = Database(environment["FUND_DATABASE_URL"])
    upgrade_schema(database)
    database.dispose()
    asked = subprocess.run(
        [sys.executable, "-m", "alembic", "check"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (asked.returncode, asked.stdout.strip()) == (0, "No new upgrade operations detected.")
