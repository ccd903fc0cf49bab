"""How far the viewer is with their own reviews."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.committee.queries.docket.filters import on_docket
from fundapp.committee.queries.sight import require_sight, waiting_for
from fundapp.committee.rules import DOCKET_STATES
from fundapp.committee.tables import Assignment
from fundapp.core.access import Kind, Viewer
from fundapp.intake.tables import Listing

_NEXT = [DOCKET_STATES.index(state) for state in ("eligible", "proposed")]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the viewer is with their own reviews of a call."""

    assigned: int
    filed: int
    next_application_id: uuid.UUID | None
    next_number: str | None


def my_progress(session: Session, viewer: Viewer, call_code: str) -> Progress:
    """Return how many of the viewer's reviews are filed, and the least reviewed application that waits for one.

    Raises:
        ForbiddenError: if the viewer sees no reviews at all.
    """
    require_sight(viewer, Kind.REVIEW)
    seen, waits = on_docket(viewer, call_code), waiting_for(viewer).subquery()
    assigned = (
        select(func.count())
        .select_from(Assignment)
        .join(Listing, Listing.application_id == Assignment.application_id)
        .where(Assignment.person_id == viewer.person_id, seen)
    )
    waiting = (
        select(func.count()).join_from(waits, Listing, Listing.application_id == waits.c.application_id).where(seen)
    )
    following = (
        select(Listing.application_id, Listing.number)
        .join(waits, waits.c.application_id == Listing.application_id)
        .where(seen, Listing.stage.in_(_NEXT))
        .order_by(Listing.reviews_filed, Listing.number)
        .limit(1)
    )
    counts = session.execute(select(assigned.scalar_subquery(), waiting.scalar_subquery())).one()
    found = session.execute(following).one_or_none() if counts[1] else None
    return Progress(counts[0], counts[0] - counts[1], found[0] if found else None, found[1] if found else None)
