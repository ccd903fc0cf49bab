"""All figures of a report, reckoned once from the rows, each with the references of the flows it rests on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from reports import metrics
from reports.benchmark import PublicMarket, public_market
from reports.burndown import Projection, burn_rate, project
from reports.metrics import Bridge, Gross, Measures, QuarterPoint
from reports.rows import GpuAward, ReportRows, UsageDay, ordered, require_consistent

SCALED = 10_000


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its trail: `references` name the flows and marks that made it."""

    key: str
    value: int | Fraction | float | None
    unit: str
    references: tuple[str, ...]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class SkuTotal:
    """GPU time of one SKU over all pools, in ten-thousandths of hours; values in ten-thousandths of a won."""

    sku: str
    contributed_hours_e4: int
    allocated_hours_e4: int
    delivered_hours_e4: int
    expired_hours_e4: int
    remaining_hours_e4: int
    contributed_krw_e4: int
    allocated_krw_e4: int
    delivered_krw_e4: int
    expired_krw_e4: int
    remaining_krw_e4: int

    @property
    def utilisation(self) -> Fraction | None:
        """Delivered to allocated time."""
        if not self.allocated_hours_e4:
            return None
        return Fraction(self.delivered_hours_e4, self.allocated_hours_e4)


@dataclass(frozen=True, slots=True)
class AwardOutlook:
    """A company's grant of one SKU; `projection` is None when its use cannot be told from that of others."""

    award: GpuAward
    projection: Projection | None


