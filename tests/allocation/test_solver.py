"""The solver against hand-worked cases, brute force and the rules of thumb."""

import random
from dataclasses import replace

import pytest
from invented import synthetic

from fundapp.allocation.greedy import greedy, minimum_first
from fundapp.allocation.rules import (
    Applicant,
    Capacity,
    GpuRequest,
    Instance,
    PlanInfeasible,
    PlannedAward,
    Setting,
    Terms,
    violations,
)
from fundapp.allocation.solver import shadow_prices, solve

QUARTER = "2026Q3"


def company(code: str, hours: int = 100, **changes: object) -> Applicant:
    """An applicant of 80.0 points asking for one H100 pool and no cash."""
    requests = (GpuRequest("H100", QUARTER, hours),)
    return replace(Applicant(code, 800, "factory", sme=True, non_capital=True, requests=requests), **changes)


def pool(hours: int, sku: str = "H100", rate_krw: int = 7_000) -> Capacity:
    return Capacity(sku, QUARTER, hours, rate_krw)


def test_the_whole_pool_goes_to_the_better_score_when_the_request_is_linear() -> None:
    terms = Terms(0, alpha_permille=1000, second_half_weight_permille=1000)
    plan = solve(Instance((company("A"), company("B", score_tenths=900)), (pool(100),), terms))
    assert plan.awards == (PlannedAward("B", 0, {"H100": {QUARTER: 100}}),)
    assert plan.objective == 900.0


def test_diminishing_returns_share_a_pool_between_equal_scores() -> None:
    terms = Terms(0, alpha_permille=1000)
    plan = solve(Instance((company("A"), company("B")), (pool(100),), terms))
    assert {a.code: a.gpu_hours["H100"][QUARTER] for a in plan.awards} == {"A": 50, "B": 50}
    assert plan.objective == 800.0


def test_the_second_half_of_a_request_counts_six_tenths() -> None:
    plan = solve(Instance((company("A"),), (pool(100),), Terms(0, alpha_permille=1000)))
    # 0.8 × 1000 × (0.5 + 0.6 × 0.5) by the objective's definition
    assert plan.objective == 640.0


def test_cash_buys_the_pair_of_tickets_that_fills_the_budget() -> None:
    tickets = {"A": (600,), "B": (500,), "C": (500,)}
    applicants = tuple(
        Applicant(code, 800, "factory", sme=True, non_capital=True, tickets=t) for code, t in tickets.items()
    )
    plan = solve(Instance(applicants, (), Terms(1_000)))
    assert [(a.code, a.krw) for a in plan.awards] == [("B", 500), ("C", 500)]
    # half of the points weigh cash: 0.8 × 1000 × 0.5 × 1000/1000
    assert plan.objective == 400.0


def test_who_asked_for_cash_and_hours_gets_both_or_nothing() -> None:
    both = company("A", tickets=(500,))
    plan = solve(Instance((both,), (pool(100),), Terms(499)))
    assert plan.awards == ()


def test_nobody_is_given_less_than_its_minimum() -> None:
    needy = company("A", minimum_hours={"H100": 60}, score_tenths=900)
    plan = solve(Instance((needy, company("B")), (pool(59),), Terms(0)))
    assert [a.code for a in plan.awards] == ["B"]


def test_one_applicant_takes_no_more_than_its_cap_of_the_pool() -> None:
    plan = solve(Instance((company("A", 1000),), (pool(1000),), Terms(0, own_cap_permille=100)))
    assert plan.awards[0].gpu_hours == {"H100": {QUARTER: 100}}


def test_a_sector_cap_holds_to_the_won() -> None:
    rivals = (company("A", 300, score_tenths=950), company("B", 100, sector="bank", score_tenths=400))
    plan = solve(Instance(rivals, (pool(400),), Terms(0, sector_cap_permille=500)))
    assert {a.code: a.gpu_hours["H100"][QUARTER] for a in plan.awards} == {"A": 100, "B": 100}


def test_the_sme_floor_moves_hours_to_a_lower_score() -> None:
    rivals = (company("A", 100, score_tenths=950, sme=False), company("B", 100, score_tenths=400))
    terms = Terms(0, sme_floor_permille=600, second_half_weight_permille=1000)
    plan = solve(Instance(rivals, (pool(100),), terms))
    assert {a.code: a.gpu_hours["H100"][QUARTER] for a in plan.awards} == {"A": 40, "B": 60}


def test_the_region_floor_moves_hours_to_a_lower_score() -> None:
    rivals = (company("A", 100, score_tenths=950, non_capital=False), company("B", 100, score_tenths=400))
    terms = Terms(0, non_capital_floor_permille=150, second_half_weight_permille=1000)
    plan = solve(Instance(rivals, (pool(100),), terms))
    assert {a.code: a.gpu_hours["H100"][QUARTER] for a in plan.awards} == {"A": 85, "B": 15}


def test_of_twins_the_lower_application_number_wins() -> None:
    twins = [company(code, minimum_hours={"H100": 60}) for code in "CADB"]
    plan = solve(Instance(tuple(twins), (pool(60),), Terms(0)))
    assert [a.code for a in plan.awards] == ["A"]


def test_of_twins_the_lower_application_number_gets_the_larger_ticket() -> None:
    twins = [Applicant(code, 800, "factory", sme=True, non_capital=True, tickets=(300, 500)) for code in ("B", "A")]
    plan = solve(Instance(tuple(twins), (), Terms(800)))
    assert [(a.code, a.krw) for a in plan.awards] == [("A", 500), ("B", 300)]


