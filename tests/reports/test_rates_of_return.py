"""Rates of return against published vectors, a peer library, and cases worked by hand."""

import json
import random
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import pyxirr

from reports.xirr import find_roots, xirr, xirr_of_each

FOLDER = Path(__file__).parents[2] / ".." / "shared" / "data" / "fund"
NEEDS_VECTORS = pytest.mark.skipif(
    not (FOLDER / "xirr_vectors.json").exists(), reason="the folder ../shared/data is absent"
)


def vectors(*kinds: str) -> list[Any]:
    path = FOLDER / "xirr_vectors.json"
    if not path.exists():
        return []
    loaded = json.loads(path.read_text(encoding="utf-8"))["vectors"]
    return [pytest.param(vector, id=vector["id"]) for vector in loaded if not kinds or vector["kind"] in kinds]


def flows_of(vector: dict[str, Any]) -> list[tuple[date, float]]:
    return [(date.fromisoformat(day), amount) for day, amount in vector["flows"]]


@NEEDS_VECTORS
def test_every_published_vector_is_read() -> None:
    assert len(vectors()) == 57


@pytest.mark.parametrize("vector", vectors())
def test_all_real_roots_are_found(vector: dict[str, Any]) -> None:
    assert find_roots(flows_of(vector)) == pytest.approx(vector["real_roots"], rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("vector", vectors("value"))
def test_the_published_rate_is_among_the_roots(vector: dict[str, Any]) -> None:
    nearest = min(find_roots(flows_of(vector)), key=lambda root: abs(root - vector["expected"]))
    assert nearest == pytest.approx(vector["expected"], rel=vector["abs_tol"], abs=vector["abs_tol"])


@pytest.mark.parametrize("vector", vectors("undefined"))
def test_what_has_no_rate_gets_none(vector: dict[str, Any]) -> None:
    result = xirr(flows_of(vector), shortest_days=0)
    assert (result.rate, result.roots) == (None, ())
    assert result.reason in {"no_sign_change", "same_day", "out_of_range"}


@pytest.mark.parametrize("vector", vectors("convention"))
def test_total_loss_is_minus_one_by_convention(vector: dict[str, Any]) -> None:
    result = xirr(flows_of(vector))
    assert (result.rate, result.reason) == (-1.0, "total_loss")


@pytest.mark.parametrize("vector", vectors("multi-root"))
def test_several_roots_are_flagged_and_not_chosen_from(vector: dict[str, Any]) -> None:
    result = xirr(flows_of(vector), shortest_days=0)
    assert (result.rate, result.reason) == (None, "multiple_rates")
    assert result.roots == pytest.approx(vector["expected"], abs=vector["abs_tol"])


@pytest.mark.parametrize("seed", range(5))
def test_rates_agree_with_a_peer_library(seed: int) -> None:
    # One outlay before every return: the rate is unique.
    chance = random.Random(seed)  # noqa: S311 - invented flows, not cryptography
    start = date(2020, 1, 1)
    days = sorted(chance.sample(range(60, 1800), 6))
    flows = [(start, -chance.randrange(4_000, 9_000))]
    flows += [(start + timedelta(days=day), chance.randrange(1, 4_000)) for day in days]
    (root,) = find_roots(flows)
    assert root == pytest.approx(pyxirr.xirr([day for day, _ in flows], [amount for _, amount in flows]), abs=1e-9)


def random_fund(chance: random.Random) -> list[tuple[date, int]]:
    """Calls, then distributions, then what is left; one fund in seven calls again after it has distributed."""
    start = date(2015, 1, 1) + timedelta(days=chance.randrange(3_000))
    calls, returns = chance.randrange(1, 9), chance.randrange(8)
    signs = [-1] * (calls - 1) + [1] * returns
    if chance.random() < 1 / 7:
        chance.shuffle(signs)
    days = sorted(chance.sample(range(1, 3_650), len(signs)))
    flows = [(start, -chance.randrange(1, 10**10))]
    flows += [
        (start + timedelta(days=d), sign * chance.randrange(1, 10**10)) for d, sign in zip(days, signs, strict=True)
    ]
    return [*flows, (start + timedelta(days=3_650 + chance.randrange(200)), chance.randrange(3 * 10**10))]


def worth(flows: list[tuple[date, int]], growth: float) -> float:
    return sum(amount * growth ** ((flows[-1][0] - day).days / 365) for day, amount in flows)


def test_ten_thousand_random_funds_agree_with_a_peer_library_where_one_rate_exists() -> None:
    chance = random.Random(20_260_930)  # noqa: S311 - invented flows, not cryptography
    single = unknown_to_peer = 0
    funds = [random_fund(chance) for _ in range(10_000)]
    for flows, found in zip(funds, xirr_of_each(funds), strict=True):
        roots = found.roots
        if len(roots) != 1:
            continue
        single += 1
        peer = pyxirr.xirr([day for day, _ in flows], [amount for _, amount in flows])
        if peer is None:
            # A rate that the peer misses must still turn the sign of the flows' value.
            unknown_to_peer += 1
            low, high = (worth(flows, (1 + roots[0]) * factor) for factor in (1 - 1e-7, 1 + 1e-7))
            assert low * high < 0
            continue
        assert roots[0] == pytest.approx(peer, rel=1e-9, abs=1e-9)
    assert single > 9_800
    assert unknown_to_peer < 200


def test_each_of_many_series_gets_what_it_gets_alone_whatever_stands_beside_it() -> None:
    chance = random.Random(11)  # noqa: S311 - invented flows, not cryptography
    funds: list[list[tuple[date, int]]] = [random_fund(chance) for _ in range(60)]
    for fund in funds:
        chance.shuffle(fund)
    day = date(2026, 1, 1)
    month = [(day + timedelta(days=number), -1 if number % 2 else 1) for number in range(400)]
    funds += [[], [(day, 0)], [(day, -5)], [(day, -5), (day, 6)], [(day, -5), (date(2027, 1, 1), 0)], month]
    chance.shuffle(funds)
    for together, alone in zip(xirr_of_each(funds), map(xirr, funds), strict=True):
        assert together == replace(alone, rate=together.rate, roots=together.roots)
        assert together.roots == pytest.approx(alone.roots, rel=1e-11, abs=1e-11)
        assert (together.rate is None) == (alone.rate is None)
    assert xirr_of_each([]) == []


def test_three_roots_of_a_cubic_are_all_found() -> None:
    # (x − 1.1)(x − 1.2)(x − 1.3) with x = 1 + r and whole years of 365 days.
    start = date(2021, 1, 1)
    amounts = (1.0, -3.6, 4.31, -1.716)
    flows = [(start + timedelta(days=365 * n), amount) for n, amount in enumerate(amounts)]
    assert find_roots(flows) == pytest.approx([0.1, 0.2, 0.3], abs=1e-9)


def test_a_rate_found_overnight_is_not_printed() -> None:
    result = xirr([(date(2026, 1, 1), -100), (date(2026, 1, 2), 600)])
    assert (result.rate, result.reason) == (None, "too_short")


def test_a_rate_above_a_thousand_percent_is_not_printed() -> None:
    result = xirr([(date(2025, 1, 1), -100), (date(2026, 1, 1), 1_200)])
    assert (result.rate, result.reason) == (None, "out_of_range")
    assert result.roots == pytest.approx([11.0])


def test_under_a_year_the_return_of_the_period_is_shown() -> None:
    result = xirr([(date(2026, 1, 1), -100), (date(2026, 4, 2), 105)])
    assert (result.annualised, result.days) == (False, 91)
    assert result.shown == pytest.approx(0.05)


def test_flows_of_one_day_have_no_rate() -> None:
    assert xirr([(date(2026, 1, 1), -100), (date(2026, 1, 1), 105)]).reason == "same_day"


def test_no_flows_have_no_rate() -> None:
    assert xirr([]).reason == "no_sign_change"
