"""The docket by stage: how many there are in each, and the first of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import func, select
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
from fundapp.committee.queries.docket.rows import DocketRow, SortKey, docket
from fundapp.committee.queries.phases import find_holding
from fundapp.committee.rules import DOCKET_STATES
from fundapp.core.access import Viewer
from fundapp.core.errors import NotFoundError
from fundapp.intake.rules import counts_as
from fundapp.intake.tables import Listing


def docket_ways(session: Session, call_code: str) -> dict[str, bool]:
    """Return the stages of a call's docket in their order, its own among them, and whether one may be proposed there.

    Raises:
        NotFoundError: if there is no such call.
    """
    holding = find_holding(session, call_code)
    if holding is None:
        raise NotFoundError(call=call_code)
    proposable = holding.workflow.proposable
    stages = holding.workflow.stages
    return {stage.key: stage.key in proposable for stage in stages if counts_as(stage.key) in DOCKET_STATES}


def docket_stages(
    session: Session,
    viewer: Viewer,
    call_code: str,
    *,
    states: Sequence[str],
    filters: DocketFilter,
    sort: SortKey,
    descending: bool,
    first: int,
) -> Mapping[str, tuple[int, list[DocketRow]]]:
    """Return for each state how many rows the filter leaves and the first of them, in a few statements a column.

    Args:
        session: A session.
        viewer: Who looks.
        call_code: Of which call.
        states: The columns, those of `docket_ways`; the states of the filter choose among them.
        filters: What to leave in.
        sort: By what, within a column.
        descending: From the largest down.
        first: How many of each.

    Raises:
        ForbiddenError: if the viewer sees no reviews at all.
    """
    sight = sight_of(session, viewer, call_code)
    chosen = looked_up(session, viewer, filters)
    left = left_in(sight, chosen, sqlite=is_sqlite(session))
    conditions = [on_docket(viewer, call_code), in_view(sight, chosen.view), *left]
    counted = select(Listing.state, func.count()).where(*conditions).group_by(Listing.state)
    counts: dict[str, int] = {row[0]: row[1] for row in session.execute(counted)}
    shown = [state for state in states if not chosen.states or state in chosen.states]
    return {
        state: (
            counts.get(state, 0),
            docket(
                session,
                viewer,
                call_code,
                filters=replace(chosen, states=(state,)),
                sort=sort,
                descending=descending,
                limit=first,
            ),
        )
        for state in shown
    }
