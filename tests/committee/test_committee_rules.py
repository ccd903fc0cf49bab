"""Counting votes, statistics and sharing out reviews, against hand calculation and Python's statistics."""

from __future__ import annotations

import statistics
from datetime import date
from fractions import Fraction

import pytest

from fundapp.committee.balancing import Task, share_out
from fundapp.committee.rules import (
    CRITERIA,
    GpuLine,
    ProposedCondition,
    Rating,
    agenda_order,
    require_complete,
    review_total,
    statistics_of,
    tally,
)
from fundapp.core.errors import InvalidInputError

PEOPLE = [f"member{n:02d}@fund.example" for n in range(20)]


def rated(*points: int | None) -> list[Rating]:
    return [Rating(c.key, p, "사유") for c, p in zip(CRITERIA, points, strict=True)]


def test_weights_of_the_criteria_sum_to_a_hundred() -> None:
    assert sum(criterion.weight for criterion in CRITERIA) == 100


def test_a_member_who_rates_all_fives_gives_a_hundred_points() -> None:
    assert review_total(rated(5, 5, 5, 5, 5)) == 1000


def test_a_total_is_weight_times_points_over_five() -> None:
    # 25*5/5 + 20*4/5 + 20*3/5 + 15*4/5 + 20*2/5 = 25 + 16 + 12 + 12 + 8
    assert review_total(rated(5, 4, 3, 4, 2)) == 730


def test_a_criterion_abstained_from_leaves_the_whole() -> None:
    # (25*4 + 20*4 + 20*4 + 20*4) / (5 * 85) of 1000 = 800
    assert review_total(rated(4, 4, 4, None, 4)) == 800


def test_abstaining_throughout_gives_no_total() -> None:
    assert review_total(rated(None, None, None, None, None)) is None