def test_a_tenth_of_a_point_outranks_the_application_number() -> None:
    rivals = (company("A", minimum_hours={"H100": 60}), company("B", score_tenths=801))
    plan = solve(Instance((rivals[0], replace(rivals[1], minimum_hours={"H100": 60})), (pool(60),), Terms(0)))
    assert [a.code for a in plan.awards] == ["B"]


def test_a_call_without_applicants_has_an_empty_plan() -> None:
    plan = solve(Instance((), (pool(100),), Terms(1_000)))
    assert (plan.awards, plan.objective, plan.gap) == ((), 0.0, 0.0)


def test_a_promise_that_capacity_cannot_keep_is_infeasible() -> None:
    promised = company("A", minimum_hours={"H100": 60})
    with pytest.raises(PlanInfeasible, match="A must be awarded") as caught:
        solve(Instance((promised,), (pool(59),), Terms(0, must_award=("A",))))
    assert isinstance(caught.value, ValueError)


def test_a_promise_to_a_stranger_is_infeasible() -> None:
    with pytest.raises(PlanInfeasible, match="Z must be awarded and Z among the applicants"):
        solve(Instance((company("A"),), (pool(10),), Terms(0, must_award=("Z",))))


def test_a_promise_is_kept_at_the_expense_of_a_better_score() -> None:
    rivals = [
        company("A", minimum_hours={"H100": 60}, score_tenths=950),
        company("B", minimum_hours={"H100": 60}),
    ]
    plan = solve(Instance(tuple(rivals), (pool(60),), Terms(0, must_award=("B",))))
    assert [a.code for a in plan.awards] == ["B"]


@pytest.mark.parametrize("seed", range(5))
def test_the_plan_is_lawful_and_beats_both_rules_of_thumb(seed: int) -> None:
    instance = synthetic(seed, 40)
    plan = solve(instance)
    assert violations(plan, instance) == []
    assert plan.objective > plan.baseline["greedy"].objective
    assert plan.objective > plan.baseline["minimum_first"].objective
    assert plan.objective <= plan.bound <= plan.prices.bound + 1e-6


@pytest.mark.parametrize("seed", range(2))
def test_any_input_order_gives_the_same_plan(seed: int) -> None:
    instance = synthetic(seed, 40)
    dice = random.Random(seed)  # noqa: S311 - reproducible test data
    shuffled = [
        replace(
            a,
            tickets=tuple(reversed(a.tickets)),
            requests=tuple(dice.sample(a.requests, len(a.requests))),
            minimum_hours=dict(reversed(a.minimum_hours.items())),
        )
        for a in dice.sample(instance.applicants, len(instance.applicants))
    ]
    pools = dice.sample(instance.capacities, len(instance.capacities))
    other = Instance(tuple(shuffled), tuple(pools), instance.terms)
    first, second = solve(instance), solve(other)
    assert first.awards == second.awards
    assert first.instance_sha256 == second.instance_sha256
    assert first.prices == second.prices


def test_one_more_hour_changes_the_digest() -> None:
    one = Instance((company("A"),), (pool(100),), Terms(0))
    assert one.sha256() != Instance((company("A"),), (pool(101),), Terms(0)).sha256()


@pytest.mark.parametrize("seed", range(5))
def test_rules_of_thumb_break_nothing_but_quotas(seed: int) -> None:
    instance = synthetic(seed)
    blind = replace(
        instance,
        terms=replace(instance.terms, sector_cap_permille=1000, sme_floor_permille=0, non_capital_floor_permille=0),
    )
    assert violations(greedy(instance), blind) == []
    assert violations(minimum_first(instance), blind) == []


def test_greedy_is_flagged_when_it_breaks_a_quota() -> None:
    rivals = (company("A", 100, score_tenths=950, sme=False), company("B", 100, score_tenths=400))
    plan = solve(Instance(rivals, (pool(100),), Terms(0, sme_floor_permille=600)))
    assert plan.baseline["greedy"].breaches == ("SME: 0 of 700000 won is below the floor",)
    assert plan.baseline["greedy"].broken == (Setting("sme_floor"),)


def test_a_free_pool_has_no_price_and_a_scarce_one_has() -> None:
    asks = (GpuRequest("H100", QUARTER, 100), GpuRequest("T4", QUARTER, 100))
    wide = company("A", requests=asks)
    terms = Terms(0, alpha_permille=1000, second_half_weight_permille=1000)
    prices = shadow_prices(Instance((wide,), (pool(50), pool(500, "T4", 7_000)), terms))
    # the pools hold 550 hours of one rate: 100 hours are worth 0.8 × 1000 × 100/550 points
    assert prices.gpu["H100"][QUARTER] == pytest.approx(800 * 100 / 550, abs=1e-6)
    assert prices.gpu["T4"][QUARTER] == 0.0
    assert prices.indication


def test_the_price_of_cash_is_its_points_for_a_hundred_million() -> None:
    asks = tuple(Applicant(c, 800, "factory", sme=True, non_capital=True, tickets=(100_000_000,)) for c in "AB")
    prices = shadow_prices(Instance(asks, (), Terms(100_000_000)))
    assert prices.cash == pytest.approx(400.0)


def test_two_applicants_with_one_code_are_refused() -> None:
    with pytest.raises(ValueError, match="share a code"):
        Instance((company("A"), company("A")), (), Terms(0))
