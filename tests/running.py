"""Running the product as its users do: the `fund` command in a process of its own, and its web server."""

from __future__ import annotations

import fcntl
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from fundapp.core.schema import upgrade_schema
from fundapp.core.sessions import Database

FUND = Path(sys.executable).with_name("fund")

RIVALS = multiprocessing.get_context("forkserver")
"""Starts real processes, forked from one that has loaded the product once and opened nothing."""
RIVALS.set_forkserver_preload(["fundapp.allocation.actions", "fundapp.portfolio.actions", "sqlalchemy.dialects"])


def environment(home: Path, database_url: str | None = None) -> dict[str, str]:
    """Return a clean environment for an instance: nothing of the tester's own settings."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("FUND_")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)  # else each process compiles the product again
    kept |= {"FUND_HOME": str(home), "OMP_NUM_THREADS": "1"}
    if database_url is not None:
        kept["FUND_DATABASE_URL"] = database_url
    return kept


def run_fund(home: Path, *arguments: str, database_url: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a `fund` command to its end."""
    return subprocess.run(
        [str(FUND), *arguments],
        env=environment(home, database_url),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@dataclass(frozen=True, slots=True)
class Demonstration:
    """A finished demonstration: its folder and what the command printed."""

    home: Path
    summary: dict[str, Any]

    def password(self, email: str) -> str:
        return next(who["password"] for who in self.summary["accounts"] if who["email"] == email)


def build_demonstration(home: Path, database_url: str | None = None) -> Demonstration:
    """Run `fund demo` in an empty folder."""
    done = run_fund(home, "demo", "--no-serve", "--json", database_url=database_url)
    assert done.returncode == 0, done.stderr
    return Demonstration(home, json.loads(done.stdout))


def shared_demonstration(folder: Path) -> Demonstration:
    """Return the demonstration of a folder that several processes share; the first of them builds it."""
    home, printed = folder / "demonstration", folder / "demonstration.json"
    with (folder / "demonstration.lock").open("w") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        if not printed.exists():
            home.mkdir()
            printed.write_text(json.dumps(build_demonstration(home).summary), encoding="utf-8")
    return Demonstration(home, json.loads(printed.read_text(encoding="utf-8")))


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def served(home: Path, database_url: str | None = None, *, host: str | None = None) -> Iterator[str]:
    """Serve an instance; yield its address once it answers, under the name that the instance knows itself by."""
    port = free_port()
    public = {} if host is None else {"FUND_PUBLIC_URL": f"http://{host}:{port}"}
    process = subprocess.Popen(
        [str(FUND), "serve", "--port", str(port)],
        env=environment(home, database_url) | public,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _await_answer(process, f"{address}/readyz")
        yield address if host is None else f"http://{host}:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=30)


def _await_answer(process: subprocess.Popen[str], url: str) -> None:
    for _ in range(1200):
        if process.poll() is not None:
            raise AssertionError(f"the server stopped: {process.communicate()[0]}")
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own server on loopback
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server did not answer")


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

    @contextmanager
    def fresh(self, name: str) -> Iterator[str]:
        """Yield the address of a new copy of the template; the next one of this name has the same address."""
        made = self.create(self.template, f"{self.prefix}_{name}")
        yield self.address(made)
        self.drop(made)

    def create(self, template: str | None, name: str | None = None) -> str:
        if name is None:
            self.count += 1
            name = f"{self.prefix}_{self.count}"
        # Without syncs, copying files takes two thirds of the time of writing every page to the log.
        source = (
            f" TEMPLATE {template} STRATEGY FILE_COPY"
            if template
            else " TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
        )
        with self.admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}{source}"))
        return name

    def drop(self, name: str) -> None:
        with self.admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
