"""Net asset value, multiples, rates of return and the value bridge, as pure functions of the rows.

Three bases are kept apart and never mixed: `total` (cash and in kind), `cash` (what cash alone bought) and each
investor. Dividing total value by cash paid in would flatter the fund and is offered nowhere. Gross figures follow the
ILPA granular method: only flows between the fund and companies. GPU time counts when delivered, so expired time never
enters paid-in capital, unless the fund recognises it at grant; then what is granted is paid in and waits in the
pocket of GPU time until it is used or lapses as an expense.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Literal

from reports.formats import quarter_of
from reports.rows import Basis, Flow, Investor, ReportRows, Valuation
from reports.xirr import DatedAmount, RateOfReturn, xirr, xirr_of_each

Pocket = Literal["total", "cash", "in_kind"]
SENSITIVITY = Fraction(1, 5)
_POCKETS: tuple[Basis, Basis] = ("cash", "in_kind")


class BridgeDoesNotTie(ValueError):  # noqa: N818 - the name says what is wrong
    """Opening value and movements do not add up to the closing value.

    Attributes:
        where: the bridge or company that fails.
        difference_krw: what is left over, in won.
    """

    def __init__(self, where: str, difference_krw: int) -> None:
        super().__init__(f"{where} does not tie: {difference_krw:,} KRW left over")
        self.where = where
        self.difference_krw = difference_krw


@dataclass(frozen=True, slots=True)
class Multiples:
    """Since-inception multiples of one basis; a ratio is None when its denominator is zero."""

    committed_krw: int
    paid_in_krw: int
    distributed_krw: int
    nav_krw: int

    @property
    def dpi(self) -> Fraction | None:
        """Distributions to paid-in."""
        return _ratio(self.distributed_krw, self.paid_in_krw)

    @property
    def rvpi(self) -> Fraction | None:
        """Residual value to paid-in."""
        return _ratio(self.nav_krw, self.paid_in_krw)

    @property
    def tvpi(self) -> Fraction | None:
        """Total value to paid-in: DPI plus RVPI."""
        return _ratio(self.distributed_krw + self.nav_krw, self.paid_in_krw)

    @property
    def pic(self) -> Fraction | None:
        """Paid-in to committed capital."""
        return _ratio(self.paid_in_krw, self.committed_krw)


@dataclass(frozen=True, slots=True)
class Measures:
    """Multiples and net rate of return of one basis."""

    multiples: Multiples
    irr: RateOfReturn


@dataclass(frozen=True, slots=True)
class Gross:
    """Fund to companies, fees and expenses left out (granular method). MOIC = (proceeds + fair value) / invested."""

    invested_krw: int
    proceeds_krw: int
    fair_value_krw: int
    irr: RateOfReturn

    @property
    def moic(self) -> Fraction | None:
        """Multiple on invested capital."""
        return _ratio(self.proceeds_krw + self.fair_value_krw, self.invested_krw)


@dataclass(frozen=True, slots=True)
class Bridge:
    """Opening to closing net asset value in won; `costs_krw` and `distributed_krw` are positive and subtracted."""

    opening_krw: int
    cash_in_krw: int
    in_kind_in_krw: int
    distributed_krw: int
    realised_krw: int
    unrealised_krw: int
    fees_krw: int
    expenses_krw: int
    support_krw: int
    closing_krw: int

    @property
    def costs_krw(self) -> int:
        """Fees, expenses and support given without equity."""
        return self.fees_krw + self.expenses_krw + self.support_krw

    @property
    def difference_krw(self) -> int:
        """Zero when the bridge ties."""
        gained = self.cash_in_krw + self.in_kind_in_krw + self.realised_krw + self.unrealised_krw
        return self.opening_krw + gained - self.distributed_krw - self.costs_krw - self.closing_krw


@dataclass(frozen=True, slots=True)
class QuarterPoint:
    """One quarter of the fund's life: flows within it, cumulative capital and multiples at its end."""

    code: str
    ends_on: date
    cash_in_krw: int
    in_kind_in_krw: int
    distributed_krw: int
    multiples: Multiples


def _ratio(numerator: int, denominator: int) -> Fraction | None:
    return Fraction(numerator, denominator) if denominator else None


def is_delivery(flow: Flow) -> bool:
    """Whether the flow is GPU time delivered to a company: paid-in capital and investment at once."""
    return flow.kind == "contribution" and flow.basis == "in_kind" and flow.company is not None


def in_pocket(flow: Flow, pocket: Pocket) -> bool:
    """Whether a flow belongs to a pocket of capital."""
    return pocket in ("total", flow.basis)


