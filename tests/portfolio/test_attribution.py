"""Which grant a day's use was drawn from, where the ledger books a month at once."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from fundapp.portfolio.rules.attribution import Drawn, attribute_use

JULY, OCTOBER = date(2026, 7, 1), date(2026, 10, 1)


def test_use_goes_to_the_open_grant_that_ends_first_until_it_is_used_up() -> None:
    extended = Drawn(25, JULY, date(2026, 10, 31))
    following = Drawn(35, OCTOBER, date(2026, 12, 31))
    use = {OCTOBER + timedelta(days=day): 10 for day in range(6)}
    assert attribute_use(use, [following, extended]) == (
        {date(2026, 10, 3): 5, date(2026, 10, 4): 10, date(2026, 10, 5): 10, date(2026, 10, 6): 10},
        {date(2026, 10, 1): 10, date(2026, 10, 2): 10, date(2026, 10, 3): 5},
    )


def test_use_beyond_a_grant_belongs_to_no_day_of_it() -> None:
    assert attribute_use({JULY: 30, JULY + timedelta(days=1): 30}, [Drawn(40, JULY, date(2026, 9, 30))]) == (
        {JULY: 30, JULY + timedelta(days=1): 10},
    )


def test_a_correction_after_the_end_stands_on_the_last_day_of_use() -> None:
    assert attribute_use({JULY: 30}, [Drawn(32, JULY, date(2026, 9, 30))]) == ({JULY: 32},)


@given(
    st.dictionaries(st.dates(JULY, date(2027, 3, 31)), st.integers(-50, 400), max_size=30),
    st.lists(st.tuples(st.integers(0, 3000), st.dates(JULY, OCTOBER), st.integers(0, 200)), max_size=4),
)
def test_the_days_of_each_grant_add_up_to_what_the_ledger_drew(
    use: dict[date, int], grants: list[tuple[int, date, int]]
) -> None:
    drawn = [Drawn(hours, first, first + timedelta(days=days)) for hours, first, days in grants]
    assert [sum(days.values()) for days in attribute_use(use, drawn)] == [one.used_e4 for one in drawn]
