"""What partners and staff may see of the fund as a whole: dashboard and reports."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import NotFoundError
from fundapp.core.quarters import Quarter, kst_date
from fundapp.ledger.queries import BalanceRow, balances
from fundapp.reporting.actions import StoredFile, find_frozen, find_frozen_id
from fundapp.reporting.checks import freeze_checks
from fundapp.reporting.collecting import collect_rows
from fundapp.reporting.conversation import (
    Linkage,
    Thread,
    compare_versions,
    list_comments,
    list_linkages,
)
from fundapp.reporting.documents import from_document
from fundapp.reporting.filing import Shelf, find_file, find_shelf, read_file
from fundapp.reporting.rules import Check, status_of
from fundapp.reporting.sheets import Chapter, Sheet, lay_out
from fundapp.reporting.sight import require_sight
from fundapp.reporting.tables import FrozenQuarter, ReportFile, ReportSignature
from fundapp.reporting.tracing import Step, Trace, add_moves, trace
from reports import Preview, ReportRows, preview
from reports.charts import Chart
from reports.figures import AwardOutlook, Figures, SkuTotal
from reports.formats import Locale
from reports.metrics import Bridge, Measures, Multiples
from reports.rows import FunnelStage, GpuLine, Holding

__all__ = [
    "CashSide",
    "Chapter",
    "Dashboard",
    "GpuSide",
    "Linkage",
    "ReportPage",
    "ReportRow",
    "Sheet",
    "Shelf",
    "Signature",
    "Thread",
    "Trace",
    "compare_versions",
    "dashboard",
    "find_file",
    "find_shelf",
    "freeze_checklist",
    "frozen_dashboard",
    "get_report",
    "list_comments",
    "list_linkages",
    "list_reports",
    "read_file",
    "show_moves",
    "trace_figure",
]


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One frozen version in a list."""

    quarter: str
    version: int
    status: str
    frozen_by: str
    frozen_at: datetime
    inputs_sha256: str
    newest: bool


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed for one side."""

    side: str
    signed_by: str
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class ReportPage:
    """One frozen version: its state, its files, and the sections that the files are made from, also in words."""

    row: ReportRow
    signatures: tuple[Signature, ...]
    files: tuple[StoredFile, ...]
    preview: Preview
    chapters: tuple[Chapter, ...]


@dataclass(frozen=True, slots=True)
class CashSide:
    """Cash in won: promised, called, committed to awards, paid out, and what is still free."""

    committed_krw: int
    paid_in_krw: int
    awarded_krw: int
    disbursed_krw: int
    held_krw: int
    headroom_krw: int


@dataclass(frozen=True, slots=True)
class GpuSide:
    """GPU time in ten-thousandths of an hour and its imputed value in ten-thousandths of a won."""

    contributed_hours_e4: int
    allocated_hours_e4: int
    delivered_hours_e4: int
    expired_hours_e4: int
    held_hours_e4: int
    headroom_hours_e4: int
    contributed_krw_e4: int
    delivered_krw_e4: int
    headroom_krw_e4: int


@dataclass(frozen=True, slots=True, eq=False)
class Dashboard:
    """The fund on a date: cash and GPU time side by side, value, use, deal flow, charts and the tables behind them.

    One is equal to itself alone: a frozen version's stays the same object, and what is drawn of it is found by it.
    """

    as_of: date
    quarter: str
    cash: CashSide
    gpu: GpuSide
    total: Multiples
    by_investor: tuple[tuple[str, Multiples], ...]
    bridge: Bridge
    skus: tuple[SkuTotal, ...]
    utilisation: tuple[tuple[str, Fraction | None], ...]
    funnel: tuple[FunnelStage, ...]
    holdings: tuple[Holding, ...]
    charts: Mapping[str, Chart]
    measures: Mapping[str, Measures]
    pools: tuple[GpuLine, ...]
    outlooks: tuple[AwardOutlook, ...]
    sheets: Mapping[str, Sheet]
    tvpi_range: tuple[Fraction | None, Fraction | None]
    policy: str


_BOARDS_KEPT = 16
_BOARDS: dict[tuple[uuid.UUID, Locale], Dashboard] = {}
"""Dashboards of frozen versions, which never change: neither their rows are read again nor their charts drawn."""


@lru_cache(maxsize=16)
def _drawn(rows: ReportRows, locale: Locale) -> Preview:
    """Return the preview of rows. Drawing takes most of a page's time, and equal rows are drawn alike."""
    return preview(rows, locale=locale)