def flow_sum(rows: ReportRows, kinds: Iterable[str], pocket: Pocket, after: date, until: date, who: str = "") -> int:
    """Sum in won of flows of some kinds with `after < date <= until`, of one investor when `who` is given."""
    wanted = frozenset(kinds)
    return sum(
        flow.amount_krw
        for flow in rows.flows
        if flow.kind in wanted
        and in_pocket(flow, pocket)
        and after < flow.effective_on <= until
        and (not who or flow.investor == who)
    )


def companies(rows: ReportRows) -> tuple[str, ...]:
    """Codes of every company with a flow or a mark, sorted."""
    named = {flow.company for flow in rows.flows if flow.company} | {mark.company for mark in rows.marks}
    return tuple(sorted(named))


def carried_value(rows: ReportRows, company: str, basis: Basis, on: date) -> int:
    """Fair value of a company on a date, in won: its last mark plus what was put in since, at cost.

    A mark stands for the end of its day. Proceeds after the mark come off, not below zero. Without a mark the company
    stands at cost, which is the price of a recent investment.
    """
    flows = [flow for flow in rows.flows if flow.company == company]
    marks = [mark for mark in rows.marks if mark.company == company]
    return _carried(flows, marks, basis, on)


def _carried(flows: Sequence[Flow], marks: Sequence[Valuation], basis: Basis, on: date) -> int:
    last = max((mark for mark in marks if mark.as_of <= on), key=lambda mark: mark.as_of, default=None)
    value, since = 0, date.min
    if last is not None:
        value = last.fair_value_cash_krw if basis == "cash" else last.fair_value_in_kind_krw
        since = last.as_of
    added = returned = 0
    for flow in flows:
        if flow.basis != basis or not since < flow.effective_on <= on:
            continue
        if flow.kind == "disbursement" or is_delivery(flow):
            added += flow.amount_krw
        elif flow.kind == "support" and basis == "in_kind":
            added -= flow.amount_krw
        elif flow.kind == "proceeds":
            returned += flow.amount_krw
    return max(0, value + added - returned)


def portfolio_value(rows: ReportRows, pocket: Pocket, on: date) -> int:
    """Fair value of all companies on a date, in won."""
    return sum(values_by_company(rows, pocket, on).values())


def values_by_company(rows: ReportRows, pocket: Pocket, on: date) -> dict[str, int]:
    """Fair value of each company on a date, in won: `carried_value` for all of them at once."""
    bases = _POCKETS if pocket == "total" else (pocket,)
    # Grouped once: a fund with daily deliveries has far more flows than companies.
    flows: dict[str, list[Flow]] = {}
    for flow in rows.flows:
        flows.setdefault(flow.company or "", []).append(flow)
    marks: dict[str, list[Valuation]] = {}
    for mark in rows.marks:
        marks.setdefault(mark.company, []).append(mark)
    return {
        company: sum(_carried(flows.get(company, []), marks.get(company, []), basis, on) for basis in bases)
        for company in sorted({*flows, *marks} - {""})
    }


def pocket_balance(rows: ReportRows, pocket: Pocket, on: date) -> int:
    """What a pocket still holds outside companies, in won."""
    balance = 0
    for flow in rows.flows:
        if flow.effective_on > on or not in_pocket(flow, pocket) or is_delivery(flow):
            continue
        if flow.kind == "support" and flow.basis == "in_kind" and flow.company:
            continue
        balance += flow.amount_krw if flow.kind in {"contribution", "proceeds"} else -flow.amount_krw
    return balance


def net_asset_value(rows: ReportRows, pocket: Pocket, on: date) -> int:
    """Net asset value of a pocket on a date, in won."""
    return pocket_balance(rows, pocket, on) + portfolio_value(rows, pocket, on)


