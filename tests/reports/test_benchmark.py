"""The fund against an index: a worked case, and a peer library."""

import random
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
import pyxirr
from invented_fund import AS_OF, EOK, FUND, QUARTER

from reports.benchmark import level_on, needed_levels, public_market
from reports.figures import reckon
from reports.rows import Benchmark, Flow, IndexLevel, ReportRows, inputs_sha256
from reports.sections import compose

START = date(2024, 1, 2)


def index(*levels: tuple[date, int]) -> Benchmark:
    return Benchmark("KOSPI", "한국거래소", tuple(IndexLevel(day, level) for day, level in levels))


def paid(day: date, amount: int, kind: str = "contribution") -> Flow:
    return Flow(day, "distribution" if kind == "distribution" else "contribution", amount, "cash", str(day), "CASH")


def test_a_fund_that_doubles_while_the_index_doubles_stands_at_one() -> None:
    market = public_market([paid(START, 100)], 200, AS_OF, index((START, 1_000), (AS_OF, 2_000)))
    assert (market.contributions, market.ks_pme) == (200, 1)


def test_distributions_grow_with_the_index_too() -> None:
    # 100 paid in at 1,000; 60 back at 1,200; 80 left at 1,500: (60 × 1500/1200 + 80) / (100 × 1500/1000) = 155/150.
    flows = [paid(START, 100), paid(date(2025, 1, 2), 60, "distribution")]
    market = public_market(flows, 80, AS_OF, index((START, 1_000), (date(2025, 1, 2), 1_200), (AS_OF, 1_500)))
    assert market.ks_pme == Fraction(155, 150)


@pytest.mark.parametrize("seed", range(20))
def test_the_ratio_agrees_with_a_peer_library(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - invented flows, not cryptography
    days = [START + timedelta(days=30 * n) for n in range(12)]
    levels = [chance.randrange(20_000_000, 40_000_000) for _ in range(13)]
    amounts = [chance.randrange(1, 10**9) * chance.choice((-1, -1, 1)) for _ in days]
    amounts[0] = -abs(amounts[0])
    flows = [paid(d, abs(a), "contribution" if a < 0 else "distribution") for d, a in zip(days, amounts, strict=True)]
    nav = chance.randrange(10**9)
    market = public_market(flows, nav, AS_OF, index(*zip([*days, AS_OF], levels, strict=True)))
    assert market.ks_pme is not None
    # The library counts the closing value as the last flow's neighbour under the last level.
    peer = pyxirr.pe.ks_pme([*amounts, 0.0], [float(level) for level in levels], float(nav))
    assert float(market.ks_pme) == pytest.approx(peer, rel=1e-12)


def test_a_day_without_trade_takes_the_level_before_it() -> None:
    levels = index((START, 10), (date(2024, 1, 5), 20)).levels
    days = [date(2024, 1, 1), START, date(2024, 1, 4), date(2024, 2, 1)]
    found = [level_on(levels, day) for day in days]
    assert [level.level_e4 if level else None for level in found] == [None, 10, 10, 20]


def test_a_report_keeps_only_the_levels_it_needs() -> None:
    levels = tuple(IndexLevel(START + timedelta(days=n), 100 + n) for n in range(50))
    kept = needed_levels(levels, [START + timedelta(days=7), START + timedelta(days=7), date(2030, 1, 1)])
    assert [level.level_e4 for level in kept] == [107, 149]


def test_flows_before_the_index_begins_leave_no_ratio_but_its_reason() -> None:
    market = public_market([paid(START, 100)], 100, AS_OF, index((date(2025, 1, 2), 10), (AS_OF, 20)))
    assert (market.ks_pme, market.reason) == (None, "index_too_short")


@pytest.mark.parametrize(("late", "reason"), [(14, None), (15, "index_too_old")])
def test_a_level_serves_fourteen_days_and_no_more(late: int, reason: str | None) -> None:
    reached = AS_OF - timedelta(days=late)
    assert public_market([paid(START, 100)], 100, AS_OF, index((START, 10), (reached, 20))).reason == reason
    flow = paid(START + timedelta(days=late), 100)
    assert public_market([flow], 100, AS_OF, index((START, 10), (AS_OF, 20))).reason == reason


def test_an_index_that_ends_before_the_reporting_day_leaves_no_ratio_and_the_report_says_until_when() -> None:
    start, ends, day = date(2026, 4, 1), date(2026, 6, 30), date(2026, 9, 30)
    stale = index((start, 25_000_000), (ends, 28_000_000))
    market = public_market([paid(start, 100)], 110, day, stale)
    assert (market.ks_pme, market.reason) == (None, "index_too_old")
    flow = replace(paid(start, 100), reference="T1")
    rows = replace(ReportRows(FUND, QUARTER, 1, "draft", day), flows=(flow,), benchmark=stale)
    for locale, words in (("ko", "14일보다 오래되었습니다"), ("en", "more than 14 days old")):
        tables = [t for section in compose(reckon(rows), locale) for t in section.tables]  # type: ignore[arg-type]
        (table,) = (t for t in tables if t.key == "market")
        assert words in table.footnotes[0]
        assert "2026-06-30" in table.footnotes[-1]


def test_a_fund_that_called_nothing_has_no_ratio() -> None:
    assert public_market([], 0, AS_OF, index((START, 10))).reason == "no_contributions"


def test_the_report_compares_each_basis_and_names_the_index(grown: ReportRows) -> None:
    early = sorted({flow.effective_on for flow in grown.flows if flow.effective_on < AS_OF})
    rows = replace(grown, benchmark=index(*((day, 25_000_000) for day in early), (AS_OF, 30_000_000)))
    figures = reckon(rows)
    assert [key for key, _ in figures.market] == ["total", "cash", "CASH", "GPU"]
    # All was paid in at 2,500 or at the 3,000 of the last day, when 7.4억 of GPU time was delivered.
    total = dict(figures.market)["total"]
    assert total.contributions == Fraction(69 * EOK * 12, 10) + 740_000_000
    (table,) = (t for section in compose(figures, "ko") for t in section.tables if t.key == "market")
    assert f"KOSPI (한국거래소), 쓴 마지막 날 {AS_OF}" in table.footnotes[-1]
    keys = {figure.key: figure for figure in figures.listed}
    assert keys["GPU.ks_pme"].references == ("T3", "T9", "V2", "V3")


def test_a_report_without_an_index_keeps_the_hash_it_always_had() -> None:
    empty = ReportRows(FUND, QUARTER, 1, "draft", AS_OF)
    assert inputs_sha256(empty) == "da25ff900c202d70022df55d1d336d228f9867768033573da0e5857334f679b9"
    assert inputs_sha256(replace(empty, benchmark=index((START, 10)))) != inputs_sha256(empty)
    assert inputs_sha256(replace(empty, lapses=())) != inputs_sha256(empty)
