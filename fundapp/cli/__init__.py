"""The `fund` command: parse, call one action, print."""

from __future__ import annotations

from importlib import import_module
from typing import Final

import click

_COMMANDS: Final = {
    "init": ("instance", "Create the database or bring it to this version's schema."),
    "serve": ("instance", "Serve the web application, with the clock inside, until Ctrl-C."),
    "clock": ("clock", "Run the scheduled jobs until Ctrl-C."),
    "jobs": ("clock", "Run what the clock runs."),
    "doctor": (
        "instance",
        "Check database, schema, ledger, audit chain, listings, files, disk and mail; name what is wrong.",
    ),
    "backup": ("instance", "Not in this version yet."),
    "restore": ("instance", "Not in this version yet."),
    "user": ("people", "People who can sign in."),
    "call": ("intake", "Calls for applications."),
    "applications": ("intake", "Applications of a call."),
    "score": ("scores", "Score a call's submissions by its rubric; or show and replay scorecards."),
    "model": ("models", "The learned part of the score."),
    "pool": ("capital", "GPU time contributed."),
    "plan": ("capital", "Find the best use of free cash and GPU-hours for a call, beside two greedy baselines."),
    "usage": ("capital", "GPU usage."),
    "ledger": ("books", "The double-entry ledger in won and GPU-hours."),
    "audit": ("books", "The tamper-evident record."),
    "report": ("reports", "Build a frozen quarter's report: PDF, workbook, JSON and CSV."),
    "recognition": (
        "reports",
        "Recognise GPU time in kind by POLICY from a quarter on; frozen quarters keep their own.",
    ),
    "index": ("reports", "The public index that reports compare the fund with."),
    "demo": (
        "demo",
        "Build a demonstration fund from examples/ and carry a call through it, from application to quarterly report.",
    ),
}
"""Module and summary of each command. Loading all of them takes seconds, of which one command needs a part."""


class _Rooms(click.Group):
    """Loads the module of a command when it is called, and none to say what there is."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        _ = ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        _ = ctx
        if cmd_name not in _COMMANDS:
            return None
        commands: list[click.Command] = import_module(f"fundapp.cli.{_COMMANDS[cmd_name][0]}").COMMANDS
        return next(command for command in commands if command.name == cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _ = ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in _COMMANDS.items()])


@click.group(cls=_Rooms, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="fundapp", prog_name="fund")
@click.pass_context
def main(context: click.Context) -> None:
    """Run the AX fund: applications, scores, ballots, cash and GPU hours, quarterly reports."""
    from fundapp.cli.console import Console  # noqa: PLC0415 - asking for help opens no database

    context.obj = Console()
    context.call_on_close(context.obj.close)
