"""What the ballot page shows: the proposal against the headroom, and what was asked for."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy.orm import Session

from fundapp.allocation.queries import cash_headroom, list_pools
from fundapp.committee.queries import (
    AgendaItem,
    BallotPage,
    MeetingPage,
    ReviewPage,
    ballot_page,
    meeting_page,
    review_page,
)
from fundapp.core.access import Viewer
from fundapp.core.quantities import gpu_commodity
from fundapp.intake.answers import gpu_requests
from fundapp.ledger.queries import find_holds

NEIGHBOURS = 5
"""Items of the agenda shown before and after the present one; the whole of it stands on the meeting's page."""
RESERVE = 10
"""Whatever leaves less than a tenth of a limit is marked."""

Groups = tuple[tuple[tuple[str, ...], tuple[AgendaItem, ...]], ...]
"""Stretches of an agenda during which the same people are outside: their names, and the items."""


@dataclass(frozen=True, slots=True)
class Room:
    """What one vote takes out of one limit, in won or in ten-thousandths of a GPU-hour.

    Attributes:
        pool_id: None for cash; then `sku` is empty too.
        whole: All that there is.
        before: Free before this vote; what is held for it counts as free.
        asked: What the vote takes.
    """

    pool_id: uuid.UUID | None
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

    @property
    def reserve(self) -> int:
        """Up to where a limit may be used before its last tenth."""
        return self.whole - self.whole // RESERVE

    @property
    def tight(self) -> bool:
        """Whether less than a tenth would stay free."""
        return self.after * RESERVE < self.whole


@dataclass(frozen=True, slots=True)
class Sitting:
    """A ballot with its meeting.

    Attributes:
        item: The ballot's place on the agenda.
        groups: The agenda around it.
        rooms: Cash first, then one for each pool; empty once the ballot is over.
        hours: Proposed hours by SKU in ten-thousandths.
        requested_hours: Hours asked for by SKU, likewise.
        value_e4: Imputed value of the proposed hours, in ten-thousandths of a won.
    """

    ballot: BallotPage
    meeting: MeetingPage
    item: AgendaItem
    groups: Groups
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


def agenda_groups(items: Sequence[AgendaItem], around: int | None = None) -> Groups:
    """Return the agenda, or what is near a place of it, in stretches during which the same members are outside."""
    near = [item for item in items if around is None or abs(item.place - around) <= NEIGHBOURS]
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
    requested: Counter[str] = Counter()
    for request in gpu_requests(review.answers):
        requested[request.sku.upper()] += request.hours.minor
    hours: Counter[str] = Counter()
    for line in ballot.gpu_lines:
        hours[line.sku.upper()] += line.hours_e4
    asked = review.answers.get("requested_krw")
    return Sitting(
        ballot=ballot,
        meeting=meeting,
        item=item,
        groups=agenda_groups(meeting.items, item.place),
        rooms=proposed_rooms(session, viewer, ballot) if ballot.state in {"open", "waiting"} else (),
        review=review,
        hours=hours,
        requested_hours=requested,
        requested_krw=asked if isinstance(asked, int) else 0,
        value_e4=sum(line.value_e4 for line in ballot.gpu_lines),
    )


def proposed_rooms(session: Session, viewer: Viewer, ballot: BallotPage) -> tuple[Room, ...]:
    """Return what a ballot's own proposal takes out of each limit that it touches."""
    asked = {uuid.UUID(line.pool_id): line.hours_e4 for line in ballot.gpu_lines}
    rooms = weigh(session, viewer, ballot, ballot.proposed_krw, asked)
    return tuple(room for room in rooms if room.pool_id is None or room.asked)


def weigh(
    session: Session, viewer: Viewer, ballot: BallotPage, krw: int, hours_e4: Mapping[uuid.UUID, int]
) -> tuple[Room, ...]:
    """Return what other amounts in place of a ballot's would take: cash first, then every pool there is.

    What is held for the ballot counts as free: the amounts would take its place.
    """
    own: Counter[tuple[str, str]] = Counter()
    for hold in find_holds(session, f"ballot:{ballot.ballot_id}", keys=ballot.hold_keys):
        if hold.state == "open":
            for leg in hold.legs:
                own[leg.debit, leg.quantity.commodity] += leg.quantity.minor
    cash = cash_headroom(session, viewer)
    held_krw = sum(minor for (_, commodity), minor in own.items() if commodity == "KRW")
    return (
        Room(None, "", "", "", cash.promised_krw, cash.free_krw + held_krw, krw),
        *(
            Room(
                pool_id=pool.pool_id,
                sku=pool.sku.upper(),
                region=pool.region,
                quarter=pool.quarter,
                whole=pool.contributed,
                before=pool.free + own[pool.account, gpu_commodity(pool.sku.upper())],
                asked=hours_e4.get(pool.pool_id, 0),
            )
            for pool in list_pools(session, viewer)
        ),
    )
