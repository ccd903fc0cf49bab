"""What the ballot page shows: the proposal against the headroom, and what was asked for."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy.orm import Session

from fundapp.allocation.queries import CashHeadroom, cash_headroom, list_pools
from fundapp.committee.queries import (
    AgendaItem,
    BallotPage,
    MeetingPage,
    ReviewPage,
    ballot_page,
    meeting_page,
    review_page,
)
from fundapp.committee.rules import GpuLine
from fundapp.core.access import Viewer
from fundapp.intake.answers import gpu_requests
from fundapp.ledger.queries import find_holds

NEIGHBOURS = 5
"""Items of the agenda shown before and after the present one; the whole of it stands on the meeting's page."""


@dataclass(frozen=True, slots=True)
class Room:
    """What one vote takes out of one limit, in won or in ten-thousandths of a GPU-hour.

    Attributes:
        sku: Empty for cash.
        whole: All that there is.
        before: Free before this vote; what is held for it counts as free.
        asked: What the vote takes.
    """

    sku: str
    region: str
    quarter: str
    whole: int
    before: int
    asked: int

    @property
    def committed(self) -> int:
        """What others have already."""
        return max(0, self.whole - self.before)

    @property
    def after(self) -> int:
        """What stays free if the vote carries; negative where it does not fit."""
        return self.before - self.asked


@dataclass(frozen=True, slots=True)
class Sitting:
    """A ballot with its meeting.

    Attributes:
        item: The ballot's place on the agenda.
        groups: The agenda around it in stretches during which the same people are outside: names and items.
        rooms: Cash first, then one for each pool; empty once the ballot is closed.
        hours: Proposed hours by SKU in ten-thousandths.
        requested_hours: Hours asked for by SKU, likewise.
        value_e4: Imputed value of the proposed hours, in ten-thousandths of a won.
    """

    ballot: BallotPage
    meeting: MeetingPage
    item: AgendaItem
    groups: tuple[tuple[tuple[str, ...], tuple[AgendaItem, ...]], ...]
    rooms: tuple[Room, ...]
    review: ReviewPage
    hours: Mapping[str, int]
    requested_hours: Mapping[str, int]
    requested_krw: int
    value_e4: int

    @property
    def shown(self) -> int:
        """How many items of the agenda the groups hold."""
        return sum(len(items) for _, items in self.groups)


def agenda_groups(
    items: Sequence[AgendaItem], around: int
) -> tuple[tuple[tuple[str, ...], tuple[AgendaItem, ...]], ...]:
    """Return the agenda near a place, in stretches during which the same members are outside."""
    near = [item for item in items if abs(item.place - around) <= NEIGHBOURS]
    return tuple((names, tuple(group)) for names, group in groupby(near, key=lambda item: item.leaving))


def load_sitting(session: Session, viewer: Viewer, ballot_id: uuid.UUID) -> Sitting:
    """Load the ballot page.

    Raises:
        NotFoundError: if it is absent, out of sight, or the viewer is recused.
    """
    ballot = ballot_page(session, viewer, ballot_id)
    meeting = meeting_page(session, viewer, ballot.meeting_id)
    item = next(item for item in meeting.items if item.ballot_id == ballot_id)
    review = review_page(session, viewer, ballot.application_id)
    requested: dict[str, int] = {}
    for request in gpu_requests(review.answers):
        sku = request.sku.upper()
        requested[sku] = requested.get(sku, 0) + request.hours.minor
    hours: dict[str, int] = {}
    for line in ballot.gpu_lines:
        hours[line.sku.upper()] = hours.get(line.sku.upper(), 0) + line.hours_e4
    asked = review.answers.get("requested_krw")
    return Sitting(
        ballot=ballot,
        meeting=meeting,
        item=item,
        groups=agenda_groups(meeting.items, item.place),
        rooms=_rooms(session, viewer, ballot) if ballot.state == "open" else (),
        review=review,
        hours=hours,
        requested_hours=requested,
        requested_krw=asked if isinstance(asked, int) else 0,
        value_e4=sum(line.value_e4 for line in ballot.gpu_lines),
    )


def _rooms(session: Session, viewer: Viewer, ballot: BallotPage) -> tuple[Room, ...]:
    held = any(hold.state == "open" for hold in find_holds(session, f"ballot:{ballot.ballot_id}"))
    cash = _cash(cash_headroom(session, viewer), ballot.proposed_krw, held=held)
    pools = {str(pool.pool_id): pool for pool in list_pools(session, viewer)}
    taken: dict[str, GpuLine] = {line.pool_id: line for line in ballot.gpu_lines}
    gpu = [
        Room(
            sku=pools[key].sku.upper(),
            region=pools[key].region,
            quarter=pools[key].quarter,
            whole=pools[key].contributed,
            before=pools[key].free + (line.hours_e4 if held else 0),
            asked=line.hours_e4,
        )
        for key, line in taken.items()
        if key in pools
    ]
    return (cash, *gpu)


def _cash(headroom: CashHeadroom, asked: int, *, held: bool) -> Room:
    return Room("", "", "", headroom.promised_krw, headroom.free_krw + (asked if held else 0), asked)
