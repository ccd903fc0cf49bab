"""Scoring again what was scored, to see that it comes out the same."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.core.orm import canonical_json
from fundapp.intake.tables import Application, Submission
from fundapp.screening.actions.scorecards import overall_verdict
from fundapp.screening.rubrics import read_rubric
from fundapp.screening.serving import read_stored
from fundapp.screening.tables import FitModel, ModelCalibration, RubricVersion, Scorecard
from scoring import Calibration, Facts, read_calibration, score

_Calibrations = Mapping[str, Calibration]


@dataclass(frozen=True, slots=True)
class Difference:
    """A scorecard that a replay did not reproduce, and in what: inputs, rubric, model, calibration or result."""

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
    """Score again from stored facts, rubric, model and calibration, and compare whole documents. Writes nothing.

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
    models = {row.sha256: row.text for row in session.execute(select(FitModel.sha256, FitModel.text))}
    known = {
        row.version: read_calibration(row.document)
        for row in session.execute(select(ModelCalibration.version, ModelCalibration.document))
    }
    for card, number, text in session.execute(query.execution_options(yield_per=500)):
        replayed += 1
        if (what := _difference(card, text, models, known)) is not None:
            different.append(Difference(number, card.id, what))
    return Replay(replayed, replayed - len(different), tuple(different))


def _difference(card: Scorecard, rubric_text: str, models: Mapping[str, str], known: _Calibrations) -> str | None:
    rubric = read_rubric(rubric_text).rubric
    facts = Facts.from_answers(card.facts)
    if rubric.sha256 != card.rubric_sha256:
        return "rubric"
    if facts.sha256 != card.inputs_sha256:
        return "inputs"
    model = calibration = None
    if card.model_sha256 is not None:
        text = models.get(card.model_sha256)
        model = None if text is None else read_stored(text)
        if model is None or model.sha256 != card.model_sha256:
            return "model"
    if card.calibration is not None:
        calibration = known.get(card.calibration)
        if calibration is None:
            return "calibration"
    again = score(facts, rubric, model, calibration=calibration)
    # Newer code that comes to the same result is no difference; its version is the one thing left out.
    mine = canonical_json(again.to_document() | {"code_version": ""})
    theirs = canonical_json(card.document | {"code_version": ""})
    columns = (card.total_tenths, card.verdict) == (again.total_tenths, overall_verdict(again))
    return None if mine == theirs and columns else "result"
