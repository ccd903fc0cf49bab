"""What the docket page shows: rows of one call, filtered and sorted by what the address says."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from flask import url_for
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from fundapp.allocation.queries import pool_rates
from fundapp.committee.queries import (
    SORT_KEYS,
    VIEWS,
    Counts,
    DocketFilter,
    DocketRow,
    KeptView,
    Progress,
    SortKey,
    View,
    count_each,
    docket,
    docket_counts,
    docket_stages,
    docket_ways,
    find_official,
    kept_views,
    looked_up,
    my_progress,
)
from fundapp.committee.rules import Official
from fundapp.core.access import Viewer
from fundapp.core.errors import NotFoundError
from fundapp.core.quarters import kst_date
from fundapp.intake.answers import GpuRequest
from fundapp.intake.queries import CallRow, list_calls
from fundapp.screening.rules import age_in_months
from fundapp.web.shell.clock import now
from fundapp.web.shell.pagination import PAGE_SIZE, Page

CARDS = 12
"""How many cards a column of the board shows at first."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for, put right where it makes no sense.

    Attributes:
        kept: The kept view that the address came from, if any.
        layout: `table`, or `board` for a column a stage.
    """

    view: View
    search: str
    state: str
    sector: str
    sort: SortKey
    down: bool
    kept: str = ""
    layout: str = "table"

    @classmethod
    def of(cls, args: MultiDict[str, str]) -> Asked:
        """Read the query of an address."""
        view, state, sort = args.get("view", "all"), args.get("state", ""), args.get("sort", "number")
        return cls(
            view=next((one for one in VIEWS if one == view), "all"),
            search=args.get("q", "")[:100],
            state=state[:20],
            sector=args.get("sector", "")[:40],
            sort=next((key for key in SORT_KEYS if key == sort), "number"),
            down=args.get("down") == "1",
            kept=args.get("kept", "")[:36],
            layout="board" if args.get("layout") == "board" else "table",
        )

    def within(self, states: Collection[str]) -> Asked:
        """Return the same without a stage that the call's docket has not."""
        return self if not self.state or self.state in states else replace(self, state="")

    @property
    def narrowed(self) -> bool:
        """Whether filters are on that one could clear."""
        return bool(self.search or self.state or self.sector)

    @property
    def filters(self) -> DocketFilter:
        """What the queries take of it."""
        return DocketFilter(
            states=(self.state,) if self.state else (), search=self.search, sector=self.sector, view=self.view
        )

    @property
    def query(self) -> dict[str, str]:
        """What an address says of it, without what goes without saying."""
        said = {
            "view": "" if self.view == "all" else self.view,
            "q": self.search,
            "state": self.state,
            "sector": self.sector,
            "sort": "" if self.sort == "number" else self.sort,
            "down": "1" if self.down else "",
            "layout": "" if self.layout == "table" else self.layout,
        }
        return {name: value for name, value in said.items() if value}


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
class Tab:
    """A kept view beside the built-in ones."""

    kept: KeptView
    count: int
    current: bool


@dataclass(frozen=True, slots=True)
class Column:
    """A stage of the board: how many there are, and the first of them."""

    state: str
    count: int
    lines: Sequence[Line]
    proposable: bool


@dataclass(frozen=True, slots=True)
class Board:
    """One page of the docket of a call; as a board, `columns` in place of rows.

    Attributes:
        states: The stages of its docket, in their order.
        official: Which score counts.
    """

    calls: Sequence[CallRow]
    call: CallRow
    asked: Asked
    counts: Counts
    tabs: Sequence[Tab]
    page: Page[Line]
    columns: Sequence[Column]
    progress: Progress
    states: tuple[str, ...]
    official: Official

    @property
    def choices(self) -> tuple[CallRow, ...]:
        """The calls that one may choose from."""
        return tuple(self.calls)


def docket_address(call_code: str | None, asked: Asked, *, kept: uuid.UUID | None = None) -> str:
    """Return the address of the docket that asks for the same."""
    said: dict[str, Any] = {"call": call_code, **asked.query, "kept": kept}
    return url_for("committee.docket", **said)


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


def load_board(
    session: Session, viewer: Viewer, calls: list[CallRow], call: CallRow, asked: Asked, number: int
) -> Board:
    """Load one page of the docket; what it costs depends neither on the docket's length nor on the rows it shows."""
    ways = docket_ways(session, call.code)
    asked = asked.within(ways)
    filters = looked_up(session, viewer, asked.filters)
    counts = docket_counts(session, viewer, call.code, filters)
    total = counts.views[asked.view]
    number = Page.within(number, total)
    lines, columns = list[Line](), list[Column]()
    if asked.layout == "board":
        columns = _columns(session, viewer, call, asked, ways, filters)
    else:
        rows = docket(
            session,
            viewer,
            call.code,
            filters=filters,
            sort=asked.sort,
            descending=asked.down,
            limit=PAGE_SIZE,
            offset=(number - 1) * PAGE_SIZE,
        )
        lines = lines_of(session, viewer, call, rows)
    return Board(
        calls=calls,
        call=call,
        asked=asked,
        counts=counts,
        tabs=_tabs(session, viewer, call, asked),
        page=Page(lines, number, total),
        columns=columns,
        progress=my_progress(session, viewer, call.code),
        states=tuple(ways),
        official=find_official(session, call.code),
    )


def _tabs(session: Session, viewer: Viewer, call: CallRow, asked: Asked) -> list[Tab]:
    kept = kept_views(session, viewer)
    filters = [Asked.of(MultiDict(one.query)).filters for one in kept]
    counts = count_each(session, viewer, call.code, filters)
    return [Tab(one, count, str(one.view_id) == asked.kept) for one, count in zip(kept, counts, strict=True)]


def _columns(
    session: Session, viewer: Viewer, call: CallRow, asked: Asked, ways: Mapping[str, bool], filters: DocketFilter
) -> list[Column]:
    stages = docket_stages(
        session,
        viewer,
        call.code,
        states=list(ways),
        filters=filters,
        sort=asked.sort,
        descending=asked.down,
        first=CARDS,
    )
    rates, closes_on = pool_rates(session, viewer), _day_of_age(call)
    return [
        Column(state, count, [_line(row, rates, closes_on) for row in rows], ways[state])
        for state, (count, rows) in stages.items()
    ]


def load_lines(session: Session, viewer: Viewer, call: CallRow, asked: Asked, numbers: Sequence[str]) -> list[Line]:
    """Load every row that a file takes: what the address leaves in or, of it, the numbers ticked."""
    filters = replace(asked.within(docket_ways(session, call.code)).filters, numbers=tuple(numbers))
    rows = docket(session, viewer, call.code, filters=filters, sort=asked.sort, descending=asked.down)
    return lines_of(session, viewer, call, rows)


def lines_of(session: Session, viewer: Viewer, call: CallRow, rows: Sequence[DocketRow]) -> list[Line]:
    """Return rows with what is derived for display."""
    rates, closes_on = pool_rates(session, viewer), _day_of_age(call)
    return [_line(row, rates, closes_on) for row in rows]


def _day_of_age(call: CallRow) -> date:
    """Return the day a company's age is told for; a rolling call closes years from now, so there it is today's."""
    return min(kst_date(call.closes_at), kst_date(now()))


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
