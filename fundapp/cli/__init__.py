"""The `fund` command: parse, call one action, print."""

from __future__ import annotations

import click

from fundapp.cli import books, capital, demo, instance, intake, models, people, reports, scores
from fundapp.cli.console import Console


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="fundapp", prog_name="fund")
@click.pass_context
def main(context: click.Context) -> None:
    """Run the AX fund: applications, scores, ballots, cash and GPU hours, quarterly reports."""
    context.obj = Console()
    context.call_on_close(context.obj.close)


for module in (instance, people, intake, scores, models, capital, books, reports, demo):
    for command in module.COMMANDS:
        main.add_command(command)
