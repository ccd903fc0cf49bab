"""Commands about learned models: train, gate, activate, rollback."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from config import training_environment
from fundapp.cli.console import FAILED, OK, Answer, Console, command
from fundapp.committee.queries import blind_ratings, load_viewer
from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import NotFoundError
from fundapp.identity.queries import find_person_by_email
from fundapp.portfolio.queries import award_outcomes
from fundapp.screening.actions import (
    approve_activation,
    gate_model,
    propose_activation,
    rollback_model,
    train_challenger,
)
from fundapp.screening.learning_queries import newest_model, proposed_version


@click.group("model")
def model() -> None:
    """The learned part of the score."""


@command("train", click.option("--text", "learn_text", is_flag=True, help="Learn from the texts' n-grams, too."))
def train(console: Console, *, learn_text: bool) -> Answer:
    """Learn a challenger from all blind ratings and outcomes; it serves nobody until two people activate it."""
    with console.database.read() as session:
        ratings, outcomes = blind_ratings(session), award_outcomes(session, at=console.now())
    made = train_challenger(
        console.database,
        ratings=ratings,
        outcomes=outcomes,
        environment=training_environment(),
        actor=SYSTEM,
        at=console.now(),
        learn_text=learn_text,
    )
    document = {
        "version": made.version,
        "method": made.method,
        "sha256": made.sha256,
        "labels": made.labels,
        "smaller": made.smaller,
        "metrics": made.metrics,
    }
    figures = made.metrics["model"]
    return Answer(
        document,
        [
            f"{made.version}: {made.method} from {made.labels} labels ({made.smaller} of the rarer kind)",
            f"five folds: AUC {figures['auc']:.3f}, log-loss {figures['log_loss']:.4f}",
        ],
    )


@command(
    "gate",
    click.argument("version", required=False),
    click.option("--explain", "explained", multiple=True, help="CHECK=REASON: let a finding pass, on record."),
)
def gate(console: Console, *, version: str | None, explained: Sequence[str]) -> Answer:
    """Put a model (the newest, unless named) against what serves now; exit code 1 if it does not pass."""
    reasons: dict[str, str] = {}
    for one in explained:
        check, found, reason = one.partition("=")
        if not found or not reason.strip():
            raise click.UsageError("--explain takes CHECK=REASON, for instance group:region=…")
        reasons[check] = reason
    with console.database.read() as session:
        ratings, outcomes = blind_ratings(session), award_outcomes(session, at=console.now())
        asked = version or newest_model(session, SYSTEM)
    if asked is None:
        raise NotFoundError(model="")
    verdict = gate_model(
        console.database,
        version=asked,
        ratings=ratings,
        outcomes=outcomes,
        environment=training_environment(),
        actor=SYSTEM,
        at=console.now(),
        explained=reasons,
    )
    document = {"version": verdict.version, "verdict": "passed" if verdict.passed else "failed"} | verdict.document
    return Answer(document, _verdict_lines(verdict.document, console.locale), OK if verdict.passed else FAILED)


def _verdict_lines(document: Mapping[str, Any], locale: str) -> list[str]:
    marks = {True: "ok", False: "FAILED", None: "not asked"}
    reason = "reason_en" if locale == "en" else "reason"
    lines = [f"  {marks[check['passed']]:9} {check['key']}: {check[reason]}" for check in document["checks"]]
    said = "passed" if document["passed"] else "did not pass"
    return [f"{document['challenger']} {said} against {document['champion']}", *lines]


@command(
    "activate",
    click.argument("version"),
    click.option("--by", "email", required=True, help="Address of the person who says so."),
    click.option("--reason", default="", help="Why; the first of the two people gives it."),
)
def activate(console: Console, *, version: str, email: str, reason: str) -> Answer:
    """Let a model serve: the first person proposes with a reason, a second one approves."""
    at = console.now()
    with console.database.read() as session:
        person = find_person_by_email(session, email, at)
        if person is None:
            raise NotFoundError(person=email)
        actor: Viewer = load_viewer(session, person.id)
        proposed = proposed_version(session, actor, version)
    if not proposed:
        console.database.transaction(
            lambda s: propose_activation(s, version=version, reason=reason, actor=actor, at=at)
        )
        return Answer(
            {"version": version, "state": "proposed", "by": email}, [f"{version}: proposed; a second person approves"]
        )
    console.database.transaction(lambda s: approve_activation(s, version=version, actor=actor, at=at))
    return Answer({"version": version, "state": "active", "by": email}, [f"{version}: serves from now on"])


@command("rollback", click.option("--reason", required=True, help="Why; it stays on record."))
def rollback(console: Console, *, reason: str) -> Answer:
    """Take back the model that serves; what served before it serves again, in one step."""
    at = console.now()
    done = console.database.transaction(lambda s: rollback_model(s, reason=reason, actor=SYSTEM, at=at))
    return Answer(
        {"version": done.version, "number": done.number}, [f"{done.version or 'the rubric alone'} serves now"]
    )


for _made in (train, gate, activate, rollback):
    model.add_command(_made)

COMMANDS = [model]
