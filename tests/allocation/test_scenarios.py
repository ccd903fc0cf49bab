"""What if, at what price, how sure, and why not us: against cases worked by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from invented import synthetic

from fundapp.allocation.explaining import explain, margins, needed_score
from fundapp.allocation.rules import Applicant, Capacity, GpuRequest, Instance, Pin, Setting, Terms
from fundapp.allocation.scenarios import (
    Changes,
    compare,
    draw_scores,
    price_quotas,
    sensitivity,
    shrinking,
    with_changes,
)
from fundapp.allocation.solver import Progress, SolveCancelled, shadow_prices, solve

QUARTER = "2026Q3"
LINEAR = Terms(0, alpha_permille=1000, second_half_weight_permille=1000)


def gpu(code: str, score: int, hours: int = 100, **changes: object) -> Applicant:
    asks = (GpuRequest("H100", QUARTER, hours),)
    return replace(Applicant(code, score, "factory", sme=True, non_capital=True, requests=asks), **changes)


def call(*applicants: Applicant, hours: int = 100, terms: Terms = LINEAR) -> Instance:
    return Instance(applicants, (Capacity("H100", QUARTER, hours, 7_000),), terms)


RIVALS = call(gpu("A", 900), gpu("B", 800, minimum_hours={"H100": 100}))


def test_a_scenario_with_twice_the_hours_says_who_enters_and_keeps_the_scale() -> None:
    first = solve(RIVALS)
    second = solve(with_changes(RIVALS, Changes(hours={("H100", QUARTER): 200})))
    found = compare(first, second)
    assert (found.entered, found.left, found.changed) == (("B",), (), ())
    # B brings 0.8 × 1000 × 100 of the 100 hours that the scale was made for
    assert (first.objective, found.points) == (900.0, 800.0)


def test_a_scenario_names_a_term_or_a_pool_that_there_is_not() -> None:
    with pytest.raises(ValueError, match="no such term: budget_won"):
        with_changes(RIVALS, Changes(terms={"budget_won": 1}))
    with pytest.raises(ValueError, match="no such pool: H200 2026Q3"):
        with_changes(RIVALS, Changes(hours={("H200", QUARTER): 1}))


def test_a_quota_costs_what_the_plan_without_it_has_more() -> None:
    terms = replace(LINEAR, sme_floor_permille=600)
    rivals = call(gpu("A", 950, sme=False), gpu("B", 400), terms=terms)
    priced = price_quotas(rivals, solve(rivals))
    # with the floor 40 and 60 hours: 0.95 × 400 + 0.4 × 600 = 620; without it 950
    assert [(p.setting, p.points, p.hours_lost) for p in priced] == [(Setting("sme_floor"), 330.0, 0)]


def test_a_quota_that_leaves_hours_unused_is_called_out() -> None:
    terms = replace(LINEAR, non_capital_floor_permille=900)
    lonely = call(gpu("A", 900, non_capital=False), gpu("B", 800, hours=9), terms=terms)
    plan = solve(lonely)
    assert {a.code: a.gpu_hours["H100"][QUARTER] for a in plan.awards} == {"A": 1, "B": 9}
    (found,) = shrinking(plan, price_quotas(lonely, plan))
    assert (found.setting, found.hours_lost) == (Setting("non_capital_floor"), 90)


def test_why_not_us_names_what_is_scarce_who_would_leave_and_what_it_costs() -> None:
    found = explain(RIVALS, solve(RIVALS), "B")
    assert (found.awarded, found.possible, found.binding) == (False, True, (Setting("capacity", "H100 2026Q3"),))
    # B needs all 100 hours, so A would have none: 900 - 800
    assert (found.loss, found.leaves, found.points) == (100.0, ("A",), 800.0)


def test_why_not_us_names_whose_share_would_shrink() -> None:
    rivals = call(gpu("A", 900), gpu("B", 800, hours=40, minimum_hours={"H100": 40}))
    found = explain(rivals, solve(rivals), "B")
    # A keeps 60 of its 100 hours
    assert (found.leaves, found.shrinks, found.loss) == ((), ("A",), 40.0)


def test_why_not_us_where_nothing_could_have_helped_names_what_excludes() -> None:
    needy = call(gpu("A", 900), gpu("B", 800, hours=300, minimum_hours={"H100": 200}))
    found = explain(needy, solve(needy), "B")
    assert (found.possible, found.loss) == (False, None)
    assert found.binding == (Setting("capacity", "H100 2026Q3"), Setting("minimum", "B"))


def test_what_a_winner_is_worth_to_the_plan() -> None:
    found = explain(RIVALS, solve(RIVALS), "A")
    assert (found.awarded, found.loss, found.enters) == (True, 100.0, ("B",))


def test_the_score_that_would_have_been_enough() -> None:
    assert needed_score(RIVALS, "B") == 901  # at 900 it is a tie, which the lower number wins
    assert needed_score(call(gpu("A", 900), gpu("B", 1, minimum_hours={"H100": 101})), "B") is None


def test_the_nearest_margin_comes_first() -> None:
    call_of_three = call(gpu("A", 900), gpu("B", 890), gpu("C", 100))
    found = margins(call_of_three, solve(call_of_three))
    # an hour costs what B would pay, 8.9 points: A keeps 0.1 on each of 100, C would lose 7.9 on the one it must take
    assert [(m.code, m.awarded, m.points) for m in found] == [("B", False, 0.0), ("C", False, -7.9), ("A", True, 10.0)]


def test_scores_far_apart_always_win_and_never() -> None:
    found = sensitivity(RIVALS, {"A": (880, 920), "B": (780, 820)}, draws=20)
    assert (found.wins, found.draws) == ({"A": 20, "B": 0}, 20)


def test_even_scores_win_about_half_and_the_same_seed_repeats_it() -> None:
    even = call(gpu("A", 800, minimum_hours={"H100": 100}), gpu("B", 800, minimum_hours={"H100": 100}))
    bands = {"A": (700, 900), "B": (700, 900)}
    found = sensitivity(even, bands, draws=60, seed=3)
    rows = draw_scores(even, bands, draws=60, seed=3)
    assert found == sensitivity(even, bands, draws=60, seed=3)
    assert found.wins["A"] == sum(a > b for a, b in rows)
    assert found.wins["A"] + found.wins["B"] == 60


def test_draws_of_a_larger_call_stay_within_their_gap() -> None:
    instance = synthetic(1, 40)
    bands = {a.code: (a.score_tenths - 30, a.score_tenths + 30) for a in instance.applicants}
    found = sensitivity(instance, bands, draws=5)
    assert found.gap <= 2e-3
    assert set(found.wins) == {a.code for a in instance.applicants}
    assert 5 in found.wins.values()


def test_a_solve_tells_its_progress_and_stops_when_asked() -> None:
    heard: list[Progress] = []
    instance = synthetic(0, 30)

    def go_on(progress: Progress) -> bool:
        heard.append(progress)
        return True

    solve(instance, tell=go_on)
    assert (heard[0].step, heard[-1].step) == ("relaxed", "finished")
    with pytest.raises(SolveCancelled):
        solve(instance, tell=lambda _: False)


def test_a_scenario_may_pin() -> None:
    pinned = with_changes(RIVALS, Changes(terms={"pins": (Pin("A", gpu_hours={}),)}))
    assert [award.code for award in solve(pinned).awards] == ["B"]


def test_a_large_call_has_an_answer_before_the_search_and_a_bound_that_holds_for_all_of_it() -> None:
    heard: list[Progress] = []
    instance = synthetic(2, 500)
    plan = solve(instance, gap=1e-4, tell=lambda progress: heard.append(progress) is None)
    assert [p.step for p in heard][:2] == ["opened", "relaxed"]
    assert (heard[0].objective or 0.0) > plan.baseline["minimum_first"].objective
    assert plan.gap <= 1e-4
    # the bound that was put together from parts is the one of the relaxation solved whole
    assert plan.prices.bound == pytest.approx(shadow_prices(instance).bound, rel=1e-5)
