"""Commands about the instance itself: init, serve, doctor."""

from __future__ import annotations

import shutil

import click

from fundapp.audit.queries import verify_chain
from fundapp.cli.console import FAILED, OK, Answer, Console, command, later
from fundapp.committee.actions import keep_all_figures
from fundapp.committee.queries import listing_faults
from fundapp.core.schema import current_revision, newest_revision, upgrade_schema
from fundapp.identity.actions import ensure_roles
from fundapp.intake.listing import list_missing
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
    database.transaction(list_missing)
    database.transaction(keep_all_figures)
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


@command("doctor")
def doctor(console: Console) -> Answer:
    """Check database, schema, ledger, audit chain, listings, files, disk and mail; name what is wrong."""
    checks: list[dict[str, object]] = []

    def note(name: str, ok: object, detail: str) -> None:
        checks.append({"name": name, "ok": bool(ok), "detail": detail})

    database = console.raw_database
    revision, expected = current_revision(database), newest_revision()
    note("schema", revision == expected, f"database at {revision}, code expects {expected}")
    if revision == expected:
        with database.read() as session:
            books, chain = verify(session), verify_chain(session)
            astray = list(listing_faults(session))
        note("ledger", books.ok, "; ".join(books.problems[:3]) or f"{books.transfers} transfers fold to the balances")
        note("audit", chain.ok, f"{chain.events} events" if chain.ok else f"broken at event {chain.first_bad}")
        where = "; ".join(f"{number} {column}" for number, column in astray[:3])
        note("listings", not astray, f"{len(astray)} kept figures differ: {where}" if astray else "as recomputed")
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


COMMANDS = [init, serve, doctor, later("backup", "backup"), later("restore", "restore")]
