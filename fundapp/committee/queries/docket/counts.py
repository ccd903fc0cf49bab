"""How many rows each view of the docket holds, and what there is to filter by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Select, and_, false, func, select, true
from sqlalchemy.orm import Session

from fundapp.committee.queries.docket.filters import (
    VIEW_CONDITIONS,
    VIEWS,
    DocketFilter,
    Sight,
    View,
    beside,
    is_sqlite,
    left_in,
    looked_up,
    on_docket,
    seal_of_view,
    sight_of,
)
from fundapp.committee.queries.sight import waits_for
from fundapp.core.access import Viewer
from fundapp.intake.tables import Listing

__all__ = ["VIEWS", "Counts", "View", "docket_counts"]

_SEALED: tuple[View, ...] = ("dispute", "gap")
_KEPT = 512


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of rows as one viewer may know them.

    Attributes:
        total: On the docket, before any filter.
        views: In each built-in view, filters applied.
        sectors: Industries of the docket, in order.
    """

    total: int
    views: Mapping[View, int]
    sectors: tuple[str, ...]


def docket_counts(session: Session, viewer: Viewer, call_code: str, chosen: DocketFilter) -> Counts:
    """Count, in three statements and one more for a search.

    Raises:
        ForbiddenError: if the viewer sees no reviews at all.
    """
    sight = sight_of(session, viewer, call_code)
    chosen = looked_up(session, viewer, chosen)
    asked = (sight, chosen, is_sqlite(session))
    query = (_counting.__wrapped__ if chosen.found is not None else _counting)(*asked)
    row = session.connection().execute(query).one()
    views: dict[View, int] = {view: getattr(row, view) for view in VIEWS}
    for view in _SEALED:
        views[view] = 0 if seal_of_view(sight, view) == "everything" else views[view] - getattr(row, f"sealed_{view}")
    return Counts(row.total, views, tuple(session.connection().scalars(_sectors(viewer, call_code))))


@lru_cache(_KEPT)
def _counting(
    sight: Sight,
    chosen: DocketFilter,
    sqlite: bool,  # noqa: FBT001 - of the session
) -> Select[*tuple[int, ...]]:
    """Count the rows of each view in one pass over an index as if nothing were sealed, and what to take off again."""
    seen, left = on_docket(sight.viewer, sight.call_code), left_in(sight, chosen, sqlite=sqlite)
    passed = select(*(func.count().filter(VIEW_CONDITIONS[view]).label(view) for view in VIEW_CONDITIONS))
    counted = passed.where(seen, *left).subquery()
    off = []
    for view in _SEALED:
        sealed = true() if seal_of_view(sight, view) == "waiting" else false()
        off.append(func.count().filter(and_(VIEW_CONDITIONS[view], sealed)).label(f"sealed_{view}"))
    mine = waits_for(sight.viewer, Listing.application_id.expression)
    own = select(func.count().label("waiting"), *off).where(beside(seen, *left), mine).subquery()
    total = select(func.count()).where(seen).scalar_subquery() if left else counted.c["all"]
    return select(*counted.c, *own.c, total.label("total")).select_from(counted.join(own, true()))


@lru_cache(_KEPT)
def _sectors(viewer: Viewer, call_code: str) -> Select[str]:
    """Select the industries among the rows the viewer may know of, by jumping from one to the next in the index."""
    seen = on_docket(viewer, call_code)
    steps = select(func.min(Listing.sector).label("sector")).where(seen, Listing.sector > "").cte(recursive=True)
    following = (
        select(func.min(Listing.sector)).where(seen, Listing.sector > steps.c.sector).correlate(steps).scalar_subquery()
    )
    steps = steps.union_all(select(following).where(steps.c.sector.is_not(None)))
    return select(steps.c.sector).where(steps.c.sector.is_not(None))
