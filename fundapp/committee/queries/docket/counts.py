"""How many rows each view of the docket holds, and what there is to filter by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, false, func, select, true
from sqlalchemy.orm import Session

from fundapp.committee.queries.docket.filters import (
    VIEW_CONDITIONS,
    VIEWS,
    DocketFilter,
    Sight,
    View,
    left_in,
    on_docket,
    seal_of_view,
    sight_of,
)
from fundapp.committee.queries.sight import waits_for
from fundapp.core.access import Viewer
from fundapp.intake.tables import Listing

__all__ = ["VIEWS", "Counts", "View", "docket_counts"]

_SEALED: tuple[View, ...] = ("dispute", "gap")
_COUNTED = tuple(VIEW_CONDITIONS)


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
    """Count, in four statements, five with a filter.

    Raises:
        ForbiddenError: if the viewer sees no reviews at all.
    """
    sight = sight_of(session, viewer, call_code)
    seen = on_docket(viewer, call_code)
    conditions = left_in(session, sight, chosen)
    rows = session.execute(_counting([seen, *conditions])).one()
    views: dict[View, int] = dict(zip(_COUNTED, rows, strict=True))
    own = session.execute(_own_part(sight, [seen, *conditions])).one()
    views["waiting"] = own.waiting
    for view in _SEALED:
        views[view] = 0 if seal_of_view(sight, view) == "everything" else views[view] - getattr(own, view)
    total = session.scalar(select(func.count()).where(seen)) if conditions else views["all"]
    return Counts(total or 0, views, sectors(session, viewer, call_code))


def _counting(among: list[ColumnElement[bool]]) -> Select[*tuple[int, ...]]:
    """Count the rows of each view in one pass over an index, as if nothing were sealed."""
    return select(*(func.count().filter(VIEW_CONDITIONS[view]).label(view) for view in _COUNTED)).where(*among)


def _own_part(sight: Sight, among: list[ColumnElement[bool]]) -> Select[*tuple[int, ...]]:
    """Count what waits for the viewer, and what of it a sealed figure would put into a view: those are taken off."""
    columns = [func.count().label("waiting")]
    for view in _SEALED:
        sealed = true() if seal_of_view(sight, view) == "waiting" else false()
        columns.append(func.count().filter(and_(VIEW_CONDITIONS[view], sealed)).label(view))
    return select(*columns).where(*among, waits_for(sight.viewer, Listing.application_id.expression))


def sectors(session: Session, viewer: Viewer, call_code: str) -> tuple[str, ...]:
    """Return the industries among the rows the viewer may know of, by jumping from one to the next in the index."""
    seen = on_docket(viewer, call_code)
    steps = select(func.min(Listing.sector).label("sector")).where(seen, Listing.sector > "").cte(recursive=True)
    following = (
        select(func.min(Listing.sector)).where(seen, Listing.sector > steps.c.sector).correlate(steps).scalar_subquery()
    )
    steps = steps.union_all(select(following).where(steps.c.sector.is_not(None)))
    return tuple(session.scalars(select(steps.c.sector).where(steps.c.sector.is_not(None))))
