"""Commands about quarterly reports."""

from __future__ import annotations

from pathlib import Path

import click

from fundapp.cli.console import Answer, Console, command
from fundapp.core.access import SYSTEM
from fundapp.core.quarters import Quarter
from fundapp.reporting.actions import build_report, freeze_quarter, load_index, switch_recognition


@command(
    "report",
    click.argument("quarter"),
    click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path)),
    click.option("--freeze", is_flag=True, help="Freeze the quarter's inputs first (a new version if they changed)."),
    click.option(
        "--accept-suspense", metavar="REASON", help="Freeze although usage is unmapped; the report prints why."
    ),
)
def report(console: Console, *, quarter: str, out: Path, freeze: bool, accept_suspense: str | None) -> Answer:
    """Build a frozen quarter's report: PDF, workbook, JSON and CSV."""
    try:
        period = Quarter.parse(quarter)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="QUARTER") from error
    database, at = console.database, console.now()
    if freeze:
        database.transaction(
            lambda s: freeze_quarter(
                s,
                quarter=period,
                actor=SYSTEM,
                at=at,
                accept_suspense=accept_suspense is not None,
                reason=accept_suspense or "",
            )
        )
    built = build_report(database, period, out, locale=console.locale, files_url=console.settings.files_url)
    files = {
        kind: [str(path) for path in paths] if isinstance(paths, tuple) else str(paths)
        for kind, paths in built.files.items()
    }
    document = {
        "quarter": built.quarter,
        "version": built.version,
        "inputs_sha256": built.inputs_sha256,
        "files": files,
        "metrics": dict(built.metrics),
    }
    return Answer(document, [f"{built.quarter} version {built.version}: {files['pdf']}"])


@command(
    "load",
    click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path)),
    click.option("--name", required=True, help="for example KOSPI; printed in reports"),
    click.option("--source", required=True, help="who publishes it; printed in reports"),
)
def load(console: Console, *, file: Path, name: str, source: str) -> Answer:
    """Load FILE, a CSV of days and closing levels (date,close or 일자,종가); a line that is wrong refuses all."""
    content, at = file.read_bytes(), console.now()
    done = console.database.transaction(
        lambda s: load_index(s, content=content, name=name, source=source, actor=SYSTEM, at=at)
    )
    document = {
        "name": done.name,
        "version": done.version,
        "levels": done.levels,
        "first_on": done.first_on.isoformat(),
        "last_on": done.last_on.isoformat(),
        "created": done.created,
    }
    return Answer(document, [f"{done.name}: {done.levels} levels from {done.first_on} to {done.last_on}"])


@command(
    "recognition",
    click.argument("policy", type=click.Choice(["at_delivery", "at_grant"])),
    click.option("--from", "quarter", required=True, help="first quarter reported by it, for example 2027Q1"),
    click.option("--reason", required=True, help="why; kept in the audit trail"),
)
def recognition(console: Console, *, policy: str, quarter: str, reason: str) -> Answer:
    """Recognise GPU time in kind by POLICY from a quarter on; frozen quarters keep their own."""
    try:
        period = Quarter.parse(quarter)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--from") from error
    at = console.now()
    number = console.database.transaction(
        lambda s: switch_recognition(s, policy=policy, quarter=period, reason=reason, actor=SYSTEM, at=at)
    )
    document = {"change": number, "policy": policy, "from_quarter": str(period)}
    return Answer(document, [f"GPU time in kind is recognised {policy.replace('_', ' ')} from {period} on"])


@click.group("index")
def index() -> None:
    """The public index that reports compare the fund with."""


index.add_command(load)
COMMANDS = [report, recognition, index]
