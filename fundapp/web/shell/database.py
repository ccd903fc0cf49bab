"""The application's database, for routes."""

from __future__ import annotations

from typing import cast

from flask import Flask, current_app

from fundapp.core.sessions import Database

_KEY = "fundapp.database"


def attach_database(app: Flask, database: Database) -> None:
    """Make `database` the one that `db()` returns inside `app`."""
    app.extensions[_KEY] = database


def db() -> Database:
    """Return the database of the current application.

    Read with `with db().read() as session:`, write with `db().transaction(lambda session: verb_noun(session, …))`.
    """
    return cast("Database", current_app.extensions[_KEY])
