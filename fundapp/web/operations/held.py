"""The portfolio as pages and files show it: what is asked of the list, and how a company gets on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request

from fundapp.portfolio.queries import (
    AwardCost,
    MetricRow,
    MilestoneRow,
    PortfolioFilter,
    PortfolioRow,
    ValuationRow,
)
from fundapp.portfolio.queries.portfolio import SORTS, STATES
from fundapp.portfolio.rules.companies import METRICS, TRACKS
from fundapp.web.shell.downloads import Cell, Column
from fundapp.web.shell.language import gettext, lazy

_LONGEST_SEARCH = 80
_QUARTERS_SHOWN = 4
_HUNDREDTHS = 100
_PERMILLE = 1000
STATE_WORDS: Mapping[str, Any] = {
    "due": lazy("집행 기한 지남"),
    "prepared": lazy("승인 대기"),
    "open": lazy("집행 남음"),
    "paid": lazy("집행 끝남"),
    "alert": lazy("경보 있음"),
}


def read_filter() -> PortfolioFilter:
    """Return what the request asks of the list; nonsense asks for nothing."""
    asked = request.args
    sort, state = asked.get("sort", "number"), asked.get("state", "")
    return PortfolioFilter(
        call=asked.get("call", "").strip(),
        sku=asked.get("sku", "").strip().lower(),
        state=state if state in STATES else "",
        search=asked.get("q", "").strip()[:_LONGEST_SEARCH],
        sort=sort if sort in SORTS else "number",
        down=asked.get("down") == "1",
    )


def is_narrowed(asked: PortfolioFilter) -> bool:
    """Return whether the filter leaves anything out."""
    return bool(asked.call or asked.sku or asked.state or asked.search)


def portfolio_columns(skus: Sequence[str]) -> list[Column]:
    """Return the columns of the list as a file: four for each SKU."""
    columns = [
        Column(gettext("번호")),
        Column(gettext("기업")),
        Column(gettext("신청")),
        Column(gettext("공모")),
        Column(gettext("방식")),
        Column(gettext("협약일"), "day"),
        Column(gettext("약정"), "won"),
        Column(gettext("집행"), "won"),
        Column(gettext("남음"), "won"),
        Column(gettext("다음 집행"), "day"),
        Column(gettext("경보"), "number"),
        Column(gettext("공정가치"), "won"),
        Column(gettext("평가 분기")),
        Column(gettext("지분"), "share"),
    ]
    figures = (gettext("배정"), gettext("소진"), gettext("남은 시간"), gettext("소멸 위험"))
    return columns + [Column(f"{sku.upper()} {words}", "hours") for sku in skus for words in figures]


def portfolio_cells(rows: Sequence[PortfolioRow], skus: Sequence[str]) -> Iterator[list[Cell]]:
    """Yield the list's rows as a file has them."""
    for row in rows:
        cells: list[Cell] = [
            row.number,
            row.company_name,
            row.application_number,
            row.call,
            row.instrument,
            row.signed_on,
            row.committed_krw,
            row.paid_krw,
            row.waiting_krw,
            row.next_due_on,
            row.alerts,
            row.fair_value_krw,
            row.valued_quarter,
            row.our_shares * _PERMILLE // row.total_shares if row.our_shares is not None and row.total_shares else None,
        ]
        by_sku = {hours.sku: hours for hours in row.gpu}
        for sku in skus:
            found = by_sku.get(sku)
            cells += [None] * 4 if found is None else [found.granted_e4, found.used_e4, found.free_e4, found.at_risk_e4]
        yield cells


@dataclass(frozen=True, slots=True)
class Lane:
    """One track of the joint development."""

    track: str
    steps: tuple[MilestoneRow, ...]


def show_lanes(steps: Sequence[MilestoneRow]) -> list[Lane]:
    """Return both tracks, also the one without a step."""
    return [Lane(track, tuple(step for step in steps if step.track == track)) for track in TRACKS]


@dataclass(frozen=True, slots=True)
class MetricLine:
    """One figure over the newest quarters; `planned` belongs to the newest one."""

    metric: str
    values: tuple[int | None, ...]
    newest: int | None
    planned: int | None


@dataclass(frozen=True, slots=True)
class MetricsShown:
    """The newest quarters of a company's figures.

    Attributes:
        runway_tenths: Months that the cash of the newest quarter lasts at its monthly burn, in tenths; None where
            either is unknown or nothing is burnt.
    """

    quarters: tuple[str, ...]
    lines: tuple[MetricLine, ...]
    source: str
    burn_krw: int | None
    runway_tenths: int | None


def show_metrics(rows: Sequence[MetricRow]) -> MetricsShown:
    """Lay a company's figures out by metric and quarter."""
    quarters = tuple(sorted({row.quarter for row in rows}))[-_QUARTERS_SHOWN:]
    cells = {(row.metric, row.quarter): row for row in rows}
    lines = []
    for metric in METRICS:
        found = [cells.get((metric, quarter)) for quarter in quarters]
        if any(found):
            last = found[-1]
            lines.append(
                MetricLine(
                    metric,
                    tuple(None if row is None else row.value for row in found),
                    None if last is None else last.value,
                    None if last is None else last.planned,
                )
            )
    newest = {metric: cells.get((metric, quarters[-1])) for metric in METRICS} if quarters else {}
    cash, burn = newest.get("cash"), newest.get("monthly_burn")
    runway = cash.value * 10 // burn.value if cash and burn and burn.value > 0 and cash.value >= 0 else None
    last_row = max(rows, key=lambda row: (row.quarter, row.at), default=None)
    return MetricsShown(
        quarters, tuple(lines), last_row.source if last_row else "", burn.value if burn else None, runway
    )


def multiple_hundredths(cost: AwardCost, mark: ValuationRow | None) -> int | None:
    """Return value and what came back over cost (MOIC), in hundredths; None without a mark or a cost."""
    whole_e4 = cost.cash_krw * 10_000 + cost.in_kind_e4
    if mark is None or whole_e4 <= 0:
        return None
    return (mark.fair_value_krw + cost.realised_krw) * 10_000 * _HUNDREDTHS // whole_e4
