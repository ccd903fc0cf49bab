"""Scoring again what was scored, to see that it comes out the same."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.core.orm import canonical_json
from fundapp.intake.tables import Application, Submission
from fundapp.screening.actions.scorecards import overall_verdict
from fundapp.screening.rubrics import read_rubric
from fundapp.screening.tables import RubricVersion, Scorecard
from scoring import Facts, score


@dataclass(frozen=True, slots=True)
class Difference:
    """A scorecard that a replay did not reproduce, and in what: inputs, rubric or result."""

    application: str
    scorecard_id: uuid.UUID
    what: str


@dataclass(frozen=True, slots=True)
class Replay:
    """What replaying scorecards found."""

    replayed: int
    identical: int
    different: tuple[Difference, ...]


def replay_scorecards(session: Session, *, every: bool = False) -> Replay:
    """Score again from the stored facts and rubric, and compare the whole documents. Writes nothing.

    Args:
        session: Any session.
        every: All scorecards ever made, not only each application's newest.
    """
    replayed = 0
    different: list[Difference] = []
    query = (
        select(Scorecard, Application.number, RubricVersion.text)
        .join(Application, Application.id == Scorecard.application_id)
        .join(RubricVersion, RubricVersion.sha256 == Scorecard.rubric_sha256)
        .order_by(Application.number, Scorecard.id)
    )
    if not every:
        place = func.row_number().over(
            partition_by=Scorecard.application_id, order_by=(Submission.version.desc(), Scorecard.version.desc())
        )
        ranked = select(Scorecard.id, place.label("place")).join(Submission, Submission.id == Scorecard.submission_id)
        newest = ranked.subquery()
        query = query.where(Scorecard.id.in_(select(newest.c.id).where(newest.c.place == 1)))
    for card, number, text in session.execute(query.execution_options(yield_per=500)):
        replayed += 1
        if (what := _difference(card, text)) is not None:
            different.append(Difference(number, card.id, what))
    return Replay(replayed, replayed - len(different), tuple(different))


def _difference(card: Scorecard, rubric_text: str) -> str | None:
    rubric = read_rubric(rubric_text).rubric
    facts = Facts.from_answers(card.facts)
    if rubric.sha256 != card.rubric_sha256:
        return "rubric"
    if facts.sha256 != card.inputs_sha256:
        return "inputs"
    again = score(facts, rubric)
    # Newer code that comes to the same result is no difference; its version is the one thing left out.
    mine = canonical_json(again.to_document() | {"code_version": ""})
    theirs = canonical_json(card.document | {"code_version": ""})
    columns = (card.total_tenths, card.verdict) == (again.total_tenths, overall_verdict(again))
    return None if mine == theirs and columns else "result"
