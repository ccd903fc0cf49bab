"""How far the viewer is with their own reviews."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.committee.queries.docket.filters import on_docket
from fundapp.committee.queries.sight import require_sight, waits_for
from fundapp.committee.rules import DOCKET_STATES
from fundapp.committee.tables import Reviewing
from fundapp.core.access import Kind, Viewer
from fundapp.intake.tables import Call, Listing

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

    Assigned are those that are filed and those that wait on the docket; what left it unreviewed is nobody's work.

    Raises:
        ForbiddenError: if the viewer sees no reviews at all.
    """
    require_sight(viewer, Kind.REVIEW)
    filed = (
        select(func.count())
        .select_from(Reviewing)
        .join(Call, Call.id == Reviewing.call_id)
        .where(Reviewing.person_id == viewer.person_id, Reviewing.filed == 1, Call.code == call_code)
        .where(Reviewing.application_id.not_in(viewer.recused_from))
    )
    waits = [on_docket(viewer, call_code), waits_for(viewer, Listing.application_id.expression)]
    waiting = select(func.count()).select_from(Listing).where(*waits)
    counts = session.execute(select(filed.scalar_subquery(), waiting.scalar_subquery())).one()
    following = (
        select(Listing.application_id, Listing.number)
        .where(*waits, Listing.stage.in_(_NEXT))
        .order_by(Listing.reviews_filed, Listing.number)
        .limit(1)
    )
    found = session.execute(following).one_or_none() if counts[1] else None
    return Progress(counts[0] + counts[1], counts[0], found[0] if found else None, found[1] if found else None)
