"""Settings that cannot hold together are named, and no others; a hand-made plan hears at once what it breaks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fundapp.allocation.rules import (
    Applicant,
    Capacity,
    Commitment,
    GpuRequest,
    Instance,
    Pin,
    PlanInfeasible,
    PlannedAward,
    Quota,
    Setting,
    Terms,
    breaches,
)
from fundapp.allocation.solver import solve

QUARTER = "2026Q3"


def cash(code: str, *tickets: int, **changes: object) -> Applicant:
    return replace(Applicant(code, 800, "factory", sme=True, non_capital=True, tickets=tickets), **changes)


def gpu(code: str, hours: int, **changes: object) -> Applicant:
    requests = (GpuRequest("H100", QUARTER, hours),)
    return replace(Applicant(code, 800, "factory", sme=True, non_capital=True, requests=requests), **changes)


def pool(hours: int) -> Capacity:
    return Capacity("H100", QUARTER, hours, 7_000)


def conflict(*applicants: Applicant, terms: Terms, hours: int = 100, **more: object) -> set[str]:
    with pytest.raises(PlanInfeasible) as caught:
        solve(Instance(applicants, (pool(hours),), terms, **more))
    return {f"{setting.kind} {setting.subject}".strip() for setting in caught.value.conflict}


def test_promises_over_the_budget_name_only_those_that_do_not_fit() -> None:
    people = [cash("A", 60), cash("B", 50), cash("C", 10), cash("D", 5)]
    assert conflict(*people, terms=Terms(100, must_award=("A", "B", "D"))) == {"must A", "must B", "budget"}


def test_of_two_conflicts_the_smaller_is_named() -> None:
    people = [cash("A", 60), cash("B", 50), gpu("C", 50, minimum_hours={"H100": 101})]
    found = conflict(*people, terms=Terms(100, must_award=("A", "B", "C")))
    assert found == {"must C", "minimum C"}


def test_a_promise_that_the_pool_is_too_small_for() -> None:
    needy = gpu("A", 200, minimum_hours={"H100": 150})
    assert conflict(needy, terms=Terms(0, must_award=("A",))) == {"must A", "capacity H100 2026Q3", "minimum A"}


def test_a_quota_that_nobody_can_meet_is_named_with_the_promise_that_needs_it() -> None:
    big = gpu("A", 50, sme=False)
    assert conflict(big, terms=Terms(0, sme_floor_permille=400, must_award=("A",))) == {"must A", "sme_floor"}


def test_a_tagged_quota_is_named_likewise() -> None:
    terms = Terms(0, quotas=(Quota("korean_ai", "at_least", 300),), must_award=("A",))
    assert conflict(gpu("A", 50), terms=terms) == {"must A", "quota korean_ai"}


def test_days_of_the_delivery_centre_that_an_earlier_award_holds() -> None:
    busy = cash("A", 10, codev_days={QUARTER: 5})
    terms = Terms(100, must_award=("A",), codev_days={QUARTER: 12})
    held = (Commitment("2025-7", "", QUARTER, codev_days=8),)
    assert conflict(busy, terms=terms, commitments=held) == {"must A", "codev 2026Q3"}


def test_a_promise_and_its_opposite() -> None:
    assert conflict(cash("A", 1), terms=Terms(9, must_award=("A",), must_not_award=("A",))) == {"must A", "must_not A"}


def test_a_pin_that_is_no_ticket_and_one_beyond_its_request() -> None:
    assert conflict(cash("A", 5), terms=Terms(9, pins=(Pin("A", krw=4),))) == {"pin A", "ticket A"}
    beyond = Pin("A", gpu_hours={"H100": {QUARTER: 51}})
    assert conflict(gpu("A", 50), terms=Terms(9, pins=(beyond,))) == {"pin A", "request A"}


def test_pins_that_exceed_a_pool_together() -> None:
    pins = tuple(Pin(code, gpu_hours={"H100": {QUARTER: 60}}) for code in "AB")
    found = conflict(gpu("A", 60), gpu("B", 60), gpu("C", 60), terms=Terms(0, pins=pins))
    assert found == {"pin A", "pin B", "capacity H100 2026Q3"}


def test_the_reason_is_a_sentence_in_both_languages() -> None:
    with pytest.raises(PlanInfeasible) as caught:
        solve(Instance((cash("A", 60), cash("B", 50)), (), Terms(100, must_award=("A", "B"))))
    assert caught.value.reason == ("these cannot all hold: the cash budget, A must be awarded and B must be awarded")
    assert caught.value.reason_ko == "다음은 함께 지킬 수 없습니다: 현금 한도, A 반드시 선정, B 반드시 선정"


def test_a_plan_is_solved_around_what_is_pinned() -> None:
    people = (gpu("A", 100, score_tenths=900), gpu("B", 100))
    terms = Terms(0, alpha_permille=1000, second_half_weight_permille=1000)
    free = solve(Instance(people, (pool(100),), terms))
    assert [a.code for a in free.awards] == ["A"]
    pinned = replace(terms, pins=(Pin("B", gpu_hours={"H100": {QUARTER: 30}}),))
    plan = solve(Instance(people, (pool(100),), pinned))
    assert {a.code: a.gpu_hours["H100"][QUARTER] for a in plan.awards} == {"A": 70, "B": 30}


def test_pinned_to_nothing_is_left_out() -> None:
    people = (cash("A", 5), cash("B", 5))
    plan = solve(Instance(people, (), Terms(5, pins=(Pin("A", krw=0),))))
    assert [a.code for a in plan.awards] == ["B"]


def test_a_hand_changed_plan_hears_what_it_breaks() -> None:
    instance = Instance((gpu("A", 60), gpu("B", 60)), (pool(100),), Terms(0, own_cap_permille=500))
    made = [PlannedAward(code, 0, {"H100": {QUARTER: 60}}) for code in "AB"]
    found = {(breach.setting, breach.code) for breach in breaches(made, instance)}
    capacity = Setting("capacity", "H100 2026Q3")
    assert found == {(Setting("own_cap"), "A"), (Setting("own_cap"), "B"), (capacity, "")}
