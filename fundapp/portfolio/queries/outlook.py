"""The coming quarters: what will be asked of the pools, what is announced, and where the next plan starts.

Sums over all applications and awards: no company can be told from them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.allocation.pools import PoolRow, list_pools
from fundapp.allocation.rules.outlook import Demand, Outlook, Slot, coming_quarters, look_ahead
from fundapp.allocation.tables import CapacityAnnouncement
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.quantities import HOUR
from fundapp.core.quarters import Quarter, utc_day
from fundapp.intake.answers import gpu_requests
from fundapp.intake.newest import newest_answers
from fundapp.intake.tables import Application
from fundapp.portfolio.tables import Grant, WaitlistEntry, WaitlistOffer

_OPEN = ("submitted", "on_hold", "eligible", "deferred")
_DECIDED = ("approved", "rejected", "awarded")
_USUAL_QUARTERS = 4


@dataclass(frozen=True, slots=True)
class AnnouncementRow:
    """What an investor announced last for a SKU, region and quarter; whole hours."""

    investor: str
    sku: str
    region: str
    quarter: str
    hours: int
    announced_on: date
    source: str
    entered_by: str


@dataclass(frozen=True, slots=True)
class StartRow:
    """Where the next plan starts in one SKU and quarter, in ten-thousandths of an hour.

    Attributes:
        reclaimed: Of what is free, hours that grants gave back or lost again.
        waiting: Of what is free, hours that the waitlist comes first for.
    """

    sku: str
    quarter: str
    capacity: int
    granted: int
    held: int
    free: int
    reclaimed: int
    waiting: int


@dataclass(frozen=True, slots=True)
class CapacityOutlook:
    """The coming quarters.

    Attributes:
        rows: By SKU and quarter.
        granted_share: Of hours requested, the part that decisions have granted; None before there are any.
        announcements: Those that hold.
        start: Where the next plan starts, the present quarter with it.
    """

    quarters: tuple[str, ...]
    rows: tuple[Outlook, ...]
    granted_share: Fraction | None
    announcements: tuple[AnnouncementRow, ...]
    start: tuple[StartRow, ...]


def capacity_outlook(session: Session, viewer: Viewer, at: datetime) -> CapacityOutlook:
    """Return demand against announced capacity for the next four quarters, and where the next plan starts.

    Raises:
        ForbiddenError: if the viewer may not see pools.
    """
    require(viewer, Verb.VIEW, Thing(Kind.POOL))
    today = Quarter.of_date(utc_day(at))
    quarters = coming_quarters(today)
    pools = list_pools(session, viewer)
    waiting = _waiting(session, pools, (str(today), *quarters))
    asked, share = _requests(session)
    announcements = _announcements(session, (str(today), *quarters))
    announced: defaultdict[Slot, int] = defaultdict(int)
    for row in announcements:
        announced[row.sku, row.quarter] += row.hours
    promised: defaultdict[Slot, int] = defaultdict(int)
    contributed: defaultdict[Slot, int] = defaultdict(int)
    for pool in pools:
        slot = (pool.sku, pool.quarter)
        promised[slot] += (pool.granted + pool.unreleased + pool.held + pool.offered) // HOUR
        contributed[slot] += pool.capacity // HOUR
    demand = Demand(promised, waiting, asked, share, _usual(pools, today))
    return CapacityOutlook(
        quarters=quarters,
        rows=look_ahead(quarters, demand, contributed, announced),
        granted_share=share,
        announcements=announcements,
        start=tuple(_start(session, pools, waiting, (str(today), *quarters))),
    )


def _waiting(session: Session, pools: list[PoolRow], quarters: tuple[str, ...]) -> dict[Slot, int]:
    """Return what the waitlist wants, in whole hours; who takes any quarter is counted in the first that has a pool."""
    offered = select(WaitlistOffer.entry_id).where(WaitlistOffer.state == "open")
    rows = session.execute(
        select(WaitlistEntry.sku, WaitlistEntry.quarter, func.sum(WaitlistEntry.wanted_e4 - WaitlistEntry.served_e4))
        .where(WaitlistEntry.state == "waiting", WaitlistEntry.id.not_in(offered))
        .group_by(WaitlistEntry.sku, WaitlistEntry.quarter)
    )
    found: defaultdict[Slot, int] = defaultdict(int)
    for sku, quarter, hours_e4 in rows:
        first = min((p.quarter for p in pools if p.sku == sku and p.quarter in quarters), default=quarters[0])
        found[sku, quarter or first] += -(-int(hours_e4) // HOUR)
    return dict(found)


def _requests(session: Session) -> tuple[dict[Slot, int], Fraction | None]:
    """Return what open applications ask for, and the part of decided requests that was granted."""
    states = {
        row.id: row.state
        for row in session.execute(
            select(Application.id, Application.state).where(Application.state.in_((*_OPEN, *_DECIDED)))
        )
    }
    among = select(Application.id).where(Application.state.in_((*_OPEN, *_DECIDED)))
    asked: defaultdict[Slot, int] = defaultdict(int)
    decided = 0
    for row in session.execute(newest_answers(among)):
        is_open = states[row.application_id] in _OPEN
        for request in gpu_requests(row.answers):
            if is_open:
                asked[request.sku, request.quarter] += request.hours.minor // HOUR
            else:
                decided += request.hours.minor
    granted = session.scalar(select(func.coalesce(func.sum(Grant.hours_e4), 0))) or 0
    return dict(asked), min(Fraction(1), Fraction(int(granted), decided)) if decided else None


def _usual(pools: list[PoolRow], today: Quarter) -> dict[str, int]:
    """Return the hours granted in an average of the last four quarters, the present one with them, by SKU."""
    past: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for pool in pools:
        if not today < Quarter.parse(pool.quarter):
            granted = (pool.granted + pool.unreleased) // HOUR
            past[pool.sku][pool.quarter] = past[pool.sku].get(pool.quarter, 0) + granted
    found = {}
    for sku, quarters in past.items():
        last = [quarters[name] for name in sorted(quarters)[-_USUAL_QUARTERS:]]
        found[sku] = sum(last) // len(last)
    return found


def _announcements(session: Session, quarters: tuple[str, ...]) -> tuple[AnnouncementRow, ...]:
    rows = session.scalars(
        select(CapacityAnnouncement)
        .where(CapacityAnnouncement.quarter.in_(quarters))
        .order_by(CapacityAnnouncement.announced_on, CapacityAnnouncement.at, CapacityAnnouncement.id)
    )
    newest = {(row.quarter, row.sku, row.region, row.investor_code): row for row in rows}
    return tuple(
        AnnouncementRow(
            row.investor_code,
            row.sku,
            row.region,
            row.quarter,
            row.hours,
            row.announced_on,
            row.source,
            row.entered_by,
        )
        for _, row in sorted(newest.items())
    )


def _start(
    session: Session, pools: list[PoolRow], waiting: Mapping[Slot, int], quarters: tuple[str, ...]
) -> list[StartRow]:
    decided: defaultdict[Slot, int] = defaultdict(int)
    for sku, quarter, hours in session.execute(
        select(Grant.sku, Grant.quarter, func.sum(Grant.hours_e4)).group_by(Grant.sku, Grant.quarter)
    ):
        decided[sku, quarter] = int(hours)
    sums: defaultdict[Slot, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for pool in pools:
        if pool.quarter in quarters:
            for place, part in enumerate(
                (pool.capacity, pool.granted + pool.unreleased, pool.held + pool.offered, pool.free)
            ):
                sums[pool.sku, pool.quarter][place] += part
    found = []
    for (sku, quarter), (capacity, granted, held, free) in sorted(sums.items()):
        back = max(0, decided[sku, quarter] - granted)
        found.append(
            StartRow(
                sku,
                quarter,
                capacity,
                granted,
                held,
                free,
                reclaimed=min(free, back),
                waiting=min(free, waiting.get((sku, quarter), 0) * HOUR),
            )
        )
    return found
