"""Age, average revenue and size class against the published rules."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from fundapp.screening.rules import (
    age_in_months,
    average_revenue_krw,
    company_class,
    is_startup_age,
    revenue_limit_krw,
)

ON = date(2026, 5, 8)
EOK = 100_000_000
THRESHOLDS = Path(__file__).resolve().parents[3] / "shared" / "data" / "fund" / "kr_sme_thresholds.json"


@pytest.mark.parametrize(
    ("founded", "months"),
    [
        (date(2025, 5, 8), 12),
        (date(2025, 5, 9), 11),
        (date(2026, 5, 8), 0),
        (date(2026, 6, 1), 0),
        (date(2024, 2, 29), 26),
    ],
)
def test_age_counts_completed_months(founded: date, months: int) -> None:
    assert age_in_months(founded, ON) == months


@pytest.mark.parametrize(
    ("founded", "young"),
    [(date(2019, 5, 8), True), (date(2019, 5, 7), False), (date(2026, 1, 1), True)],
)
def test_one_day_over_seven_years_is_no_start_up(founded: date, young: bool) -> None:  # noqa: FBT001 - a table of cases
    assert is_startup_age(founded, ON) is young


def test_the_seventh_birthday_of_a_leap_day_is_the_28th() -> None:
    assert is_startup_age(date(2024, 2, 29), date(2031, 2, 28))
    assert not is_startup_age(date(2024, 2, 29), date(2031, 3, 1))


@pytest.mark.parametrize(
    ("years", "average"),
    [((900, 600, 300), 600), ((100, None, None), 100), ((10, 5, None), 7), ((None, 5, 5), None), ((0, 0, 0), 0)],
)
def test_average_revenue_is_the_mean_of_the_closed_years(
    years: tuple[int | None, int | None, int | None], average: int | None
) -> None:
    assert average_revenue_krw(*years) == average


def test_every_limit_is_the_published_one_before_and_after_the_revision() -> None:
    if not THRESHOLDS.exists():
        pytest.skip(f"{THRESHOLDS.name} is not here")
    rows = json.loads(THRESHOLDS.read_text(encoding="utf-8"))["rows"]
    assert len(rows) == 44
    for published in rows:
        after = revenue_limit_krw(published["ksic"], date(2025, 9, 1))
        before = revenue_limit_krw(published["ksic"], date(2025, 8, 31))
        assert (after, before) == (published["sme_after"] * EOK, published["sme_before"] * EOK), published["ksic"]


@pytest.mark.parametrize(
    ("ksic", "limit"),
    [
        ("J58222", 1000),
        ("58222", 1000),
        ("C30393", 1500),
        ("C30310", 1200),
        ("N76110", 400),
        ("N75000", 800),
        ("S94110", None),
        ("O84110", None),
    ],
)
def test_the_longest_known_stem_of_a_code_decides(ksic: str, limit: int | None) -> None:
    assert revenue_limit_krw(ksic, ON) == (None if limit is None else limit * EOK)


@pytest.mark.parametrize(
    ("assets", "average", "ksic", "founded", "expected"),
    [
        (4999 * EOK, 1000 * EOK, "J58222", date(2010, 1, 1), "sme"),
        (4999 * EOK, 1000 * EOK + 1, "J58222", date(2010, 1, 1), "midsize"),
        (5000 * EOK, 0, "J58222", date(2024, 1, 1), "large"),
        (10 * EOK, 1 * EOK, "J58222", date(2024, 1, 1), "startup"),
        (10 * EOK, 1 * EOK, "J58222", None, "sme"),
        (None, 1 * EOK, "J58222", date(2024, 1, 1), None),
        (10 * EOK, None, "J58222", date(2024, 1, 1), None),
        (10 * EOK, 400 * EOK, None, date(2010, 1, 1), "sme"),
        (10 * EOK, 401 * EOK, None, date(2010, 1, 1), None),
        (10 * EOK, 1801 * EOK, None, date(2010, 1, 1), "midsize"),
    ],
)
def test_the_size_class_follows_assets_revenue_industry_and_age(
    assets: int | None, average: int | None, ksic: str | None, founded: date | None, expected: str | None
) -> None:
    found = company_class(assets_krw=assets, average_krw=average, ksic=ksic, founded_on=founded, on=ON)
    assert found == expected
