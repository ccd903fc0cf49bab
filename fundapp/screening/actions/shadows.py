"""Scoring in the shadow: what models that do not serve would have said, night by night."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.orm import new_id
from fundapp.core.quarters import kst_date
from fundapp.core.sessions import RetryTransactionError
from fundapp.intake.tables import Application, Submission
from fundapp.screening.rubrics import read_rubric
from fundapp.screening.serving import active_model_id, read_stored
from fundapp.screening.tables import FitModel, RubricVersion, Scorecard, ShadowNight, ShadowScore
from scoring import Facts, score

CHALLENGERS = 5
"""So many of the newest models shadow; older ones have had their time."""

NIGHTLY = 2_000


def score_shadows(session: Session, *, actor: Viewer, at: datetime) -> dict[str, int]:
    """Score what was scored for service, once for each challenger; return how many by version.

    The night itself goes on record for each of them, also where there was nothing new to score: the gate counts nights
    that were, not days that passed. A second run on the same Korean day is no second night.

    Nobody's application moves, and no page shows a shadow score beside an application.

    Raises:
        NotFoundError: if the actor may not.
    """
    require(actor, Verb.PREPARE, Thing(Kind.MODEL))
    serving = active_model_id(session)
    newest = session.execute(
        select(FitModel, RubricVersion.text)
        .join(RubricVersion, RubricVersion.sha256 == FitModel.rubric_sha256)
        .order_by(FitModel.trained_at.desc(), FitModel.id.desc())
        .limit(CHALLENGERS)
    ).all()
    challengers = [(kept, rubric) for kept, rubric in newest if kept.id != serving]
    scored = {kept.version: _shadow(session, kept, rubric, at) for kept, rubric in challengers}
    _keep_night(session, [kept.id for kept, _ in challengers], at)
    return scored


def _keep_night(session: Session, model_ids: list[uuid.UUID], at: datetime) -> None:
    day = kst_date(at)
    known = set(session.scalars(select(ShadowNight.model_id).where(ShadowNight.day == day)))
    session.add_all(
        ShadowNight(model_id=model_id, day=day, ran_at=at) for model_id in model_ids if model_id not in known
    )
    try:
        session.flush()
    except IntegrityError as error:
        # Another clock wrote this night a moment ago: start again and find it.
        raise RetryTransactionError from error


def _shadow(session: Session, kept: FitModel, rubric_text: str, at: datetime) -> int:
    model, rubric = read_stored(kept.text), read_rubric(rubric_text).rubric
    rows = []
    for application_id, submission_id, answers in _unscored(session, kept.id):
        facts = Facts.from_answers(answers)
        card = score(facts, rubric, model)
        rows.append(
            {
                "id": new_id(),
                "model_id": kept.id,
                "application_id": application_id,
                "submission_id": submission_id,
                "total_tenths": card.total_tenths,
                "probability_e4": round((card.probability or 0) * 10_000),
                "inputs_sha256": facts.sha256,
                "scored_at": at,
            }
        )
    if rows:
        session.execute(insert(ShadowScore), rows)
    return len(rows)


def _unscored(session: Session, model_id: uuid.UUID) -> list[tuple[uuid.UUID, uuid.UUID, dict[str, object]]]:
    place = func.row_number().over(partition_by=Scorecard.submission_id, order_by=Scorecard.version.desc())
    cards = select(Scorecard.id, place.label("place")).subquery()
    known = select(ShadowScore.id).where(
        ShadowScore.model_id == model_id, ShadowScore.submission_id == Scorecard.submission_id
    )
    query = (
        select(Scorecard.application_id, Scorecard.submission_id, Scorecard.facts)
        .join(cards, cards.c.id == Scorecard.id)
        .join(Submission, Submission.id == Scorecard.submission_id)
        .join(Application, Application.id == Scorecard.application_id)
        .where(cards.c.place == 1, ~known.exists())
        .order_by(Application.number, Submission.version)
        .limit(NIGHTLY)
    )
    return [(row.application_id, row.submission_id, row.facts) for row in session.execute(query)]
