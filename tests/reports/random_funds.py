"""Random histories of a fund under both policies of recognition, for what must hold of every fund."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import strategies as st
from invented_fund import AS_OF, FUND, QUARTER

from reports import metrics
from reports.rows import Flow, Holding, Investor, Policy, ReportRows, Valuation

COMPANIES = ("C0", "C1", "C2")
INVESTORS = (
    Investor("K1", "현금일", "cash", 10**10),
    Investor("K2", "현금이", "cash", 3 * 10**9),
    Investor("M1", "현물", "in_kind", 10**10),
)
KINDS = ("call", "pay", "use", "exit", "distribute", "fee", "expense", "gift", "lapse", "grant")
Move = tuple[str, int, int, int, int]
"""Its kind, days before the end, won, whose place it is, and the cost given up."""
Mark = tuple[str, int, int, int]
"""The company, days before the end, won of what cash bought and of what came in kind."""
MOVES = st.tuples(
    st.sampled_from(KINDS),
    st.integers(0, 700),
    st.integers(1, 10**9),
    st.integers(0, 2),
    st.integers(0, 10**9),
)
MARKS = st.tuples(st.sampled_from(COMPANIES), st.integers(0, 700), st.integers(0, 10**9), st.integers(0, 10**9))


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
    """A fund that some moves and marks have made."""
    policy: Policy = draw(st.sampled_from(("at_delivery", "at_grant")))
    return history_of(policy, draw(st.lists(MOVES, max_size=14)), draw(st.lists(MARKS, max_size=4)))


def drawn_history(seed: int) -> ReportRows:
    """A fund of twenty moves after a first call in each pocket, and six marks; equal seeds give equal funds."""
    chance = random.Random(seed)  # noqa: S311 - invented flows, not cryptography
    policy: Policy = "at_delivery" if seed % 2 else "at_grant"

    def move() -> Move:
        return chance.choice(KINDS), chance.randrange(700), chance.randrange(1, 10**9), chance.randrange(3), 10**8

    first: list[Move] = [("call", 700, 10**9, place, 0) for place in (0, 1)] + [("use", 699, 10**8, 0, 0)]
    marks: list[Mark] = [
        (chance.choice(COMPANIES), chance.randrange(700), chance.randrange(10**9), chance.randrange(10**9))
        for _ in range(6)
    ]
    return history_of(policy, first + [move() for _ in range(20)], marks)


def history_of(policy: Policy, moves: Sequence[Move], marked: Sequence[Mark]) -> ReportRows:
    """Moves and marks as rows, with the schedule of investments that their values imply."""
    flows = [
        flow
        for number, (kind, days, amount, place, cost) in enumerate(moves)
        for flow in flows_of(kind, AS_OF - timedelta(days=days), amount, place, cost, f"T{number}", policy)
    ]
    marks = {
        (company, days): Valuation(company, AS_OF - timedelta(days=days), cash, in_kind, "이정표", reference=f"V{days}")
        for company, days, cash, in_kind in marked
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
