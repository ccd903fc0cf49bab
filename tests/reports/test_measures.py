import json
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from invented_fund import AS_OF, EOK, FUND, QUARTER, H

from reports import metrics
from reports.burndown import burn_rate, project
from reports.figures import reckon
from reports.metrics import BridgeDoesNotTie, Multiples
from reports.rows import Flow, Investor, ReportRows, RowsInconsistent, UsageDay, inputs_sha256
from reports.sections import compose

VECTORS = Path(__file__).parents[2] / ".." / "shared" / "data" / "fund" / "multiples_vectors.json"


def multiples_vectors() -> list[Any]:
    if not VECTORS.exists():
        return [pytest.param({}, marks=pytest.mark.skip(reason="the folder ../shared/data is absent"))]
    return [pytest.param(vector, id=vector["id"]) for vector in json.loads(VECTORS.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("vector", multiples_vectors())
def test_published_multiples_are_met(vector: dict[str, Any]) -> None:
    found = Multiples(vector.get("committed", 0), vector["paid_in"], vector["distributions"], vector["nav"])
    for name, expected in vector["expected"].items():
        measure, places = (name.removesuffix("_1dp"), 1) if name.endswith("_1dp") else (name, 4)
        assert round(float(getattr(found, measure)), places) == expected


def test_the_design_sketch_range_for_a_moved_rate_is_met() -> None:
    # The design's invented quarter: D 3.2, NAV 125.8, cash 78.0, in kind 32.8 (억) reads 1.10–1.24.
    flows = (
        Flow(date(2025, 5, 1), "contribution", 780 * EOK // 10, "cash", "a", "CASH"),
        Flow(date(2025, 5, 1), "contribution", 328 * EOK // 10, "in_kind", "b", "GPU"),
        Flow(date(2026, 8, 1), "proceeds", 182 * EOK // 10, "cash", "c", company="C", cost_krw=0),
        Flow(date(2026, 8, 2), "distribution", 32 * EOK // 10, "cash", "d", "CASH"),
    )
    rows = replace(ReportRows(FUND, QUARTER, 1, "draft", AS_OF), flows=flows)
    assert metrics.net_asset_value(rows, "total", AS_OF) == 1258 * EOK // 10
    low = metrics.tvpi_at_rate(rows, AS_OF, Fraction(1, 5))
    high = metrics.tvpi_at_rate(rows, AS_OF, Fraction(-1, 5))
    assert low is not None
    assert high is not None
    assert (round(float(low), 2), round(float(high), 2)) == (1.10, 1.24)


def test_net_asset_value_is_cash_left_plus_fair_value(young: ReportRows) -> None:
    assert metrics.net_asset_value(young, "total", AS_OF) == 2_050_000_000
    assert metrics.net_asset_value(young, "cash", AS_OF) == 1_970_000_000
    assert metrics.net_asset_value(young, "in_kind", AS_OF) == 80_000_000


def test_a_mark_replaces_cost_and_later_deliveries_add_to_it(grown: ReportRows) -> None:
    before_mark, at_mark = date(2026, 6, 29), date(2026, 6, 30)
    assert metrics.carried_value(grown, "C0", "in_kind", before_mark) == 3 * EOK
    assert metrics.carried_value(grown, "C0", "in_kind", at_mark) == 4 * EOK
    unmarked = replace(grown, marks=grown.marks[:1])
    assert metrics.carried_value(unmarked, "C0", "in_kind", AS_OF) == 4 * EOK + 740_000_000


def test_the_bridge_ties_to_the_won(grown: ReportRows) -> None:
    bridge = metrics.value_bridge(grown, grown.quarter.starts_on, AS_OF)
    # Opening: 66 − 30 − 2 in cash, companies at 15 + 4 and 16; closing: 34 − 1.3 in cash, companies 29 and 15.
    assert (bridge.opening_krw, bridge.closing_krw) == (69 * EOK, 7_670_000_000)
    assert (bridge.in_kind_in_krw, bridge.distributed_krw, bridge.costs_krw) == (740_000_000, 320_000_000, 130_000_000)
    assert bridge.realised_krw == 110_000_000
    assert bridge.unrealised_krw == 370_000_000
    assert bridge.difference_krw == 0


def test_a_schedule_that_disagrees_with_the_marks_stops_the_report(young: ReportRows) -> None:
    wrong = replace(young, holdings=(replace(young.holdings[0], fair_value_krw=880_000_001),))
    with pytest.raises(BridgeDoesNotTie) as stopped:
        reckon(wrong)
    assert (stopped.value.where, stopped.value.difference_krw) == ("fair value of C0", 1)


def test_expired_hours_never_enter_paid_in(young: ReportRows) -> None:
    lapsed = replace(young, gpu=(replace(young.gpu[0], expired_hours_e4=20_000 * H, remaining_hours_e4=0),))
    figures = reckon(lapsed)
    assert figures.in_kind.multiples.paid_in_krw == 80_000_000
    assert figures.in_kind_expired_krw == 80_000_000


def test_support_without_equity_leaves_net_asset_value(young: ReportRows) -> None:
    gift = Flow(date(2026, 9, 30), "support", 80_000_000, "in_kind", "T5", company="C0")
    rows = replace(young, flows=(*young.flows, gift), holdings=(replace(young.holdings[0], fair_value_krw=8 * EOK),))
    bridge = reckon(rows).bridge
    assert (bridge.support_krw, bridge.closing_krw, bridge.unrealised_krw) == (80_000_000, 1_970_000_000, 0)


def test_the_cash_basis_leaves_value_bought_in_kind_out(grown: ReportRows) -> None:
    cash = reckon(grown).cash.multiples
    assert cash.nav_krw == 3_270_000_000 + 32 * EOK
    assert cash.tvpi == Fraction(320_000_000 + 6_470_000_000, 66 * EOK)


def test_gross_multiple_leaves_fees_out(grown: ReportRows) -> None:
    total = dict(reckon(grown).gross)["total"]
    assert total.invested_krw == 14 * EOK + 16 * EOK + 3 * EOK + 740_000_000
    assert total.moic == Fraction(320_000_000 + 44 * EOK, 4_040_000_000)


def test_investors_of_one_kind_share_a_pocket_to_the_last_won() -> None:
    trio = tuple(Investor(code, code, "cash", 10 * EOK) for code in "ABC")
    flows = tuple(Flow(date(2026, 7, 2), "contribution", EOK, "cash", code, code) for code in "ABC")
    fee = Flow(date(2026, 9, 1), "fee", 1, "cash", "fee")
    rows = ReportRows(replace(FUND, investors=trio), QUARTER, 1, "draft", AS_OF, flows=(*flows, fee))
    parts = [metrics.investor_value(rows, investor, AS_OF) for investor in trio]
    assert parts == [EOK, EOK, EOK - 1]


def test_history_is_reckoned_for_every_quarter_since_the_first_flow(grown: ReportRows) -> None:
    points = metrics.history(grown)
    assert [point.code for point in points] == ["2025Q2", "2025Q3", "2025Q4", "2026Q1", "2026Q2", "2026Q3"]
    assert [point.cash_in_krw // EOK for point in points] == [42, 0, 0, 24, 0, 0]


def test_burn_is_the_mean_of_twenty_eight_days() -> None:
    usage = [UsageDay(AS_OF - timedelta(days=n), "H100", 280 * H) for n in (0, 27, 28)]
    assert burn_rate(usage, AS_OF) == 20 * H


def test_exhaustion_and_time_at_risk_follow_the_formula() -> None:
    outlook = project(20_000 * H, Fraction(100 * H), AS_OF, date(2026, 12, 31))
    assert outlook.exhausts_on == AS_OF + timedelta(days=200)
    assert outlook.at_risk_hours_e4 == (20_000 - 100 * 92) * H


def test_without_use_nothing_runs_out_and_all_is_at_risk() -> None:
    outlook = project(500 * H, Fraction(0), AS_OF, date(2026, 10, 31))
    assert (outlook.exhausts_on, outlook.at_risk_hours_e4) == (None, 500 * H)


def test_each_figure_names_the_flows_it_rests_on(grown: ReportRows) -> None:
    trails = {figure.key: figure.references for figure in reckon(grown).listed}
    assert trails["total.distributed"] == ("T8",)
    assert trails["GPU.paid_in"] == ("T3", "T9")


def test_a_flow_after_the_basis_date_is_refused(young: ReportRows) -> None:
    late = Flow(date(2026, 10, 1), "fee", 1, "cash", "T9")
    with pytest.raises(RowsInconsistent, match="after the basis date"):
        reckon(replace(young, flows=(*young.flows, late)))


def test_a_fund_in_another_currency_is_refused_with_the_reason(young: ReportRows) -> None:
    with pytest.raises(RowsInconsistent, match="amounts are in won, not USD"):
        reckon(replace(young, fund=replace(FUND, currency="USD")))


def test_the_hash_ignores_the_order_of_rows_and_the_signatures(grown: ReportRows) -> None:
    shuffled = replace(grown, flows=grown.flows[::-1], status="draft", version=9, sign_offs=())
    assert inputs_sha256(shuffled) == inputs_sha256(grown)


def test_the_hash_notices_one_won(grown: ReportRows) -> None:
    flow = replace(grown.flows[0], amount_krw=grown.flows[0].amount_krw + 1)
    assert inputs_sha256(replace(grown, flows=(flow, *grown.flows[1:]))) != inputs_sha256(grown)


def test_a_months_deliveries_to_a_company_share_a_line_that_names_them_all(young: ReportRows) -> None:
    daily = tuple(
        Flow(date(2026, 9, day), "contribution", 10_000_000, "in_kind", f"D{day:02d}", "GPU", "C0")
        for day in range(1, 9)
    )
    rows = replace(young, flows=(*young.flows[:2], young.flows[3], *daily))
    (schedule,) = (t for t in compose(reckon(rows), "ko")[3].tables if t.key == "schedule")
    lines = [row for row in schedule.rows if row.cells[2] == "GPU 현물"]
    assert [(row.cells[0], row.cells[5], row.cells[6]) for row in lines] == [(date(2026, 9, 8), 80_000_000, "D01 +7")]
    assert lines[0].references == tuple(f"D{day:02d}" for day in range(1, 9))
