"""How Alembic reaches the database: through a connection it is handed, or the environment's database URL."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context

from fundapp.core.orm import Base, Document, Instant
from fundapp.core.schema import is_mapped
from fundapp.core.sessions import Database


def render_item(kind: str, item: Any, _context: Any) -> str | bool:  # noqa: ANN401 - Alembic's own signature
    """Write our column types as what they store, so that no migration imports the product."""
    if kind == "type" and isinstance(item, Instant):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, Document):
        return "sa.Text()"
    return False


def run(connection: sa.Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=render_item,
        include_name=lambda name, _kind, _parents: is_mapped(name),
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


handed = context.config.attributes.get("connection")
if handed is not None:
    run(handed)
else:
    # Between them these know every room, and so load every table; `alembic` alone has loaded none.
    import fundapp.cli.demo
    import fundapp.jobs  # noqa: F401
    from config import Settings

    with Database(Settings.from_environment().database_url).engine.connect() as own:
        run(own)
        own.commit()
