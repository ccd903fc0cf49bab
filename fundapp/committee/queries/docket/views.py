"""Views that people keep, and how many rows each of several filters leaves."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from fundapp.committee.queries.docket.filters import (
    DocketFilter,
    in_view,
    is_sqlite,
    left_in,
    looked_up,
    on_docket,
    sight_of,
)
from fundapp.committee.queries.sight import require_sight
from fundapp.committee.tables import SavedView
from fundapp.core.access import Kind, Viewer
from fundapp.identity.tables import Person
from fundapp.intake.tables import Listing


@dataclass(frozen=True, slots=True)
class KeptView:
    """One kept view as somebody may use it.

    Attributes:
        query: What the docket's address says.
        own: Whether the viewer may rename it and throw it away.
        owner: Name of who keeps it.
    """

    view_id: uuid.UUID
    name: str
    query: Mapping[str, str]
    shared: bool
    own: bool
    owner: str


def kept_views(session: Session, viewer: Viewer) -> list[KeptView]:
    """Return the viewer's own views and then those that others share, by name.

    Raises:
        ForbiddenError: if the viewer sees no reviews at all.
    """
    require_sight(viewer, Kind.REVIEW)
    own = SavedView.owner_id == viewer.person_id
    rows = session.connection().execute(
        select(SavedView.id, SavedView.owner_id, SavedView.name, SavedView.query, SavedView.shared, Person.name)
        .join(Person, Person.id == SavedView.owner_id)
        .where(or_(own, SavedView.shared))
        .order_by(own.desc(), SavedView.name, SavedView.id)
    )
    return [
        KeptView(key, name, query, shared, owner_id == viewer.person_id, owner)
        for key, owner_id, name, query, shared, owner in rows
    ]


def count_each(session: Session, viewer: Viewer, call_code: str, several: Sequence[DocketFilter]) -> list[int]:
    """Return how many rows each filter leaves, in two statements and one more for each search.

    Raises:
        ForbiddenError: if the viewer sees no reviews at all.
    """
    sight = sight_of(session, viewer, call_code)
    if not several:
        return []
    counts = [
        select(func.count())
        .select_from(Listing)
        .where(
            on_docket(viewer, call_code),
            in_view(sight, chosen.view),
            *left_in(sight, chosen, sqlite=is_sqlite(session)),
        )
        .scalar_subquery()
        for chosen in (looked_up(session, viewer, one) for one in several)
    ]
    return list(session.execute(select(*counts)).one())
