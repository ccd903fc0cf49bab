"""Commands about the instance itself: init, serve, clock, jobs, doctor."""

from __future__ import annotations

import shutil
import threading
from datetime import datetime

import click

from fundapp import jobs
from fundapp.audit.queries import verify_chain
from fundapp.cli.console import FAILED, OK, Answer, Console, command, later, say
from fundapp.core.schema import current_revision, newest_revision, upgrade_schema
from fundapp.identity.actions import ensure_roles
from fundapp.ledger.queries import verify
from fundapp.mail import oldest_waiting
from fundapp.screening.dictionaries import keep_dictionary, load_dictionary_file

_LEAST_FREE_BYTES = 500 * 1024 * 1024
_OLD_MAIL_MINUTES = 60


@command("init")
def init(console: Console) -> Answer:
    """Create the database or bring it to this version's schema. Safe to repeat."""
    database = console.raw_database
    before = current_revision(database)
    revision = upgrade_schema(database)
    database.transaction(ensure_roles)
    database.transaction(lambda session: keep_dictionary(session, load_dictionary_file(), console.now()))
    shown = database.url.render_as_string(hide_password=True)
    return Answer(
        {"database": shown, "revision": revision, "created": before is None},
        [f"{'created' if before is None else 'up to date'}: {shown} at {revision}"],
    )


@command(
    "serve",
    click.option("--host", default="127.0.0.1", show_default=True),
    click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535)),
    click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64)),
)
def serve(console: Console, *, host: str, port: int, workers: int) -> Answer:
    """Serve the web application, with the clock inside, until Ctrl-C."""
    from fundapp.cli.server import run_server  # noqa: PLC0415 - gunicorn patches what it imports

    settings = console.settings
    _ = console.database
    console.close()
    run_server(settings, host=host, port=port, workers=workers)
    return Answer({"served": f"http://{host}:{port}"}, ["stopped"])


@command("clock")
def clock(console: Console) -> Answer:
    """Run the scheduled jobs until Ctrl-C. Safe in many replicas."""
    scheduler = jobs.start_clock(console.database, console.settings)
    say("clock is running; Ctrl-C stops it")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        scheduler.shutdown()
    return Answer({"stopped": True}, ["stopped"])


@command(
    "run",
    click.argument("name", type=click.Choice(sorted(jobs.JOBS))),
    click.option("--at", "at", help="Instant to run for, ISO 8601 with zone; default now."),
)
def run(console: Console, *, name: str, at: str | None) -> Answer:
    """Run one job now, unless it has run for this period."""
    try:
        moment = datetime.fromisoformat(at) if at else console.now()
    except ValueError as error:
        raise click.BadParameter("not an ISO 8601 instant", param_hint="--at") from error
    if moment.tzinfo is None:
        raise click.BadParameter("needs a time zone, for example 2026-10-01T00:10:00+09:00", param_hint="--at")
    outcome = jobs.run_job(console.database, console.settings, name, moment)
    return Answer(
        {"job": outcome.job, "run_key": outcome.run_key, "ran": outcome.ran, "result": outcome.result},
        [f"{outcome.run_key}: {'ran' if outcome.ran else 'had run before'} {outcome.result}"],
    )


@click.group("jobs")
def jobs_group() -> None:
    """Run what the clock runs."""


jobs_group.add_command(run)


@command("doctor")
def doctor(console: Console) -> Answer:
    """Check database, schema, ledger, audit chain, files, disk and mail; name what is wrong."""
    checks: list[dict[str, object]] = []

    def note(name: str, ok: object, detail: str) -> None:
        checks.append({"name": name, "ok": bool(ok), "detail": detail})

    database = console.raw_database
    revision, expected = current_revision(database), newest_revision()
    note("schema", revision == expected, f"database at {revision}, code expects {expected}")
    if revision == expected:
        with database.read() as session:
            books, chain = verify(session), verify_chain(session)
        note("ledger", books.ok, "; ".join(books.problems[:3]) or f"{books.transfers} transfers fold to the balances")
        note("audit", chain.ok, f"{chain.events} events" if chain.ok else f"broken at event {chain.first_bad}")
        waiting = oldest_waiting(database, console.now())
        fresh = waiting is None or waiting.total_seconds() < _OLD_MAIL_MINUTES * 60 or not console.settings.smtp_url
        note("mail", fresh, "nothing waits" if waiting is None else f"oldest mail has waited {waiting}")
    free = shutil.disk_usage(console.settings.home).free
    note("disk", free > _LEAST_FREE_BYTES, f"{free // 1024**2} MiB free in {console.settings.home}")
    key = console.settings.home / "secret-key"
    private = not key.exists() or key.stat().st_mode & 0o077 == 0
    note("secret key", private, "readable by its owner only" if private else f"{key} is readable by others")
    ok = all(check["ok"] for check in checks)
    lines = [f"{'ok  ' if check['ok'] else 'BAD '} {check['name']}: {check['detail']}" for check in checks]
    return Answer({"ok": ok, "checks": checks}, lines, OK if ok else FAILED)


COMMANDS = [init, serve, clock, jobs_group, doctor, later("backup", "backup"), later("restore", "restore")]
