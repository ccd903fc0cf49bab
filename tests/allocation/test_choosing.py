"""Hours typed as one number find their quarters; what is chosen stands over what is recommended."""

from __future__ import annotations

import json

from invented import synthetic, tiny

from fundapp.allocation.rules import (
    Applicant,
    Choice,
    GpuRequest,
    Pin,
    PlannedAward,
    canonical_json,
    choose,
    differs,
    pins,
    read_awards,
    read_instance,
    spread_hours,
    write_awards,
)

ASKING = Applicant(
    "A",
    800,
    "factory",
    sme=True,
    non_capital=False,
    requests=(GpuRequest("H100", "2026Q3", 300), GpuRequest("H100", "2026Q4", 100)),
)


def test_fewer_hours_shrink_the_recommendation_in_proportion() -> None:
    assert spread_hours(100, ASKING, {"H100": {"2026Q3": 150, "2026Q4": 50}}) == {"H100": {"2026Q3": 75, "2026Q4": 25}}


def test_more_hours_go_where_the_request_leaves_room() -> None:
    # 150 more than the 150 recommended; room is 150 and 100, so 90 and 60
    assert spread_hours(300, ASKING, {"H100": {"2026Q3": 150}}) == {"H100": {"2026Q3": 240, "2026Q4": 60}}


def test_hours_beyond_the_request_go_in_proportion_to_it() -> None:
    assert spread_hours(480, ASKING, {}) == {"H100": {"2026Q3": 360, "2026Q4": 120}}


def test_a_remainder_goes_by_the_largest_part_left_over() -> None:
    assert spread_hours(3, ASKING, {}) == {"H100": {"2026Q3": 2, "2026Q4": 1}}


def test_nothing_is_spread_over_nothing() -> None:
    cash_only = Applicant("B", 700, "bank", sme=True, non_capital=False, tickets=(5,))
    assert spread_hours(10, cash_only, {}) == {}
    assert spread_hours(0, ASKING, {"H100": {"2026Q3": 1}}) == {}


def test_choices_stand_over_awards_and_nothing_chosen_is_no_award() -> None:
    awards = (PlannedAward("A", 5, {}), PlannedAward("B", 3, {"T4": {"2026Q3": 1}}))
    chosen = choose(awards, [Choice("B", 0, {}, "out"), Choice("C", 2, {}, "in")])
    assert chosen == (PlannedAward("A", 5, {}), PlannedAward("C", 2, {}))


def test_a_choice_equal_to_the_award_does_not_differ() -> None:
    known = {"A": PlannedAward("A", 5, {"T4": {"2026Q3": 1}})}
    assert not differs(Choice("A", 5, {"T4": {"2026Q3": 1}}), known)
    assert not differs(Choice("B", 0, {}), known)
    assert differs(Choice("A", 5, {}), known)


def test_only_what_is_pinned_is_a_pin() -> None:
    assert pins([Choice("A", 5, {}, pinned=True), Choice("B", 1, {})]) == (Pin("A", 5, {}),)


def test_an_instance_read_back_is_the_same_instance() -> None:
    for instance in (*(tiny(seed) for seed in range(60)), synthetic(1, 20)):
        assert read_instance(json.loads(canonical_json(instance))) == instance


def test_awards_read_back_are_the_same_awards() -> None:
    awards = (PlannedAward("A", 5, {"T4": {"2026Q3": 1}}),)
    assert read_awards(write_awards(awards)) == awards
