"""Plans against enumeration, and against the same call said in another way."""

from __future__ import annotations

import json
import random
from dataclasses import asdict, replace

import pytest
from invented import best_by_enumeration, faults, synthetic, tiny

from fundapp.allocation.rules import (
    Applicant,
    Capacity,
    GpuRequest,
    Instance,
    PlannedAward,
    canonical_json,
    objective_points,
    violations,
)
from fundapp.allocation.solver import solve


@pytest.mark.parametrize("hundred", range(5))
def test_no_plan_of_a_small_call_is_better_and_an_independent_checker_finds_nothing(hundred: int) -> None:
    for seed in range(100 * hundred, 100 * hundred + 100):
        instance = tiny(seed)
        plan = solve(instance)
        document = json.loads(canonical_json(instance))
        assert faults(document, [asdict(award) for award in plan.awards]) == [], seed
        best = float(best_by_enumeration(instance))
        assert float(objective_points(plan.awards, instance)) == pytest.approx(best, rel=2e-6, abs=2e-6), seed


def test_the_checker_finds_each_kind_of_fault() -> None:
    asks = (GpuRequest("H100", "2026Q3", 10),)
    one = Applicant(
        "A", 800, "bank", sme=True, non_capital=True, tickets=(5,), requests=asks, minimum_hours={"H100": 4}
    )
    instance = synthetic(0, 1)
    instance = replace(
        instance,
        applicants=(one,),
        capacities=(Capacity("H100", "2026Q3", 8, 100),),
        terms=replace(instance.terms, budget_krw=4, sector_cap_permille=1000, own_cap_permille=1000),
    )
    document = json.loads(canonical_json(instance))

    def found(krw: int, hours: int) -> list[str]:
        given = {"H100": {"2026Q3": hours}} if hours else {}
        award = PlannedAward("A", krw, given)
        assert bool(violations([award], instance)) == bool(faults(document, [asdict(award)]))
        return faults(document, [asdict(award)])

    assert found(5, 3) == ["A minimum", "budget"]
    assert found(5, 11) == ["A request", "A own cap", "('H100', '2026Q3') capacity", "budget"]
    assert found(0, 8) == ["A joint"]
    assert found(3, 8) == ["A ticket"]


def said_otherwise(instance: Instance, seed: int) -> tuple[Instance, dict[str, str], dict[str, str]]:
    """The same call with rows in another order, other names, and pools and requests in several rows."""
    dice = random.Random(seed)  # noqa: S311 - reproducible test data
    codes = {a.code: f"2026-{9_999 - number}" for number, a in enumerate(instance.applicants)}
    skus = dict(zip(sorted({c.sku for c in instance.capacities}), ("zeta", "eta", "iota", "theta"), strict=True))
    applicants = [
        replace(
            a,
            code=codes[a.code],
            sector=a.sector[::-1],
            tickets=(*a.tickets[::-1], a.tickets[0]),
            requests=tuple(
                GpuRequest(skus[r.sku], r.quarter, hours)
                for r in dice.sample(a.requests, len(a.requests))
                for hours in (r.hours // 3, r.hours - r.hours // 3)
            ),
            minimum_hours={skus[sku]: hours for sku, hours in reversed(a.minimum_hours.items())},
        )
        for a in dice.sample(instance.applicants, len(instance.applicants))
    ]
    pools = [
        Capacity(skus[c.sku], c.quarter, hours, c.rate_krw)
        for c in dice.sample(instance.capacities, len(instance.capacities))
        for hours in (c.hours // 4, c.hours - c.hours // 4)
    ]
    return Instance(tuple(applicants), tuple(pools), instance.terms), codes, skus


def test_order_names_and_splits_change_no_award_in_a_hundred_calls() -> None:
    for seed in range(100):
        instance = synthetic(seed, 5)
        other, codes, skus = said_otherwise(instance, seed)
        expected = {
            codes[a.code]: (a.krw, {skus[sku]: dict(hours) for sku, hours in a.gpu_hours.items()})
            for a in solve(instance).awards
        }
        assert {a.code: (a.krw, dict(a.gpu_hours)) for a in solve(other).awards} == expected, seed


@pytest.mark.parametrize("seed", range(4))
def test_more_hours_or_more_cash_never_lower_the_objective(seed: int) -> None:
    instance = synthetic(seed, 8)
    before = solve(instance)
    more = tuple(replace(c, hours=c.hours + 50 * (place == seed)) for place, c in enumerate(instance.capacities))
    richer = replace(instance, terms=replace(instance.terms, budget_krw=instance.terms.budget_krw + 50_000_000))
    assert solve(replace(instance, capacities=more)).objective >= before.objective - 1e-6
    assert solve(richer).objective >= before.objective - 1e-6


@pytest.mark.parametrize("seed", range(4))
def test_without_a_loser_everybody_else_gets_the_same(seed: int) -> None:
    instance = synthetic(seed, 8)
    plan = solve(instance)
    winners = {award.code for award in plan.awards}
    loser = next(a.code for a in instance.applicants if a.code not in winners)
    rest = replace(instance, applicants=tuple(a for a in instance.applicants if a.code != loser))
    assert solve(rest).awards == plan.awards