@pytest.mark.parametrize(
    ("ratings", "field"),
    [
        (rated(4, 4, 4, 4, 4)[:4], "ratings"),
        ([*rated(4, 4, 4, 4, 4)[:4], Rating("spc_fit", 4, "사유")], "ratings"),
        ([*rated(4, 4, 4, 4, 4)[:4], Rating("team", 6, "사유")], "team"),
        ([*rated(4, 4, 4, 4, 4)[:4], Rating("team", 0, "사유")], "team"),
        ([*rated(4, 4, 4, 4, 4)[:4], Rating("team", 4, "  ")], "team"),
        ([*rated(4, 4, 4, 4, 4)[:4], Rating("team", None, "")], "team"),
    ],
)
def test_an_incomplete_review_is_refused_and_names_the_criterion(ratings: list[Rating], field: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        require_complete(ratings)
    assert refused.value.details["field"] == field


@pytest.mark.parametrize(
    "totals", [[700, 800], [612, 700, 701, 955], [731, 640, 880, 905, 512], [1, 1000, 3], [450, 450, 450]]
)
def test_mean_median_and_deviation_agree_with_the_standard_library(totals: list[int]) -> None:
    found = statistics_of(totals)
    assert found is not None
    assert found.mean_tenths == round(Fraction(sum(totals), len(totals)))
    assert found.median_tenths == round(statistics.median(Fraction(t) for t in totals))
    assert found.deviation_tenths == int(statistics.stdev(totals) + 0.5)


@pytest.mark.parametrize(
    ("totals", "trimmed"),
    [([700], 700), ([700, 900], 800), ([100, 700, 1000], 700), ([900, 900, 100, 600, 600], 700)],
)
def test_the_trimmed_mean_drops_one_highest_and_one_lowest_of_three_or_more(totals: list[int], trimmed: int) -> None:
    found = statistics_of(totals)
    assert found is not None
    assert found.trimmed_tenths == trimmed


def test_a_single_rating_has_no_deviation() -> None:
    found = statistics_of([700])
    assert found is not None
    assert found.deviation_tenths is None


def test_no_ratings_have_no_statistics() -> None:
    assert statistics_of([]) is None


def test_the_arithmetic_of_a_carried_ballot_reads_as_in_the_minutes() -> None:
    seats, votes = PEOPLE[:8], dict.fromkeys(PEOPLE[1:6], "yes") | {PEOPLE[6]: "no"}
    count = tally(seats, {PEOPLE[0]}, votes)
    assert count.arithmetic("ko") == "재적 8, 제척·회피 1, 의결권 7, 출석 6, 정족수 4 → 성립; 찬성 5, 반대 1 → 가결"
    assert (
        count.arithmetic("en") == "members 8, recused 1, entitled 7, present 6, quorum 4 → met; yes 5, no 1 → carried"
    )


def test_abstentions_count_as_present_and_can_defeat_a_plurality() -> None:
    votes = {PEOPLE[0]: "yes", PEOPLE[1]: "yes", PEOPLE[2]: "no", PEOPLE[3]: "abstain"}
    count = tally(PEOPLE[:5], set(), votes)
    assert count.outcome == "rejected"
    assert (
        count.arithmetic("ko")
        == "재적 5, 제척·회피 0, 의결권 5, 출석 4, 정족수 3 → 성립; 찬성 2, 반대 1, 기권 1 → 부결"
    )


def test_a_tie_is_not_carried() -> None:
    assert tally(PEOPLE[:2], set(), {PEOPLE[0]: "yes", PEOPLE[1]: "no"}).outcome == "rejected"


@pytest.mark.parametrize(("voters", "outcome"), [(3, "deferred"), (4, "carried")])
def test_half_of_six_members_is_no_quorum_and_one_more_is(voters: int, outcome: str) -> None:
    count = tally(PEOPLE[:6], set(), dict.fromkeys(PEOPLE[:voters], "yes"))
    assert count.quorum_needed == 4
    assert count.outcome == outcome


def test_a_recused_member_lowers_the_quorum() -> None:
    votes = dict.fromkeys(PEOPLE[:3], "yes")
    assert tally(PEOPLE[:6], set(), votes).outcome == "deferred"
    assert tally(PEOPLE[:6], {PEOPLE[5]}, votes).outcome == "carried"


def test_a_vote_of_a_recused_or_former_member_is_left_out() -> None:
    votes = dict.fromkeys([PEOPLE[0], PEOPLE[1], PEOPLE[9]], "yes") | {PEOPLE[2]: "no"}
    count = tally(PEOPLE[:4], {PEOPLE[0]}, votes)
    assert (count.entitled, count.present, count.yes, count.no) == (3, 2, 1, 1)


def test_a_committee_that_is_wholly_recused_cannot_decide() -> None:
    assert tally(PEOPLE[:3], PEOPLE[:3], {}).outcome == "deferred"


def test_the_agenda_groups_items_by_who_has_to_leave() -> None:
    a, b = frozenset({PEOPLE[0]}), frozenset({PEOPLE[1]})
    assert agenda_order({"1": a, "2": frozenset(), "3": b, "4": a, "5": frozenset()}) == ["2", "5", "1", "4", "3"]


def test_reviews_are_shared_out_evenly() -> None:
    tasks = [Task(f"A-{n:03d}") for n in range(30)]
    sharing = share_out(tasks, PEOPLE[:8], loads={}, per_application=3, max_load=20)
    assert sorted(sharing.loads.values()) == [11, 11, 11, 11, 11, 11, 12, 12]
    assert sharing.shortfalls == []


def test_sharing_out_does_not_depend_on_the_order_given() -> None:
    tasks = [Task(f"A-{n:03d}", barred=frozenset({PEOPLE[n % 5]})) for n in range(20)]
    one = share_out(tasks, PEOPLE[:6], loads={}, per_application=2, max_load=9)
    other = share_out(tasks[::-1], PEOPLE[5::-1], loads={}, per_application=2, max_load=9)
    assert one.given == other.given


def test_nobody_gets_what_they_are_barred_from_or_hold_already() -> None:
    task = Task("A-1", holders=frozenset({PEOPLE[1]}), barred=frozenset({PEOPLE[0]}))
    sharing = share_out([task], PEOPLE[:4], loads={PEOPLE[1]: 1}, per_application=3, max_load=5)
    assert sorted(sharing.given["A-1"]) == [PEOPLE[2], PEOPLE[3]]


def test_the_cap_is_kept_and_the_shortfall_explained() -> None:
    tasks = [Task(f"A-{n}", barred=frozenset({PEOPLE[0]})) for n in range(3)]
    sharing = share_out(tasks, PEOPLE[:2], loads={}, per_application=1, max_load=2)
    assert sharing.loads == {PEOPLE[0]: 0, PEOPLE[1]: 2}
    assert [shortfall.reason("ko") for shortfall in sharing.shortfalls] == [
        "심사위원 1명 중 0명; 제척·회피 1명, 나머지는 상한에 이름"
    ]


def test_a_full_member_passes_a_review_on_so_that_no_room_is_wasted() -> None:
    # Room for exactly one arrangement: A-2 only fits the first member, so A-1 has to move on to the second.
    first, second, third = PEOPLE[:3]
    tasks = [
        Task("A-1", barred=frozenset({third})),
        Task("A-2", barred=frozenset({second, third})),
        Task("A-3", barred=frozenset({first})),
    ]
    sharing = share_out(tasks, [first, second, third], loads={}, per_application=1, max_load=1)
    assert sharing.given == {"A-1": [second], "A-2": [first], "A-3": [third]}


def test_a_gpu_line_survives_json_and_values_hours_exactly() -> None:
    line = GpuLine("p", "pool:microsoft:h100:koreacentral:2026Q3", "h100", "koreacentral", "2026Q3", 12_345, 5200)
    assert GpuLine.of_document(line.as_document()) == line
    assert line.value_e4 == 64_194_000


def test_a_condition_survives_json() -> None:
    condition = ProposedCondition("보안성 검토 통과", date(2026, 12, 31))
    assert ProposedCondition.of_document(condition.as_document()) == condition


def test_a_blank_condition_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="conditions"):
        ProposedCondition("  ")
