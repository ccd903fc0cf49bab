"""The `fund demo` command."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console as Screen
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from fundapp.cli.console import Answer, Console, command, say
from fundapp.core.schema import upgrade_schema
from fundapp.demonstration.play import Summary, play

_EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@command(
    "demo",
    click.option("--no-serve", is_flag=True, help="Stop after the report instead of serving the web app."),
    click.option("--seed", type=int, help="Another seed gives other reviews and votes."),
    click.option("--host", default="127.0.0.1", show_default=True),
    click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535)),
    click.option(
        "--examples",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        default=_EXAMPLES,
        help="Folder with the input; default the examples that come with the product.",
    ),
)
def demo(console: Console, *, no_serve: bool, seed: int | None, host: str, port: int, examples: Path) -> Answer:
    """Build a demonstration fund from examples/ and carry a call through it, from application to quarterly report.

    Safe to stop and start again: it goes on where it was and ends in the same state.
    """
    database, settings = console.raw_database, console.settings
    upgrade_schema(database)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Screen(stderr=True), transient=True) as progress:
        task = progress.add_task("starting", total=None)
        summary = play(
            database,
            examples=examples,
            home=settings.home,
            files_url=settings.files_url,
            secret_key=settings.secret_key,
            locale=console.locale,
            seed=seed,
            tell=lambda text: progress.update(task, description=text),
        )
    answer = Answer(summary.document, _lines(summary))
    if no_serve:
        return answer
    for line in answer.lines:
        say(line)
    say(f"\nserving http://{host}:{port} — Ctrl-C stops it")
    from fundapp.cli.server import run_server  # noqa: PLC0415 - gunicorn patches what it imports

    console.close()
    run_server(settings, host=host, port=port, workers=1)
    return Answer(summary.document, ["stopped"])


def _lines(summary: Summary) -> list[str]:
    figures = summary.document
    funded = figures["awards"]
    lines = [
        "",
        f"  {figures['read']} rows read, {figures['applications']} applications in call {figures['call']}",
        f"  {figures['scored']} scored, {figures['decided']} decided by ballot, {funded} companies funded",
        f"  KRW {figures['committed_krw']:,} committed, KRW {figures['disbursed_krw']:,} paid out",
        f"  {figures['gpu_hours_granted']} GPU-hours granted, {figures['gpu_hours_used']} used",
        "",
        f"  report    {figures['report']['pdf']}",
        f"  workbook  {figures['report']['xlsx']}",
        f"  data      {figures['report']['json']}",
        "",
        "  accounts that sign in:",
    ]
    lines += [f"    {who['email']:<34} {who['role']:<10} {who['password']}" for who in figures["accounts"]]
    return lines


COMMANDS = [demo]