def investor_value(rows: ReportRows, investor: Investor, on: date) -> int:
    """One investor's part of its pocket's net asset value, in won.

    Investors of one kind share by paid-in capital; the won that do not divide go to the largest remainders, then by
    code, so that the parts add up to the pocket exactly.
    """
    peers = sorted((peer for peer in rows.fund.investors if peer.kind == investor.kind), key=lambda peer: peer.code)
    value = net_asset_value(rows, investor.kind, on)
    paid = {peer.code: flow_sum(rows, ["contribution"], "total", date.min, on, peer.code) for peer in peers}
    total = sum(paid.values())
    if len(peers) == 1 or not total:
        return value if peers[0].code == investor.code else 0
    parts = {code: value * amount // total for code, amount in paid.items()}
    left = value - sum(parts.values())
    by_remainder = sorted(paid, key=lambda code: (-(value * paid[code] % total), code))
    return parts[investor.code] + (investor.code in by_remainder[:left])


def net_measures(rows: ReportRows, on: date, *, pocket: Pocket = "total", investor: Investor | None = None) -> Measures:
    """Net multiples and rate of return since inception, investor's view, closing value as the last flow."""
    who = investor.code if investor else ""
    multiples = net_multiples(rows, on, pocket=pocket, investor=investor)
    chosen: Pocket = "total" if investor else pocket
    return Measures(multiples, xirr(investor_flows(rows, on, chosen, who, multiples.nav_krw)))


def net_multiples(
    rows: ReportRows, on: date, *, pocket: Pocket = "total", investor: Investor | None = None
) -> Multiples:
    """Multiples since inception of a pocket, or of one investor when given."""
    who = investor.code if investor else ""
    chosen: Pocket = "total" if investor else pocket
    value = investor_value(rows, investor, on) if investor else net_asset_value(rows, pocket, on)
    if investor:
        committed = investor.committed_krw
    else:
        committed = sum(i.committed_krw for i in rows.fund.investors if pocket in ("total", i.kind))
    return Multiples(
        committed,
        flow_sum(rows, ["contribution"], chosen, date.min, on, who),
        flow_sum(rows, ["distribution"], chosen, date.min, on, who),
        value,
    )


def investor_flows(rows: ReportRows, on: date, pocket: Pocket, who: str, value: int) -> list[tuple[date, int]]:
    """Flows between investors and fund by date, paid in negative, with the closing value last.

    Days that net to zero are left out, because spreadsheets refuse a series that begins with zero.
    """
    by_day: dict[date, int] = {}
    for flow in rows.flows:
        if flow.effective_on > on or not in_pocket(flow, pocket) or (who and flow.investor != who):
            continue
        if flow.kind in {"contribution", "distribution"}:
            sign = -1 if flow.kind == "contribution" else 1
            by_day[flow.effective_on] = by_day.get(flow.effective_on, 0) + sign * flow.amount_krw
    dated = [(day, amount) for day, amount in sorted(by_day.items()) if amount]
    return [*dated, (on, value)] if dated else []


def gross_measures(rows: ReportRows, on: date, groups: Sequence[frozenset[str]]) -> list[Gross]:
    """Gross multiples and rates of return of groups of companies, in their order."""
    sums = [_gross_sums(rows, on, members) for members in groups]
    rates = xirr_of_each([flows for _, flows in sums])
    return [Gross(*money, rate) for (money, _), rate in zip(sums, rates, strict=True)]


def _gross_sums(rows: ReportRows, on: date, members: frozenset[str]) -> tuple[tuple[int, int, int], list[DatedAmount]]:
    """Invested, proceeds and fair value of some companies in won, and their flows by date with the value last."""
    invested = proceeds = 0
    by_day: dict[date, int] = {}
    for flow in rows.flows:
        if flow.company not in members or flow.effective_on > on:
            continue
        if flow.kind == "disbursement" or is_delivery(flow):
            sign, invested = -1, invested + flow.amount_krw
        elif flow.kind == "support" and flow.basis == "in_kind":
            sign, invested = 1, invested - flow.amount_krw
        elif flow.kind == "proceeds":
            sign, proceeds = 1, proceeds + flow.amount_krw
        else:
            continue
        by_day[flow.effective_on] = by_day.get(flow.effective_on, 0) + sign * flow.amount_krw
    value = sum(amount for company, amount in values_by_company(rows, "total", on).items() if company in members)
    dated = [(day, amount) for day, amount in sorted(by_day.items()) if amount]
    return (invested, proceeds, value), [*dated, (on, value)] if dated else []


def value_bridge(rows: ReportRows, starts_on: date, on: date, pocket: Pocket = "total") -> Bridge:
    """From net asset value before `starts_on` to that at the end of `on`.

    Raises:
        BridgeDoesNotTie: the movements leave a difference, or the schedule of investments shows another fair value
            than marks and flows give.
    """
    before = starts_on - timedelta(days=1) if starts_on > date.min else date.min
    proceeds = flow_sum(rows, ["proceeds"], pocket, before, on)
    invested = flow_sum(rows, ["disbursement"], pocket, before, on)
    given = 0
    realised = 0
    for flow in rows.flows:
        if not (before < flow.effective_on <= on and in_pocket(flow, pocket)):
            continue
        invested += flow.amount_krw if is_delivery(flow) else 0
        given += flow.amount_krw if flow.kind == "support" and flow.basis == "in_kind" and flow.company else 0
        realised += flow.amount_krw - flow.cost_krw if flow.kind == "proceeds" else 0
    values = values_by_company(rows, pocket, on)
    held_before, held = portfolio_value(rows, pocket, before), sum(values.values())
    change = held - held_before
    bridge = Bridge(
        opening_krw=pocket_balance(rows, pocket, before) + held_before,
        cash_in_krw=flow_sum(rows, ["contribution"], "cash", before, on) if pocket != "in_kind" else 0,
        in_kind_in_krw=flow_sum(rows, ["contribution"], "in_kind", before, on) if pocket != "cash" else 0,
        distributed_krw=flow_sum(rows, ["distribution"], pocket, before, on),
        realised_krw=realised,
        unrealised_krw=change - invested + proceeds + given - realised,
        fees_krw=flow_sum(rows, ["fee"], pocket, before, on),
        expenses_krw=flow_sum(rows, ["expense"], pocket, before, on),
        support_krw=flow_sum(rows, ["support"], pocket, before, on),
        closing_krw=pocket_balance(rows, pocket, on) + held,
    )
    if bridge.difference_krw:
        raise BridgeDoesNotTie(f"{pocket} bridge {starts_on} to {on}", bridge.difference_krw)
    if on == rows.as_of and pocket == "total":
        _require_schedule_agrees(rows, values)
    return bridge


def _require_schedule_agrees(rows: ReportRows, reckoned: Mapping[str, int]) -> None:
    shown: dict[str, int] = {}
    for holding in rows.holdings:
        shown[holding.company] = shown.get(holding.company, 0) + holding.fair_value_krw
    for company in sorted({*reckoned, *shown}):
        difference = shown.get(company, 0) - reckoned.get(company, 0)
        if difference:
            raise BridgeDoesNotTie(f"fair value of {company}", difference)


def investor_bridge(rows: ReportRows, investor: Investor, starts_on: date, on: date) -> Bridge:
    """The bridge of one investor's account. Costs and gains of a shared pocket follow paid-in capital."""
    whole = value_bridge(rows, starts_on, on, investor.kind)
    if sum(peer.kind == investor.kind for peer in rows.fund.investors) == 1:
        return whole
    before = starts_on - timedelta(days=1) if starts_on > date.min else date.min
    paid = flow_sum(rows, ["contribution"], "total", date.min, on, investor.code)
    share = _ratio(paid, flow_sum(rows, ["contribution"], investor.kind, date.min, on)) or Fraction(0)
    opening, closing = investor_value(rows, investor, before), investor_value(rows, investor, on)
    own = [flow_sum(rows, [kind], "total", before, on, investor.code) for kind in ("contribution", "distribution")]
    fees, expenses, support, realised = (
        round(amount * share) for amount in (whole.fees_krw, whole.expenses_krw, whole.support_krw, whole.realised_krw)
    )
    return Bridge(
        opening_krw=opening,
        cash_in_krw=own[0] if investor.kind == "cash" else 0,
        in_kind_in_krw=own[0] if investor.kind == "in_kind" else 0,
        distributed_krw=own[1],
        realised_krw=realised,
        unrealised_krw=closing - opening - own[0] + own[1] + fees + expenses + support - realised,
        fees_krw=fees,
        expenses_krw=expenses,
        support_krw=support,
        closing_krw=closing,
    )


def tvpi_at_rate(rows: ReportRows, on: date, change: Fraction) -> Fraction | None:
    """Total TVPI if GPU time had been valued at `1 + change` of its rate, distributions and NAV held as they are.

    This shows how much of the multiple rests on the rate card rather than on results.
    """
    multiples = net_multiples(rows, on)
    cash = flow_sum(rows, ["contribution"], "cash", date.min, on)
    in_kind = flow_sum(rows, ["contribution"], "in_kind", date.min, on)
    paid = cash + in_kind * (1 + change)
    return (multiples.distributed_krw + multiples.nav_krw) / paid if paid else None


def quarter_end(code: str) -> date:
    """Last day of a quarter such as `2026Q3`."""
    year, number = (int(part) for part in code.split("Q"))
    following = date(year + number // 4, number % 4 * 3 + 1, 1)
    return following - timedelta(days=1)


def quarter_after(code: str) -> str:
    """The quarter that follows."""
    return quarter_of(quarter_end(code) + timedelta(days=1))


def history(rows: ReportRows) -> tuple[QuarterPoint, ...]:
    """Every quarter from the first flow to the report's, reckoned from the rows and not from earlier reports."""
    first = min((flow.effective_on for flow in rows.flows), default=rows.quarter.ends_on)
    code, points = quarter_of(first), list[QuarterPoint]()
    before = date.min
    while code <= rows.quarter.code:
        on = min(quarter_end(code), rows.as_of)
        points.append(
            QuarterPoint(
                code,
                on,
                flow_sum(rows, ["contribution"], "cash", before, on),
                flow_sum(rows, ["contribution"], "in_kind", before, on),
                flow_sum(rows, ["distribution"], "total", before, on),
                Multiples(
                    sum(investor.committed_krw for investor in rows.fund.investors),
                    flow_sum(rows, ["contribution"], "total", date.min, on),
                    flow_sum(rows, ["distribution"], "total", date.min, on),
                    net_asset_value(rows, "total", on),
                ),
            )
        )
        before, code = on, quarter_after(code)
    return tuple(points)
