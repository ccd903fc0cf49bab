"""The AX fund's deal flow, committee and GPU allocation."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from config import Settings
    from fundapp.core.sessions import Database


def create_app(settings: Settings, database: Database | None = None) -> Flask:
    """Wire the web application.

    Args:
        settings: What the instance was told from outside.
        database: The database to use in place of `settings.database_url`.
    """
    # Imported here, because importing a lower room runs this file too and must not load the web.
    from fundapp.web.wiring import build_app  # noqa: PLC0415

    return build_app(settings, database)
