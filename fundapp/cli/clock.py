"""Commands about the scheduled jobs: clock, jobs run."""

from __future__ import annotations

import threading
from datetime import datetime

import click

from fundapp import jobs
from fundapp.cli.console import Answer, Console, command, say


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


COMMANDS = [clock, jobs_group]
