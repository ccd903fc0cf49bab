"""Commands about calls and applications."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fundapp.cli.console import FAILED, OK, PARTLY_REFUSED, Answer, Console, command, say
from fundapp.committee.actions import match_call, open_call
from fundapp.core.access import SYSTEM
from fundapp.core.quarters import KST
from fundapp.intake.call_file import read_call_file
from fundapp.intake.exporting import export_applications
from fundapp.intake.importing import ImportResult, import_applications

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@command("open", click.argument("file", type=_FILE))
def open_(console: Console, *, file: Path) -> Answer:
    """Open a call from its TOML file; the same file again changes nothing."""
    source = read_call_file(file)
    at = console.now()
    opened = console.database.transaction(
        lambda s: open_call(s, actor=SYSTEM, at=at, document=source.document, text=source.text)
    )
    opens, closes = opened.opens_at.astimezone(KST), opened.closes_at.astimezone(KST)
    return Answer(
        {"call": opened.code, "opens": opens.isoformat(), "closes": closes.isoformat(), "created": opened.created},
        [f"{opened.code}: open from {opens:%Y-%m-%d %H:%M} to {closes:%Y-%m-%d %H:%M} KST"],
    )


@click.group("call")
def call() -> None:
    """Calls for applications."""


call.add_command(open_)


@command(
    "import",
    click.argument("file", type=_FILE),
    click.option("--call", "call_code", required=True, help="Code of the call."),
    click.option("--mapping", type=_FILE, help="TOML file that maps other headers."),
    click.option("--dry-run", is_flag=True, help="Check everything, write nothing."),
    click.option("--all-or-nothing", is_flag=True, help="Write nothing if one row is refused."),
)
def import_(
    console: Console, *, file: Path, call_code: str, mapping: Path | None, dry_run: bool, all_or_nothing: bool
) -> Answer:
    """Import applications from CSV (UTF-8 or CP949) or XLSX. Rows match on call and business number."""
    result = import_applications(
        console.database,
        file,
        call_code=call_code,
        mapping=mapping,
        dry_run=dry_run,
        all_or_nothing=all_or_nothing,
        actor=SYSTEM,
        at=console.now(),
    )
    if not dry_run:
        at = console.now()
        console.database.transaction(lambda s: match_call(s, call_code=call_code, actor=SYSTEM, at=at))
    return _import_answer(result, console.locale, stopped=all_or_nothing and bool(result.rejected))


def _import_answer(result: ImportResult, locale: str, *, stopped: bool) -> Answer:
    rejected = [
        {
            "row": row.row,
            "field": row.field,
            "code": row.code,
            "message": row.message_en if locale == "en" else row.message_ko,
        }
        for row in result.rejected
    ]
    for row in rejected:
        say(f"row {row['row']}, {row['field']}: {row['message']}")
    document: dict[str, Any] = {
        "read": result.read,
        "created": result.created,
        "updated": result.updated,
        "unchanged": result.unchanged,
        "rejected": rejected,
    }
    code = FAILED if stopped else PARTLY_REFUSED if rejected else OK
    counts = f"{result.created} created, {result.updated} updated, {result.unchanged} unchanged"
    return Answer(document, [f"{result.read} rows read: {counts}, {len(rejected)} refused"], code)


@command(
    "export",
    click.option("--call", "call_code", required=True, help="Code of the call."),
    click.option(
        "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help=".csv, .xlsx or .parquet"
    ),
)
def export(console: Console, *, call_code: str, out: Path) -> Answer:
    """Export a call's applications; the suffix picks the format. The file can be imported again."""
    at = console.now()
    rows = console.database.transaction(lambda s: export_applications(s, SYSTEM, call_code, out, at=at))
    return Answer({"rows": rows, "file": str(out)}, [f"{rows} rows in {out}"])


@click.group("applications")
def applications() -> None:
    """Applications of a call."""


applications.add_command(import_)
applications.add_command(export)
COMMANDS = [call, applications]
