"""What to review next."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from fundapp.committee.queries.phases import is_present_step
from fundapp.committee.queries.sight import in_sight, require_sight
from fundapp.committee.rules import REVIEWABLE
from fundapp.committee.tables import Assignment, Conflict, Review, ReviewPhaseStep
from fundapp.core.access import Kind, Viewer
from fundapp.intake.queries import counts_among
from fundapp.intake.tables import Application, Call


@dataclass(frozen=True, slots=True)
class NextReview:
    """An application that waits for the viewer's review; `reviews` are those that count already."""

    application_id: uuid.UUID
    number: str
    reviews: int


def find_next(session: Session, viewer: Viewer, call_code: str, besides: uuid.UUID | None = None) -> NextReview | None:
    """Return the least reviewed application that waits for the viewer's review, in one statement.

    Args:
        session: A session.
        viewer: Who asks.
        call_code: The call.
        besides: An application to pass over, unless it is the only one.

    Raises:
        ForbiddenError: if the viewer sees no reviews at all.
    """
    require_sight(viewer, Kind.REVIEW)
    own = select(Review.id).where(Review.application_id == Application.id, Review.person_id == viewer.person_id)
    recused = select(Conflict.id).where(
        Conflict.application_id == Review.application_id, Conflict.person_id == Review.person_id
    )
    counted = (
        select(func.count(Review.person_id.distinct()))
        .where(Review.application_id == Application.id, ~recused.exists())
        .correlate(Application)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Application.id, Application.number, counted.label("reviews"))
        .join(Assignment, Assignment.application_id == Application.id)
        .join(Call, Call.id == Application.call_id)
        .outerjoin(ReviewPhaseStep, and_(ReviewPhaseStep.call_id == Call.id, is_present_step()))
        .where(
            Call.code == call_code,
            Assignment.person_id == viewer.person_id,
            counts_among(REVIEWABLE),
            func.coalesce(ReviewPhaseStep.may_review, True),
            ~own.exists(),
            in_sight(viewer),
        )
        .order_by(counted, Application.number)
        .limit(2)
    ).all()
    waiting = [NextReview(row.id, row.number, row.reviews) for row in rows]
    return next((one for one in waiting if one.application_id != besides), None)
