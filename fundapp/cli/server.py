"""gunicorn around the application, with a clock in each worker; the lease lets one of them act."""

from __future__ import annotations

from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from config import Settings
from fundapp import create_app, jobs
from fundapp.core.collecting import spare_what_lasts
from fundapp.core.sessions import Database
from fundapp.web.committee import live

_THREADS = 8 + live.MOST_STREAMS
"""Open streams wait most of the time; the others are there for requests."""


class _Server(BaseApplication):  # type: ignore[misc] # gunicorn carries no types
    def __init__(self, settings: Settings, options: dict[str, Any]) -> None:
        self._settings = settings
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for key, value in self._options.items():
            self.cfg.set(key, value)

    def load(self) -> Flask:
        """Build the application inside the worker: a database connection must not cross a fork."""
        return create_app(self._settings)


def run_server(settings: Settings, *, host: str, port: int, workers: int) -> None:
    """Serve until told to stop."""

    def settle(worker: Any) -> None:  # noqa: ANN401 - gunicorn carries no types
        live.end_when_stopping(lambda: bool(worker.alive))
        jobs.start_clock(Database(settings.database_url), settings)
        spare_what_lasts()

    options = {
        "bind": f"{host}:{port}",
        "workers": workers,
        "threads": _THREADS,
        "worker_class": "gthread",
        "timeout": 120,
        "graceful_timeout": 10,
        "accesslog": None,
        "loglevel": "warning",
        "post_worker_init": settle,
    }
    _Server(settings, options).run()
