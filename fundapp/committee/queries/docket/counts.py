"""How many rows each view of the docket holds, and what there is to filter by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.committee.queries.docket.filters import (
    VIEWS,
    DocketFilter,
    View,
    counted_if,
    in_view,
    left_in,
    on_docket,
)
from fundapp.committee.queries.sight import require_sight
from fundapp.core.access import Kind, Viewer
from fundapp.intake.tables import Listing

__all__ = ["VIEWS", "Counts", "View", "docket_counts"]


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
    """Count, in two statements, three with a filter.

    Raises:
        ForbiddenError: if the viewer sees no reviews at all.
    """
    require_sight(viewer, Kind.REVIEW)
    seen = on_docket(viewer, call_code)
    conditions = left_in(session, viewer, chosen)
    counted = select(*(counted_if(in_view(viewer, view)).label(view) for view in VIEWS)).where(seen, *conditions)
    views: dict[View, int] = dict(zip(VIEWS, session.execute(counted).one(), strict=True))
    total = session.scalar(select(func.count()).where(seen)) if conditions else views["all"]
    return Counts(total or 0, views, sectors(session, viewer, call_code))


def sectors(session: Session, viewer: Viewer, call_code: str) -> tuple[str, ...]:
    """Return the industries among the rows the viewer may know of, by jumping from one to the next in the index."""
    seen = on_docket(viewer, call_code)
    steps = select(func.min(Listing.sector).label("sector")).where(seen, Listing.sector > "").cte(recursive=True)
    following = (
        select(func.min(Listing.sector)).where(seen, Listing.sector > steps.c.sector).correlate(steps).scalar_subquery()
    )
    steps = steps.union_all(select(following).where(steps.c.sector.is_not(None)))
    return tuple(session.scalars(select(steps.c.sector).where(steps.c.sector.is_not(None))))
