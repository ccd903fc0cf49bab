"""What pages may ask about scorecards."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, Viewer, may
from fundapp.intake.queries import visible_to
from fundapp.intake.tables import Application, Call, Submission
from fundapp.screening.tables import KnockoutJudgement, Scorecard


@dataclass(frozen=True, slots=True)
class ScorecardView:
    """A whole scorecard; `document` is what `fund score show` prints."""

    id: uuid.UUID
    application_id: uuid.UUID
    number: str
    version: int
    total_tenths: int
    verdict: str
    document: dict[str, Any]
    scored_at: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """A score as a list shows it, in tenths of a point."""

    application_id: uuid.UUID
    total_tenths: int
    verdict: str
    rubric: str


@dataclass(frozen=True, slots=True)
class JudgementRow:
    """One person's decision about a knock-out."""

    outcome: str
    reason: str
    actor: str
    at: datetime


def find_scorecard(session: Session, viewer: Viewer, application_id: uuid.UUID) -> ScorecardView | None:
    """Return an application's newest scorecard, or None if there is none or the viewer may not see it.

    Whether a reviewer may see it before filing a review is the committee's rule and asked there.
    """
    if not may(viewer, Verb.VIEW, Thing(Kind.SCORECARD, application_id)):
        return None
    row = session.execute(
        select(Scorecard, Application.number)
        .join(Application, Application.id == Scorecard.application_id)
        .join(Submission, Submission.id == Scorecard.submission_id)
        .where(Scorecard.application_id == application_id, visible_to(viewer))
        .order_by(Submission.version.desc(), Scorecard.version.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    card, number = row
    return ScorecardView(
        id=card.id,
        application_id=card.application_id,
        number=number,
        version=card.version,
        total_tenths=card.total_tenths,
        verdict=card.verdict,
        document=card.document,
        scored_at=card.scored_at,
        actor=card.actor,
    )


def list_scores(session: Session, viewer: Viewer, call_code: str) -> dict[uuid.UUID, ScoreRow]:
    """Return the newest score of each visible application of a call, in one statement."""
    if not may(viewer, Verb.VIEW, Thing(Kind.SCORECARD)):
        return {}
    query = (
        select(Scorecard.application_id, Scorecard.total_tenths, Scorecard.verdict, Scorecard.rubric)
        .join(Application, Application.id == Scorecard.application_id)
        .join(Submission, Submission.id == Scorecard.submission_id)
        .join(Call, Call.id == Application.call_id)
        .where(Call.code == call_code, visible_to(viewer))
        .order_by(Submission.version, Scorecard.version)
    )
    return {row.application_id: ScoreRow(*row) for row in session.execute(query)}


def list_judgements(session: Session, viewer: Viewer, application_id: uuid.UUID) -> list[JudgementRow]:
    """Return what people decided about an application's knock-outs, in order."""
    if not may(viewer, Verb.VIEW, Thing(Kind.SCORECARD, application_id)):
        return []
    query = (
        select(KnockoutJudgement)
        .join(Application, Application.id == KnockoutJudgement.application_id)
        .where(KnockoutJudgement.application_id == application_id, visible_to(viewer))
        .order_by(KnockoutJudgement.at, KnockoutJudgement.id)
    )
    return [JudgementRow(one.outcome, one.reason, one.actor, one.at) for one in session.scalars(query)]
