"""How far the viewer is with their own reviews."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, func, select, true
from sqlalchemy.orm import Session

from fundapp.committee.queries.docket.filters import beside, on_docket
from fundapp.committee.queries.sight import require_sight, waits_for
from fundapp.committee.rules import DOCKET_STATES
from fundapp.committee.tables import Reviewing
from fundapp.core.access import Kind, Viewer
from fundapp.intake.tables import Call, Listing

_KEPT = 512
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
    row = session.connection().execute(_progress(viewer, call_code)).one()
    return Progress(row.filed + row.waiting, row.filed, row.application_id, row.number)


@lru_cache(_KEPT)
def _progress(viewer: Viewer, call_code: str) -> Select[*tuple[Any, ...]]:
    filed = (
        select(func.count().label("filed"))
        .select_from(Reviewing)
        .join(Call, Call.id == Reviewing.call_id)
        .where(Reviewing.person_id == viewer.person_id, Reviewing.filed == 1, Call.code == call_code)
        .where(Reviewing.application_id.not_in(viewer.recused_from))
        .subquery()
    )
    mine = waits_for(viewer, Listing.application_id.expression)
    seen = on_docket(viewer, call_code)
    waiting = select(func.count().label("waiting")).select_from(Listing).where(beside(seen), mine).subquery()
    following = (
        select(Listing.application_id, Listing.number)
        .where(beside(seen, Listing.stage.in_(_NEXT)), mine)
        .order_by(Listing.reviews_filed, Listing.number)
        .limit(1)
        .subquery()
    )
    columns = (filed.c.filed, waiting.c.waiting, following.c.application_id, following.c.number)
    return select(*columns).select_from(filed.join(waiting, true()).outerjoin(following, true()))