def dashboard(session: Session, viewer: Viewer, *, at: datetime, locale: Locale = "ko") -> Dashboard:
    """Return the fund as it stands today. Only funded companies are named; applicants appear as counts.

    Raises:
        ForbiddenError: if the viewer may not see reports.
    """
    require_sight(session, viewer)
    today = kst_date(at)
    quarter = Quarter.of_date(today)
    rows = collect_rows(session, quarter, as_of=today)
    pools = balances(session, prefix="pool:")
    figures = _drawn(rows, locale).figures
    cash = _cash_side(figures, [row for row in pools if row.commodity == "KRW"])
    return _dashboard(rows, locale, cash, _gpu_side(figures, pools))


def frozen_dashboard(
    session: Session, viewer: Viewer, quarter: Quarter, version: int | None = None, *, locale: Locale = "ko"
) -> Dashboard:
    """Return the fund as a frozen version of a quarter has it; reservations are not part of a frozen quarter.

    Raises:
        NotFoundError: if there is no such version, or the viewer may not see reports.
    """
    require_sight(session, viewer)
    frozen_id = find_frozen_id(session, quarter, version)
    if frozen_id is None:
        raise NotFoundError
    board = _BOARDS.get((frozen_id, locale))
    if board is None:
        board = _frozen_board(_frozen_rows(session, frozen_id), locale)
        while len(_BOARDS) >= _BOARDS_KEPT:
            _BOARDS.pop(next(iter(_BOARDS)), None)
        _BOARDS[frozen_id, locale] = board
    return board


def _frozen_rows(session: Session, frozen_id: uuid.UUID) -> ReportRows:
    return from_document(session.scalars(select(FrozenQuarter.inputs).where(FrozenQuarter.id == frozen_id)).one())


def _frozen_board(rows: ReportRows, locale: Locale) -> Dashboard:
    figures = _drawn(rows, locale).figures
    costs = sum(flow.amount_krw for flow in rows.flows if flow.kind in {"fee", "expense"} and flow.basis == "cash")
    cash = _cash_side(figures, [])
    cash = dataclasses.replace(cash, headroom_krw=cash.committed_krw - cash.awarded_krw - costs)
    gpu = dataclasses.replace(
        _gpu_side(figures, []),
        headroom_hours_e4=sum(one.contributed_hours_e4 - one.allocated_hours_e4 for one in figures.skus),
        headroom_krw_e4=sum(one.contributed_krw_e4 - one.allocated_krw_e4 for one in figures.skus),
    )
    return _dashboard(rows, locale, cash, gpu)


def _dashboard(rows: ReportRows, locale: Locale, cash: CashSide, gpu: GpuSide) -> Dashboard:
    seen = _drawn(rows, locale)
    figures = seen.figures
    return Dashboard(
        as_of=rows.as_of,
        quarter=rows.quarter.code,
        cash=cash,
        gpu=gpu,
        total=figures.total.multiples,
        by_investor=tuple((code, measures.multiples) for code, measures in figures.investors),
        bridge=figures.bridge,
        skus=figures.skus,
        utilisation=tuple((total.sku, total.utilisation) for total in figures.skus),
        funnel=rows.funnel,
        holdings=figures.rows.holdings,
        charts=seen.charts,
        measures={"total": figures.total} | dict(figures.investors),
        pools=figures.rows.gpu,
        outlooks=figures.outlooks,
        sheets={sheet.key: sheet for chapter in lay_out(seen, locale) for sheet in chapter.sheets},
        tvpi_range=(figures.tvpi_low, figures.tvpi_high),
        policy=rows.fund.recognition_policy,
    )


def _cash_side(figures: Figures, pools: list[BalanceRow]) -> CashSide:
    rows = figures.rows
    return CashSide(
        committed_krw=sum(one.committed_krw for one in rows.fund.investors if one.kind == "cash"),
        paid_in_krw=figures.cash.multiples.paid_in_krw,
        awarded_krw=sum(holding.committed_krw for holding in rows.holdings),
        disbursed_krw=sum(holding.cash_cost_krw for holding in rows.holdings),
        held_krw=sum(row.held for row in pools),
        headroom_krw=sum(row.free for row in pools),
    )


