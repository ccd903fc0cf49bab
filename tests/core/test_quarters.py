from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from fundapp.core.quarters import Quarter, kst_date, utc_day


def test_a_cash_quarter_is_decided_by_the_date_in_seoul() -> None:
    """15:30 UTC on 30 September is 00:30 on 1 October in Seoul."""
    at = datetime(2026, 9, 30, 15, 30, tzinfo=UTC)
    assert kst_date(at) == date(2026, 10, 1)
    assert Quarter.of_instant_kst(at) == Quarter(2026, 4)
    assert utc_day(at) == date(2026, 9, 30)


@pytest.mark.parametrize(
    ("text", "first", "last", "days"),
    [
        ("2026Q1", date(2026, 1, 1), date(2026, 3, 31), 90),
        ("2024Q1", date(2024, 1, 1), date(2024, 3, 31), 91),
        ("2026Q4", date(2026, 10, 1), date(2026, 12, 31), 92),
    ],
)
def test_a_quarter_knows_its_days(text: str, first: date, last: date, days: int) -> None:
    quarter = Quarter.parse(text)
    assert (quarter.first_day, quarter.last_day, quarter.days, str(quarter)) == (first, last, days, text)
    assert first in quarter
    assert quarter.next.previous == quarter
    assert last not in quarter.next


@pytest.mark.parametrize("text", ["2026Q5", "2026Q0", "26Q1", "2026-Q1", "", "2026Q11"])
def test_other_shapes_are_no_quarter(text: str) -> None:
    with pytest.raises(ValueError, match="not a quarter"):
        Quarter.parse(text)


def test_quarters_are_ordered_across_years() -> None:
    assert Quarter(2026, 4) < Quarter(2027, 1) <= Quarter(2027, 1)


def test_an_instant_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        kst_date(datetime(2026, 1, 1))  # noqa: DTZ001 - the point of the test


@pytest.mark.parametrize("text", ["0001Q1", "1899Q4", "9999Q4", "3000Q1", "２０２６Q3"])
def test_years_without_neighbours_in_the_calendar_and_other_digits_are_no_quarter(text: str) -> None:
    with pytest.raises(ValueError, match="not a quarter"):
        Quarter.parse(text)
