"""What the docket page shows: rows of one call, filtered and sorted by what the address says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from fundapp.allocation.queries import list_pools
from fundapp.committee.queries import (
    SORT_KEYS,
    DocketFilter,
    DocketRow,
    Progress,
    SortKey,
    docket,
    narrow,
    progress_in,
)
from fundapp.committee.rules import DOCKET_STATES
from fundapp.core.access import Viewer
from fundapp.core.errors import NotFoundError
from fundapp.core.quarters import kst_date
from fundapp.intake.answers import GpuRequest
from fundapp.intake.queries import CallRow, list_calls
from fundapp.screening.rules import age_in_months
from fundapp.web.shell.clock import now

DISPUTED_TENTHS = 100
"""From this standard deviation, or distance between machine and committee, a row is worth talking about."""
DECIDED = frozenset({"approved", "rejected", "deferred", "awarded"})

VIEWS: Mapping[str, Callable[[DocketRow], bool]] = {
    "waiting": lambda row: row.own_state == "waiting",
    "all": lambda _row: True,
    "dispute": lambda row: _deviation(row) >= DISPUTED_TENTHS,
    "gap": lambda row: _gap(row) >= DISPUTED_TENTHS,
    "proposed": lambda row: row.state == "proposed",
    "decided": lambda row: row.state in DECIDED,
}
"""Saved views. They read what the row shows the viewer, so a sealed figure puts no row into any of them."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for, put right where it makes no sense."""

    view: str
    search: str
    state: str
    sector: str
    sort: SortKey
    down: bool

    @classmethod
    def of(cls, args: MultiDict[str, str]) -> Asked:
        """Read the query of an address."""
        view, state, sort = args.get("view", "all"), args.get("state", ""), args.get("sort", "number")
        return cls(
            view=view if view in VIEWS else "all",
            search=args.get("q", "")[:100],
            state=state if state in DOCKET_STATES else "",
            sector=args.get("sector", "")[:40],
            sort=next((key for key in SORT_KEYS if key == sort), "number"),
            down=args.get("down") == "1",
        )

    @property
    def narrowed(self) -> bool:
        """Whether filters are on that one could clear."""
        return bool(self.search or self.state or self.sector)


@dataclass(frozen=True, slots=True)
class Line:
    """One row with what is derived for display.

    Attributes:
        age_tenths: Years since incorporation at the call's close, in tenths, rounded down; None if unknown.
        gpu: Hours by SKU in ten-thousandths, most first.
        value_e4: Imputed value of the hours asked for; None where a rate is missing.
    """

    row: DocketRow
    age_tenths: int | None
    gpu: tuple[tuple[str, int], ...]
    value_e4: int | None


@dataclass(frozen=True, slots=True)
class Board:
    """The docket of one call.

    Attributes:
        total: Rows before any filter of the address.
        counts: Rows in each saved view, filters applied.
        sectors: Industries to filter by.
    """

    calls: Sequence[CallRow]
    call: CallRow
    asked: Asked
    total: int
    lines: Sequence[Line]
    counts: Mapping[str, int]
    sectors: Sequence[str]
    progress: Progress


def find_call(session: Session, code: str | None, at: datetime) -> tuple[list[CallRow], CallRow | None]:
    """Return all calls and the one asked for; without a code, the one that closed last.

    Raises:
        NotFoundError: for a code that no call has.
    """
    calls = list_calls(session, at)
    if code:
        chosen = next((call for call in calls if call.code == code), None)
        if chosen is None:
            raise NotFoundError(call=code)
        return calls, chosen
    by_phase = (next((call for call in calls if call.phase == phase), None) for phase in ("closed", "open"))
    return calls, next((call for call in by_phase if call), calls[0] if calls else None)


def load_board(session: Session, viewer: Viewer, calls: list[CallRow], call: CallRow, asked: Asked) -> Board:
    """Load the docket, in a number of statements that does not depend on its length."""
    everything = docket(session, viewer, call.code, sort=asked.sort, descending=asked.down)
    rows = everything
    if asked.narrowed:
        filters = DocketFilter(states=(asked.state,) if asked.state else (), search=asked.search, sector=asked.sector)
        rows = narrow(everything, filters)
    rates = pool_rates(session, viewer)
    # A rolling call closes years from now: a company's age there is today's.
    closes_on = min(kst_date(call.closes_at), kst_date(now()))
    return Board(
        calls=calls,
        call=call,
        asked=asked,
        total=len(everything),
        lines=[_line(row, rates, closes_on) for row in rows if VIEWS[asked.view](row)],
        counts={view: sum(map(belongs, rows)) for view, belongs in VIEWS.items()},
        sectors=sorted({row.sector for row in everything if row.sector}),
        progress=progress_in(everything),
    )


def _line(row: DocketRow, rates: Mapping[tuple[str, str], int], closes_on: date) -> Line:
    by_sku: dict[str, int] = {}
    for request in row.gpu:
        sku = request.sku.upper()
        by_sku[sku] = by_sku.get(sku, 0) + request.hours.minor
    return Line(
        row=row,
        age_tenths=age_in_months(row.founded_on, closes_on) * 10 // 12 if row.founded_on else None,
        gpu=tuple(sorted(by_sku.items(), key=lambda pair: (-pair[1], pair[0]))),
        value_e4=requested_value(row.gpu, rates),
    )


def requested_value(requests: Sequence[GpuRequest], rates: Mapping[tuple[str, str], int]) -> int | None:
    """Return what hours asked for are worth at the pools' rates, in ten-thousandths of a won; None without a rate."""
    values = [
        request.hours.minor * rates[request.sku.upper(), request.quarter]
        for request in requests
        if (request.sku.upper(), request.quarter) in rates
    ]
    return sum(values) if values and len(values) == len(requests) else None


def pool_rates(session: Session, viewer: Viewer) -> dict[tuple[str, str], int]:
    """Return the rate of an hour in whole won by SKU and quarter; the highest where regions differ."""
    rates: dict[tuple[str, str], int] = {}
    for pool in list_pools(session, viewer):
        place = (pool.sku.upper(), pool.quarter)
        rates[place] = max(pool.rate_krw, rates.get(place, 0))
    return rates


def _deviation(row: DocketRow) -> int:
    return row.statistics.deviation_tenths or 0 if row.statistics else 0


def _gap(row: DocketRow) -> int:
    if row.statistics is None or row.score_tenths is None:
        return 0
    return abs(row.statistics.trimmed_tenths - row.score_tenths)