def _gpu_side(figures: Figures, pools: list[BalanceRow]) -> GpuSide:
    hours = [row for row in pools if row.commodity.startswith("GPUH.")]
    values = [row for row in pools if row.commodity == "KRW-IMPUTED"]
    skus = figures.skus
    return GpuSide(
        contributed_hours_e4=sum(one.contributed_hours_e4 for one in skus),
        allocated_hours_e4=sum(one.allocated_hours_e4 for one in skus),
        delivered_hours_e4=sum(one.delivered_hours_e4 for one in skus),
        expired_hours_e4=sum(one.expired_hours_e4 for one in skus),
        held_hours_e4=sum(row.held for row in hours),
        headroom_hours_e4=sum(row.free for row in hours),
        contributed_krw_e4=sum(one.contributed_krw_e4 for one in skus),
        delivered_krw_e4=sum(one.delivered_krw_e4 for one in skus),
        headroom_krw_e4=sum(row.free for row in values),
    )


def list_reports(session: Session, viewer: Viewer) -> list[ReportRow]:
    """Return all frozen versions, newest quarter and version first; two statements.

    Raises:
        ForbiddenError: if the viewer may not see reports.
    """
    require_sight(session, viewer)
    found = session.execute(
        select(
            FrozenQuarter.id,
            FrozenQuarter.quarter,
            FrozenQuarter.version,
            FrozenQuarter.frozen_by,
            FrozenQuarter.frozen_at,
            FrozenQuarter.inputs_sha256,
        ).order_by(FrozenQuarter.quarter.desc(), FrozenQuarter.version.desc())
    ).all()
    sides: dict[uuid.UUID, list[str]] = {}
    for frozen_id, side in session.execute(select(ReportSignature.frozen_id, ReportSignature.side)):
        sides.setdefault(frozen_id, []).append(side)
    rows, seen = [], set[str]()
    for row in found:
        status = status_of(sides.get(row.id, []))
        newest = row.quarter not in seen
        seen.add(row.quarter)
        rows.append(
            ReportRow(row.quarter, row.version, status, row.frozen_by, row.frozen_at, row.inputs_sha256, newest)
        )
    return rows


def get_report(
    session: Session, viewer: Viewer, quarter: Quarter, version: int | None = None, *, locale: Locale = "ko"
) -> ReportPage:
    """Return one frozen version, the newest by default.

    Raises:
        NotFoundError: if there is none, or the viewer may not see reports.
    """
    require_sight(session, viewer)
    frozen = find_frozen(session, quarter, version)
    newest = find_frozen(session, quarter)
    if frozen is None or newest is None:
        raise NotFoundError
    signed = session.scalars(
        select(ReportSignature).where(ReportSignature.frozen_id == frozen.id).order_by(ReportSignature.signed_at)
    ).all()
    files = session.scalars(select(ReportFile).where(ReportFile.frozen_id == frozen.id).order_by(ReportFile.name))
    row = ReportRow(
        frozen.quarter,
        frozen.version,
        status_of([one.side for one in signed]),
        frozen.frozen_by,
        frozen.frozen_at,
        frozen.inputs_sha256,
        newest=newest.version == frozen.version,
    )
    seen = _drawn(from_document(frozen.inputs), locale)
    return ReportPage(
        row,
        tuple(Signature(one.side, one.signed_by, one.signed_at) for one in signed),
        tuple(StoredFile(one.name, one.media_type, one.sha256, one.bytes) for one in files),
        seen,
        lay_out(seen, locale),
    )


def trace_figure(
    session: Session, viewer: Viewer, quarter: Quarter, version: int, key: str, *, locale: Locale = "ko"
) -> Trace:
    """Return what a printed figure rests on: flows and marks; `show_moves` adds the ledger transfers under their keys.

    Args:
        session: Any session.
        viewer: Who asks.
        quarter: The quarter.
        version: Which frozen version.
        key: A listed figure, e.g. `total.tvpi`, or the row of a table that has a trail, e.g. `holdings.AW-2026-0001`.
        locale: Language of the words.

    Raises:
        NotFoundError: if there is no such version or figure, or the viewer may not see reports.
    """
    require_sight(session, viewer)
    frozen = find_frozen(session, quarter, version)
    if frozen is None:
        raise NotFoundError
    return trace(from_document(frozen.inputs), key, locale)


def show_moves(session: Session, viewer: Viewer, steps: Sequence[Step]) -> list[Step]:
    """Return the steps of one page of a trail with the ledger transfers under their keys.

    Raises:
        ForbiddenError: if the viewer may not see reports.
    """
    require_sight(session, viewer)
    return add_moves(session, steps)


def freeze_checklist(session: Session, viewer: Viewer, quarter: Quarter) -> list[Check]:
    """Return what stands in the way of a freeze.

    Raises:
        ForbiddenError: if the viewer may not freeze.
    """
    require(viewer, Verb.FREEZE, Thing(Kind.REPORT))
    return freeze_checks(session, quarter)
