"""What holds for every fund: random histories under both policies of recognition."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from invented_fund import AS_OF, FUND, QUARTER

from reports import metrics
from reports.figures import Figures, reckon
from reports.rows import Flow, Holding, Investor, Policy, ReportRows, Valuation
from reports.sections import compose
from reports.sections.model import Table

COMPANIES = ("C0", "C1", "C2")
INVESTORS = (
    Investor("K1", "현금일", "cash", 10**10),
    Investor("K2", "현금이", "cash", 3 * 10**9),
    Investor("M1", "현물", "in_kind", 10**10),
)
MOVES = st.tuples(
    st.sampled_from(("call", "pay", "use", "exit", "distribute", "fee", "expense", "gift", "lapse", "grant")),
    st.integers(0, 700),
    st.integers(1, 10**9),
    st.integers(0, 2),
    st.integers(0, 10**9),
)
MARKS = st.tuples(st.sampled_from(COMPANIES), st.integers(0, 700), st.integers(0, 10**9), st.integers(0, 10**9))
SETTINGS = settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def flows_of(kind: str, day: date, amount: int, place: int, cost: int, key: str, policy: Policy) -> list[Flow]:
    """The flows that one move makes; grants and lapses exist under recognition at grant only."""
    company, payer = COMPANIES[place], INVESTORS[place % 2].code
    if kind in {"grant", "lapse"} and policy == "at_delivery":
        return []
    delivered = (
        [Flow(day, "contribution", amount, "in_kind", key, "M1", company)]
        if policy == "at_delivery"
        else [Flow(day, "disbursement", amount, "in_kind", key, company=company)]
    )
    return {
        "call": [Flow(day, "contribution", amount, "cash", key, payer)],
        "pay": [Flow(day, "disbursement", amount, "cash", key, company=company)],
        "use": delivered,
        "exit": [Flow(day, "proceeds", amount, "cash", key, company=company, cost_krw=cost)],
        "distribute": [Flow(day, "distribution", amount, "cash", key, payer)],
        "fee": [Flow(day, "fee", amount, "cash", key)],
        "expense": [Flow(day, "expense", amount, "cash", key)],
        "gift": [*delivered, Flow(day, "support", amount, "in_kind", key, company=company)],
        "grant": [Flow(day, "contribution", amount, "in_kind", key, "M1")],
        "lapse": [Flow(day, "expense", amount, "in_kind", key)],
    }[kind]


@st.composite
def histories(draw: st.DrawFn) -> ReportRows:
    """A fund that some moves and marks have made, with the schedule of investments that its values imply."""
    policy: Policy = draw(st.sampled_from(("at_delivery", "at_grant")))
    flows = [
        flow
        for number, (kind, days, amount, place, cost) in enumerate(draw(st.lists(MOVES, max_size=14)))
        for flow in flows_of(kind, AS_OF - timedelta(days=days), amount, place, cost, f"T{number}", policy)
    ]
    marks = {
        (company, days): Valuation(company, AS_OF - timedelta(days=days), cash, in_kind, "이정표", reference=f"V{days}")
        for company, days, cash, in_kind in draw(st.lists(MARKS, max_size=4))
    }
    fund = replace(FUND, investors=INVESTORS, recognition_policy=policy)
    rows = ReportRows(fund, QUARTER, 1, "draft", AS_OF, flows=tuple(flows), marks=tuple(marks.values()))
    return replace(rows, holdings=tuple(holding(rows, company) for company in metrics.companies(rows)))


def holding(rows: ReportRows, company: str) -> Holding:
    own = [flow for flow in rows.flows if flow.company == company]
    cash = sum(flow.amount_krw for flow in own if flow.kind == "disbursement" and flow.basis == "cash")
    in_kind = sum(
        flow.amount_krw if flow.kind != "support" else -flow.amount_krw
        for flow in own
        if flow.basis == "in_kind" and flow.kind in {"contribution", "disbursement", "support"}
    )
    value = sum(metrics.carried_value(rows, company, basis, AS_OF) for basis in ("cash", "in_kind"))
    proceeds = sum(flow.amount_krw for flow in own if flow.kind == "proceeds")
    return Holding(
        company,
        company,
        company,
        "제조",
        "대전",
        "중소기업",
        "주식",
        AS_OF,
        cash,
        in_kind,
        value,
        "원가",
        "active",
        proceeds,
    )


def table(figures: Figures, key: str) -> Table:
    (found,) = (t for section in compose(figures, "ko") for t in section.tables if t.key == key)
    return found


@SETTINGS
@given(histories())
def test_the_bridge_of_every_basis_ties_to_the_won(rows: ReportRows) -> None:
    for pocket in ("total", "cash", "in_kind"):
        for starts_on in (QUARTER.starts_on, date(2026, 1, 1), date.min):
            assert metrics.value_bridge(rows, starts_on, AS_OF, pocket).difference_krw == 0
    for investor in INVESTORS:
        assert metrics.investor_bridge(rows, investor, QUARTER.starts_on, AS_OF).difference_krw == 0


@SETTINGS
@given(histories())
def test_total_value_is_what_came_back_and_what_is_left(rows: ReportRows) -> None:
    figures = reckon(rows)
    for measures in (figures.total, figures.cash, figures.in_kind, *(found for _, found in figures.investors)):
        m = measures.multiples
        if m.paid_in_krw:
            assert m.dpi is not None
            assert m.rvpi is not None
            assert m.tvpi == m.dpi + m.rvpi


@SETTINGS
@given(histories())
def test_cash_and_gpu_time_add_up_to_the_total_and_investors_to_their_pocket(rows: ReportRows) -> None:
    figures = reckon(rows)
    for name in ("committed_krw", "paid_in_krw", "distributed_krw", "nav_krw"):
        parts = [getattr(figures.cash.multiples, name), getattr(figures.in_kind.multiples, name)]
        assert sum(parts) == getattr(figures.total.multiples, name)
    by_code = dict(figures.investors)
    assert by_code["K1"].multiples.paid_in_krw + by_code["K2"].multiples.paid_in_krw == (
        figures.cash.multiples.paid_in_krw
    )
    if figures.cash.multiples.paid_in_krw:
        shares = by_code["K1"].multiples.nav_krw + by_code["K2"].multiples.nav_krw
        assert shares == figures.cash.multiples.nav_krw


@SETTINGS
@given(histories())
def test_lines_of_companies_add_up_to_the_lines_of_the_fund(rows: ReportRows) -> None:
    figures = reckon(rows)
    total = dict(figures.gross)["total"]
    lines = [row for row in table(figures, "holdings").rows if row.key != "total"]
    assert sum(row.cells[3] + row.cells[4] for row in lines) == total.invested_krw
    assert sum(row.cells[5] for row in lines) == total.proceeds_krw
    assert sum(row.cells[6] for row in lines) == total.fair_value_krw
    changes = table(figures, "marks").rows
    assert sum(row.cells[3] for row in changes) == total.fair_value_krw


@SETTINGS
@given(histories())
def test_every_quarter_of_the_history_ends_where_the_next_begins(rows: ReportRows) -> None:
    points = metrics.history(rows)
    paid = 0
    for point in points:
        paid += point.cash_in_krw + point.in_kind_in_krw
        assert point.multiples.paid_in_krw == paid
    assert points[-1].multiples.nav_krw == reckon(rows).total.multiples.nav_krw
