"""How long grants last: answers worked out by hand, and the example of the design."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from fundapp.portfolio.rules.forecast import Forecast, Pace, Standing, even_left, measure_pace, project

HOUR = 10_000
FIRST = date(2026, 1, 1)
END = date(2026, 4, 10)  # 100 days with the first and the last


def standing(remaining: int, *, granted: int = 1000, over: int = 0, first: date = FIRST, end: date = END) -> Standing:
    return Standing(granted * HOUR, remaining * HOUR, over * HOUR, first, end)


def judge(one: Standing, hours_a_day: int, through: date, days: int = 28) -> Forecast:
    pace = Pace(hours_a_day * HOUR * days, days)
    return project([one], pace, through, through + timedelta(days=1))[0]


def test_the_designs_example_runs_out_41_days_before_its_end() -> None:
    """30,860 hours at 355 a day last 86.9 days from 23 November: nothing is left on 18 February."""
    one = Standing(92_160 * HOUR, 30_860 * HOUR, 0, date(2026, 1, 5), date(2027, 3, 31))
    found = judge(one, 355, date(2026, 11, 22))
    assert (found.verdict, found.severity) == ("runs_out_before_end", "warning")
    assert found.exhausted_on == date(2027, 2, 18)
    assert (one.usable_until - found.exhausted_on).days == 41
    assert found.at_risk_e4 == 0
    assert found.usable_days == 129
    assert found.overage_e4 == (129 * 355 - 30_860) * HOUR


def test_ninety_percent_used_is_grave_after_a_fifth_of_the_time_and_on_course_after_nine_tenths() -> None:
    early = judge(standing(100), 45, date(2026, 1, 20), days=20)
    late = judge(standing(100), 10, date(2026, 3, 31))
    assert (early.verdict, early.severity, early.exhausted_on) == (
        "runs_out_before_end",
        "critical",
        date(2026, 1, 24),
    )
    assert (late.verdict, late.severity, late.exhausted_on) == ("on_course", "info", None)
    assert late.at_risk_e4 == 0


def test_what_the_pace_leaves_over_is_at_risk_of_lapsing() -> None:
    found = judge(standing(800), 5, date(2026, 3, 11))  # 30 days of use are left, 150 of 800 hours
    assert (found.verdict, found.severity) == ("will_lapse", "warning")
    assert found.at_risk_e4 == 650 * HOUR


def test_a_large_lapse_close_to_the_end_is_critical() -> None:
    assert judge(standing(800), 5, date(2026, 3, 21)).severity == "critical"


@pytest.mark.parametrize(("left", "verdict"), [(399, "on_course"), (400, "will_lapse")])
def test_a_tenth_of_the_grant_may_lapse_before_anybody_is_called(left: int, verdict: str) -> None:
    assert judge(standing(left), 10, date(2026, 3, 11)).verdict == verdict


@pytest.mark.parametrize(
    ("days", "verdict"),
    [(13, "waiting"), (14, "idle")],
)
def test_two_weeks_of_bills_without_use_make_a_grant_idle(days: int, verdict: str) -> None:
    assert judge(standing(1000), 0, date(2026, 1, 20), days=days).verdict == verdict


def test_overage_is_critical_whatever_the_pace() -> None:
    found = judge(standing(0, over=7), 0, date(2026, 2, 1))
    assert (found.verdict, found.severity, found.overage_e4) == ("over", "critical", 7 * HOUR)


def test_a_grant_without_any_bill_waits() -> None:
    found = project([standing(1000)], Pace(0, 0), None, date(2026, 2, 1))[0]
    assert (found.verdict, found.exhausted_on, found.at_risk_e4) == ("waiting", None, 1000 * HOUR)


def test_a_grant_that_has_begun_is_judged_by_the_awards_pace_before_its_own_first_bill() -> None:
    following = standing(1000, first=date(2026, 4, 1), end=date(2026, 6, 30))
    pace = Pace(2800 * HOUR, 28)
    found = [project([following], pace, date(2026, 3, 31), today)[0] for today in (date(2026, 3, 31), date(2026, 4, 1))]
    assert [one.verdict for one in found] == ["waiting", "runs_out_before_end"]


def test_a_grant_whose_days_are_over_has_ended() -> None:
    found = project([standing(300)], Pace(28 * HOUR, 28), END, END + timedelta(days=3))[0]
    assert (found.verdict, found.at_risk_e4, found.usable_days) == ("ended", 300 * HOUR, 0)


def test_a_slow_first_week_is_no_sign_of_lapse_but_a_fast_one_of_running_out() -> None:
    assert judge(standing(994), 1, date(2026, 1, 6), days=6).verdict == "on_course"
    assert judge(standing(400), 100, date(2026, 1, 6), days=6).verdict == "runs_out_before_end"


def test_the_pace_is_the_mean_of_28_billed_days() -> None:
    use = {FIRST + timedelta(days=day): (100 + day) * HOUR for day in range(40)}
    pace = measure_pace(use, [standing(0)], FIRST + timedelta(days=39))
    # Days 12 to 39: (112 + 139) / 2 = 125.5 hours.
    assert (pace.used_e4, pace.days, pace.daily_e4) == (3514 * HOUR, 28, 1_255_000)


def test_a_young_grants_pace_counts_its_own_days_and_says_how_many() -> None:
    pace = measure_pace({date(2026, 1, 10): 50 * HOUR}, [standing(950)], date(2026, 1, 10))
    assert (pace.days, pace.daily_e4) == (10, 5 * HOUR)


def test_days_that_no_bill_covers_yet_are_not_days_without_use() -> None:
    use = {date(2026, 2, day): 10 * HOUR for day in range(1, 29)}
    pace = measure_pace(use, [standing(0)], date(2026, 2, 28))
    seen_late = project([standing(120)], pace, date(2026, 2, 28), date(2026, 3, 9))[0]
    assert seen_late.exhausted_on == date(2026, 3, 13)  # twelve days after the record, not after today


def test_without_a_bill_there_is_no_pace() -> None:
    assert measure_pace({}, [standing(0)], None) == Pace(0, 0)


def test_an_extended_grant_is_used_up_before_the_next_one_is_drawn_on() -> None:
    extended = standing(100, first=FIRST, end=date(2026, 4, 30))
    following = standing(1000, first=date(2026, 4, 1), end=date(2026, 6, 30))
    found = project([following, extended], Pace(280 * HOUR, 28), date(2026, 3, 31), date(2026, 4, 1))
    # 100 hours at 10 a day: 1 to 10 April from the extended grant, from the 11th from the next; 81 days are left.
    assert found[1].exhausted_on == date(2026, 4, 11)
    assert found[0].starts_on == date(2026, 4, 11)
    assert found[0].at_risk_e4 == 190 * HOUR


def test_even_use_loses_the_same_every_day() -> None:
    one = standing(1000)
    assert [even_left(one, FIRST + timedelta(days=day)) // HOUR for day in (-3, 0, 50, 99, 100, 140)] == [
        1000,
        1000,
        500,
        10,
        0,
        0,
    ]


def test_a_pace_of_a_third_of_an_hour_is_exact() -> None:
    """1 hour in 3 days against 10 hours: exactly 30 days, without the loss of a rounded mean."""
    found = project([standing(10, end=date(2026, 12, 31))], Pace(HOUR, 3), date(2026, 1, 31), date(2026, 2, 1))[0]
    assert found.exhausted_on == date(2026, 3, 3)
