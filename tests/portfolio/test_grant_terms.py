"""What calls say about grants after signing, and the arithmetic of an exchange."""

from __future__ import annotations

from datetime import date

import pytest

from fundapp.core.errors import InvalidInputError
from fundapp.core.quarters import Quarter
from fundapp.portfolio.rules import exchange, gpus_at_once, grant_terms, split_release, spread, vcpus_per_gpu
from fundapp.portfolio.rules.grant_terms import ReclaimTerms
from fundapp.portfolio.rules.reclaim import GrantUse, broken_rule, idle_days

H = 10_000
QUARTER = Quarter(2026, 3)


def use(*, used: int, last: date | None = None, granted: int = 400) -> GrantUse:
    return GrantUse(QUARTER, QUARTER.first_day, QUARTER.last_day, granted * H, used * H, last)


def test_a_call_that_says_nothing_warns_of_overage_and_takes_nothing_back() -> None:
    terms = grant_terms({})
    assert (terms.overage, terms.max_extension_days, terms.offer_days, terms.grace_days) == ("warn", 90, 5, 0)
    assert terms.reclaim is None
    assert grant_terms({"gpu_reclaim": {}}).reclaim == ReclaimTerms(30, 25, 45, 14)


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"gpu_overage": "ignore"}, "gpu_overage"),
        ({"gpu_offer_days": 0}, "gpu_offer_days"),
        ({"gpu_max_extension_days": "90"}, "gpu_max_extension_days"),
        ({"gpu_reclaim": {"idle_dasy": 3}}, "idle_dasy"),
        ({"gpu_reclaim": {"minimal_use_percent": 101}}, "minimal_use_percent"),
        ({"gpu_reclaim": {"notice_days": True}}, "notice_days"),
        ({"gpu_reclaim": {"at_quarter_end": False}}, "at_quarter_end"),
        ({"gpu_reclaim": 30}, "gpu_reclaim"),
    ],
)
def test_a_term_that_makes_no_sense_is_named(document: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        grant_terms(document)
    assert refused.value.details["field"] == field


def test_ten_a100_hours_are_worth_seven_and_a_half_h100_hours() -> None:
    found = exchange(10 * H, 3900, 5200)  # 10 x 3,900 = 39,000 won = 7.5 x 5,200
    assert (found.given_e4, found.taken_e4, found.kept_e4) == (75_000, 100_000, 0)


def test_what_is_worth_less_than_one_unit_stays_where_it_was() -> None:
    # 0.0150 h at 100 won are 1.5 won; a unit of 0.0001 h at 5,200 won is 0.52 won: two units, worth 1.04 won, which
    # 0.0104 h cover. 0.0046 h stay.
    found = exchange(150, 100, 5200)
    assert (found.given_e4, found.taken_e4, found.kept_e4) == (2, 104, 46)


def test_the_odd_unit_of_a_grant_is_released_first() -> None:
    assert split_release(7, "half") == (4, 3)
    assert split_release(7, "at_once") == (7, 0)


def test_what_was_asked_for_is_divided_over_grants_without_losing_any() -> None:
    assert spread(500, [300, 100]) == [300, 200]
    assert spread(200, [300, 100]) == [200, 0]
    assert spread(None, [300]) == [None]


def test_six_thousand_hours_in_a_quarter_need_three_gpus_around_the_clock() -> None:
    assert gpus_at_once(6000 * H, QUARTER) == 3  # 92 days x 24 h = 2,208 h a GPU; 6,000 / 2,208 = 2.7
    assert gpus_at_once(2208 * H, QUARTER) == 1
    assert vcpus_per_gpu("Standard NCadsH100v5 Family") == 40
    assert vcpus_per_gpu("Standard Made Up Family") is None


def test_days_count_as_idle_only_as_far_as_meters_have_reported() -> None:
    assert idle_days(use(used=10, last=date(2026, 7, 20)), date(2026, 8, 4)) == 15
    assert idle_days(use(used=0), date(2026, 7, 30)) == 30
    assert idle_days(use(used=10, last=date(2026, 7, 20)), date(2026, 7, 20)) == 0


def test_a_grant_is_judged_by_minimal_use_from_the_day_the_call_names() -> None:
    terms = ReclaimTerms(idle_days=0, minimal_use_percent=25, minimal_use_by_day=45, notice_days=14)
    early, late = date(2026, 8, 13), date(2026, 8, 14)  # 1 July is day 1, so 14 August is day 45
    assert broken_rule(terms, use(used=99), early) is None
    assert broken_rule(terms, use(used=99), late) == "minimal_use"
    assert broken_rule(terms, use(used=100), late) is None
