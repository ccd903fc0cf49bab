"""Commands about fit scores."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from fundapp.cli.console import FAILED, OK, Answer, Console, attempt, command, show
from fundapp.core.access import SYSTEM
from fundapp.core.errors import NotFoundError
from fundapp.intake.queries import find_application_id
from fundapp.screening.actions import OtherCode, replay_scorecards, screen_call
from fundapp.screening.queries import find_scorecard


def _score_call(console: Console, call_code: str) -> Answer:
    result = screen_call(console.database, call_code, actor=SYSTEM, at=console.now())
    document = {
        "scored": result.scored,
        "rubric": result.rubric,
        "model": result.model,
        "seconds": round(result.seconds, 3),
        "passed": result.passed,
        "held": result.held,
    }
    return Answer(
        document,
        [f"{result.scored} scored by {result.rubric}: {result.passed} passed, {result.held} held for a person"],
    )


@click.group("score", invoke_without_command=True)
@click.option("--call", "call_code", help="Code of the call to score.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.pass_context
def score(context: click.Context, call_code: str | None, as_json: bool) -> None:  # noqa: FBT001 - click's way
    """Score a call's submissions by its rubric; or show and replay scorecards."""
    if context.invoked_subcommand is not None:
        return
    if call_code is None:
        raise click.UsageError("name a call with --call, or use `score show` or `score replay`")
    show(attempt(context.obj, lambda: _score_call(context.obj, call_code), as_json=as_json), as_json=as_json)


@command("show", click.argument("application"))
def show_(console: Console, *, application: str) -> Answer:
    """Show an application's whole scorecard, by its number."""
    with console.database.read() as session:
        application_id = find_application_id(session, SYSTEM, application)
        card = find_scorecard(session, SYSTEM, application_id) if application_id else None
    if card is None:
        raise NotFoundError(application=application)
    return Answer(card.document, _scorecard_lines(card.document))


def _scorecard_lines(document: dict[str, Any]) -> list[str]:
    lines = [f"{document['total']} of 100, coverage {document['coverage']}"]
    lines += [f"  {item['outcome']:8} {item['key']}" for item in document["knockouts"]]
    lines += [
        f"  {item['points']:>5} / {item['max']:<4} {item['key']}: {item['answer']}" for item in document["criteria"]
    ]
    return lines


@command(
    "replay", click.option("--all", "everything", is_flag=True, help="Every scorecard, not only the newest of each.")
)
def replay(console: Console, *, everything: bool) -> Answer:
    """Score again from what is stored and compare bit for bit; records of other versions by what they state."""
    with console.database.read() as session:
        result = replay_scorecards(session, every=everything)
    document = {
        "replayed": result.replayed,
        "identical": result.identical,
        "different": [asdict(row) for row in result.different],
        "other_versions": [asdict(row) for row in result.others],
    }
    code = FAILED if result.different else OK
    return Answer(
        document,
        [
            f"{result.identical} of {result.replayed} identical",
            *(f"{one.records} written by version {one.code_version[:12]}: {_told(one)}" for one in result.others),
            *(f"{row.application}: {row.what} not reproduced" for row in result.different),
        ],
        code,
    )


def _told(one: OtherCode) -> str:
    parts = (
        (one.identical, "identical"),
        (one.reproduced, "figures reproduced"),
        (one.different, "not reproduced"),
    )
    return ", ".join(f"{count} {words}" for count, words in parts if count)


score.add_command(show_)
score.add_command(replay)


COMMANDS = [score]