@dataclass(frozen=True, slots=True)
class Figures:
    """What every section, chart and file of one report is filled from.

    `accounts` holds each investor's bridges, and last those of the total, over `periods`.
    """

    rows: ReportRows
    total: Measures
    previous: Measures | None
    cash: Measures
    in_kind: Measures
    investors: tuple[tuple[str, Measures], ...]
    gross: tuple[tuple[str, Gross], ...]
    bridge: Bridge
    history: tuple[QuarterPoint, ...]
    skus: tuple[SkuTotal, ...]
    outlooks: tuple[AwardOutlook, ...]
    tvpi_low: Fraction | None
    tvpi_high: Fraction | None
    market: tuple[tuple[str, PublicMarket], ...]
    listed: tuple[Figure, ...]
    accounts: tuple[tuple[str, tuple[Bridge, Bridge, Bridge]], ...]

    @property
    def in_kind_expired_krw(self) -> int:
        """Value in won of contributed GPU time that lapsed."""
        return (sum(sku.expired_krw_e4 for sku in self.skus) + SCALED // 2) // SCALED


def reckon(rows: ReportRows) -> Figures:
    """All figures of the rows.

    Raises:
        RowsInconsistent: the rows contradict each other.
        BridgeDoesNotTie: the value bridge leaves a difference.
    """
    require_consistent(rows)
    rows = ordered(rows)
    on = rows.as_of
    opening_day = metrics.quarter_end(_quarter_before(rows.quarter.code))
    total = metrics.net_measures(rows, on)
    had_flows = any(flow.effective_on <= opening_day for flow in rows.flows)
    investors = tuple((i.code, metrics.net_measures(rows, on, investor=i)) for i in rows.fund.investors)
    cash, in_kind = (metrics.net_measures(rows, on, pocket=pocket) for pocket in ("cash", "in_kind"))
    accounts = _accounts(rows)
    bridge = accounts[-1][1][0]
    gross = _gross(rows)
    bases = [("total", total), ("cash", cash), *investors]
    market = _market(rows, bases)
    low, high = (metrics.tvpi_at_rate(rows, on, sign * metrics.SENSITIVITY) for sign in (1, -1))
    return Figures(
        rows=rows,
        total=total,
        previous=metrics.net_measures(rows, opening_day) if had_flows else None,
        cash=cash,
        in_kind=in_kind,
        investors=investors,
        gross=gross,
        bridge=bridge,
        history=metrics.history(rows),
        skus=_sku_totals(rows),
        outlooks=_outlooks(rows),
        tvpi_low=low,
        tvpi_high=high,
        market=market,
        listed=_listed(rows, bases, gross, bridge) + _market_figures(rows, market),
        accounts=accounts,
    )


def periods(rows: ReportRows) -> tuple[date, date, date]:
    """First days of the quarter, of the year to date and of the fund's life."""
    begins = rows.quarter.starts_on
    return begins, date(begins.year, 1, 1), date.min


def _accounts(rows: ReportRows) -> tuple[tuple[str, tuple[Bridge, Bridge, Bridge]], ...]:
    quarter, year, ever = periods(rows)
    total = [metrics.value_bridge(rows, start, rows.as_of) for start in (quarter, year, ever)]
    own = [
        [metrics.investor_bridge(rows, investor, start, rows.as_of) for start in (quarter, year, ever)]
        for investor in rows.fund.investors
    ]
    codes = (*(investor.code for investor in rows.fund.investors), "total")
    return tuple((code, (one[0], one[1], one[2])) for code, one in zip(codes, (*own, total), strict=True))


def _quarter_before(code: str) -> str:
    year, number = (int(part) for part in code.split("Q"))
    return f"{year}Q{number - 1}" if number > 1 else f"{year - 1}Q4"


def _gross(rows: ReportRows) -> tuple[tuple[str, Gross], ...]:
    everyone = frozenset(metrics.companies(rows))
    done = frozenset(row.company for row in rows.holdings if row.status in {"realised", "written_off"})
    open_still = frozenset(row.company for row in rows.holdings if row.status in {"active", "partly_realised"})
    groups = (("realised", done - open_still), ("unrealised", everyone - (done - open_still)), ("total", everyone))
    found = metrics.gross_measures(rows, rows.as_of, [members for _, members in groups])
    return tuple((key, gross) for (key, _), gross in zip(groups, found, strict=True))


def _sku_totals(rows: ReportRows) -> tuple[SkuTotal, ...]:
    totals = []
    for sku in sorted({line.sku for line in rows.gpu}):
        lines = [line for line in rows.gpu if line.sku == sku]
        states = [
            [getattr(line, f"{state}_hours_e4") for line in lines]
            for state in ("contributed", "allocated", "delivered", "expired", "remaining")
        ]
        rates = [line.unit_price_krw for line in lines]
        values = [sum(h * rate for h, rate in zip(state, rates, strict=True)) for state in states]
        totals.append(SkuTotal(sku, *(sum(state) for state in states), *values))
    return tuple(totals)


def own_use(rows: ReportRows, awards: Sequence[GpuAward]) -> list[list[UsageDay]]:
    """Days on which each of some grants was used; where its use is known by SKU alone, those of the SKU."""
    days: dict[tuple[str, str], list[UsageDay]] = {}
    for row in rows.usage_by_day:
        days.setdefault((row.award, row.sku), []).append(row)
    named = {award for award, _ in days}
    return [days.get((award.award if award.award in named else "", award.sku), []) for award in awards]


def _outlooks(rows: ReportRows) -> tuple[AwardOutlook, ...]:
    by_award = {row.award for row in rows.usage_by_day if row.award}
    outlooks = []
    for award, usage in zip(rows.gpu_awards, own_use(rows, rows.gpu_awards), strict=True):
        told_apart = award.award in by_award or award.used_hours_e4 == 0 or _is_only_user(rows, award)
        outlook = project(award.remaining_hours_e4, burn_rate(usage, rows.as_of), rows.as_of, award.expires_on)
        outlooks.append(AwardOutlook(award, outlook if told_apart else None))
    return tuple(outlooks)


def _is_only_user(rows: ReportRows, award: GpuAward) -> bool:
    # Use known only by SKU can be laid at an award's door when nobody else holds that SKU.
    return sum(other.sku == award.sku for other in rows.gpu_awards) == 1


def _listed(
    rows: ReportRows, bases: list[tuple[str, Measures]], gross: tuple[tuple[str, Gross], ...], bridge: Bridge
) -> tuple[Figure, ...]:
    listed: list[Figure] = []
    kinds = {investor.code: investor.kind for investor in rows.fund.investors}
    for key, measures in bases:
        paid = _trail(rows, key, kinds, {"contribution"})
        returned = _trail(rows, key, kinds, {"distribution"})
        value = _value_trail(rows, kinds.get(key, key))
        m = measures.multiples
        listed += [
            Figure(f"{key}.committed", m.committed_krw, "KRW", ()),
            Figure(f"{key}.paid_in", m.paid_in_krw, "KRW", paid),
            Figure(f"{key}.distributed", m.distributed_krw, "KRW", returned),
            Figure(f"{key}.nav", m.nav_krw, "KRW", value),
            Figure(f"{key}.tvpi", m.tvpi, "ratio", _merge(paid, returned, value)),
            Figure(f"{key}.dpi", m.dpi, "ratio", _merge(paid, returned)),
            Figure(f"{key}.rvpi", m.rvpi, "ratio", _merge(paid, value)),
            Figure(f"{key}.pic", m.pic, "ratio", paid),
            Figure(f"{key}.irr", measures.irr.shown, "ratio", _merge(paid, returned, value), measures.irr.reason),
        ]
    for key, result in gross:
        listed.append(Figure(f"gross.{key}.moic", result.moic, "ratio", _company_trail(rows)))
        irr = result.irr
        listed.append(Figure(f"gross.{key}.irr", irr.shown, "ratio", _company_trail(rows), irr.reason))
    trail = tuple(f.reference for f in rows.flows if f.effective_on >= rows.quarter.starts_on)
    names = ("opening", "cash_in", "in_kind_in", "distributed", "realised", "unrealised", "costs", "closing")
    listed += [Figure(f"bridge.{name}", getattr(bridge, f"{name}_krw"), "KRW", trail) for name in names]
    return tuple(listed)


def _market(rows: ReportRows, bases: list[tuple[str, Measures]]) -> tuple[tuple[str, PublicMarket], ...]:
    """The flows of each basis in the index, where one has been loaded."""
    benchmark = rows.benchmark
    if benchmark is None:
        return ()
    codes = {investor.code for investor in rows.fund.investors}
    return tuple(
        (
            key,
            public_market(
                (f for f in rows.flows if (f.investor == key if key in codes else key in {"total", f.basis})),
                measures.multiples.nav_krw,
                rows.as_of,
                benchmark,
            ),
        )
        for key, measures in bases
    )


def _market_figures(rows: ReportRows, market: tuple[tuple[str, PublicMarket], ...]) -> tuple[Figure, ...]:
    kinds = {investor.code: investor.kind for investor in rows.fund.investors}
    return tuple(
        Figure(
            f"{key}.ks_pme",
            result.ks_pme,
            "ratio",
            _merge(_trail(rows, key, kinds, {"contribution", "distribution"}), _value_trail(rows, kinds.get(key, key))),
            result.reason,
        )
        for key, result in market
    )


def _trail(rows: ReportRows, key: str, kinds: Mapping[str, str], wanted: set[str]) -> tuple[str, ...]:
    return tuple(
        flow.reference
        for flow in rows.flows
        if flow.kind in wanted and (flow.investor == key if key in kinds else key in {"total", flow.basis})
    )


def _value_trail(rows: ReportRows, pocket: str) -> tuple[str, ...]:
    flows = [flow.reference for flow in rows.flows if pocket in {"total", flow.basis}]
    last: dict[str, tuple[date, str]] = {}
    for mark in rows.marks:
        if mark.reference and mark.as_of >= last.get(mark.company, (date.min, ""))[0]:
            last[mark.company] = (mark.as_of, mark.reference)
    return _merge(flows, [reference for _, reference in last.values()])


def _company_trail(rows: ReportRows) -> tuple[str, ...]:
    return tuple(flow.reference for flow in rows.flows if flow.company is not None)


def _merge(*trails: tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reference for trail in trails for reference in trail))
