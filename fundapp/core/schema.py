"""Bringing a database to the newest schema, and asking whether it is there."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import migrations
from fundapp.core.sessions import Database

_FULL_TEXT = ("listing_fts", "ix_listing_text_grams")
"""The full-text indexes of SQLite, with the tables it keeps itself in, and of PostgreSQL: no mapped class has them."""


def is_mapped(name: str | None) -> bool:
    """Whether a table or index of the database is one that classes describe, not a full-text index."""
    return name is None or not name.startswith(_FULL_TEXT)


def _config() -> Config:
    settings = Config()
    settings.set_main_option("script_location", str(Path(migrations.__file__).parent))
    return settings


def upgrade_schema(database: Database, revision: str = "head") -> str:
    """Run the missing migrations; return the revision reached. Safe to repeat."""
    settings = _config()
    with database.engine.connect().execution_options(writing=True) as connection, connection.begin():
        settings.attributes["connection"] = connection
        command.upgrade(settings, revision)
    return current_revision(database) or ""


def downgrade_schema(database: Database, revision: str) -> None:
    """Take migrations back to `revision`; `base` empties the database."""
    settings = _config()
    with database.engine.connect().execution_options(writing=True) as connection, connection.begin():
        settings.attributes["connection"] = connection
        command.downgrade(settings, revision)


def current_revision(database: Database) -> str | None:
    """Return the database's revision, or None before the first migration."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str | None:
    """Return the revision that this code expects."""
    return ScriptDirectory.from_config(_config()).get_current_head()
