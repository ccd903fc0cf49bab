"""The expected texts are those of the table of formats in the design rules."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from fundapp.core.quarters import Quarter
from fundapp.web.shell import formats


@pytest.mark.parametrize(
    ("amount", "korean", "english"),
    [
        (1_240_000_000, "12.4억", "KRW 1.24bn"),
        (10_000_000, "1,000만원", "KRW 10m"),
        (240_000_000, "2.4억", "KRW 240m"),
        (100_000_000, "1.0억", "KRW 100m"),
        (99_994_999, "9,999만원", "KRW 100m"),
        (9_500, "9,500원", "KRW 9,500"),
        (0, "0원", "KRW 0"),
        (-1_240_000_000, "−12.4억", "KRW −1.24bn"),
    ],
)
def test_money_is_written_in_eok_and_manwon(amount: int, korean: str, english: str) -> None:
    assert (formats.money(amount), formats.money(amount, "en")) == (korean, english)


def test_an_amount_that_rounds_up_to_one_eok_changes_its_unit() -> None:
    assert formats.money(99_999_999) == "1.0억"


def test_an_amount_that_rounds_up_to_a_billion_changes_its_unit() -> None:
    assert formats.money(999_999_999, "en") == "KRW 1.00bn"


def test_full_won_are_exact() -> None:
    assert formats.won(1_240_000_001) == "1,240,000,001원"
    assert formats.won(1_240_000_001, "en") == "KRW 1,240,000,001"


def test_value_in_kind_is_named_as_such() -> None:
    assert formats.in_kind(240_000_000 * 10_000) == "2.40억 상당"
    assert formats.in_kind(240_000_000 * 10_000, "en") == "KRW 240m equivalent"


@pytest.mark.parametrize(
    ("hours_e4", "korean", "english", "dense"),
    [
        (460_800_000, "46,080 GPU시간", "46,080 GPU-hours", "46.1천h"),
        (9_800_000, "980 GPU시간", "980 GPU-hours", "980h"),
        (12_500, "1.2 GPU시간", "1.2 GPU-hours", "1h"),
    ],
)
def test_gpu_hours_name_their_unit(hours_e4: int, korean: str, english: str, dense: str) -> None:
    written = formats.hours(hours_e4), formats.hours(hours_e4, "en"), formats.hours_dense(hours_e4)
    assert written == (korean, english, dense)


def test_an_instant_is_shown_in_korean_standard_time() -> None:
    at = datetime(2026, 12, 4, 7, 0, tzinfo=UTC)
    assert formats.instant(at) == "12월 4일(금) 16:00 KST"
    assert formats.instant(at, "en") == "Fri 4 Dec 2026, 16:00 KST"
    assert formats.instant(at, year=True) == "2026년 12월 4일(금) 16:00 KST"


def test_an_evening_in_utc_is_the_next_day_in_seoul() -> None:
    assert formats.stamp(datetime(2026, 12, 31, 15, 0, tzinfo=UTC)) == "2027-01-01 00:00"


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        formats.stamp(datetime(2026, 12, 4, 7, 0))  # noqa: DTZ001 - the mistake under test


def test_a_table_date_is_iso() -> None:
    assert formats.day(date(2026, 12, 4)) == "2026-12-04"


def test_a_quarter_has_a_long_and_a_dense_form() -> None:
    assert formats.quarter(Quarter(2027, 1)) == "2027년 1분기"
    assert formats.quarter("2027Q1", "en") == "Q1 2027"
    assert formats.quarter_dense("2027Q1") == "27.1Q"


def test_ratios_follow_the_table() -> None:
    assert formats.times(116, 100) == "1.16배"
    assert formats.times(116, 100, "en") == "1.16x"
    assert formats.percent(223, 1000) == "22.3%"


def test_a_share_of_nothing_is_a_dash() -> None:
    assert formats.percent(5, 0) == "—"


def test_a_negative_difference_has_the_true_minus() -> None:
    assert formats.signed(-32) == "−3.2"
    assert formats.signed(20) == "+2.0"
    assert formats.signed(0) == "0.0"


def test_a_difference_that_rounds_to_nothing_has_no_sign() -> None:
    shown = [formats.difference(value) for value in (0.214, -0.376, 0.004, -0.004, 0.0)]
    assert shown == ["+0.21", "−0.38", "0.00", "0.00", "0.00"]
    assert formats.difference(-0.06, 1) == "−0.1"


def test_a_negative_amount_that_rounds_to_nothing_has_no_minus() -> None:
    assert formats.grouped(-1 * formats.Decimal("0.2")) == "0"


def test_a_missing_score_is_a_dash() -> None:
    assert formats.points(None) == "—"


def test_a_business_number_is_written_with_hyphens() -> None:
    assert formats.business_number("1234567890") == "123-45-67890"


def test_what_is_no_business_number_stays_as_it_is() -> None:
    assert formats.business_number("12345") == "12345"


def test_the_unit_behind_a_number_is_set_small() -> None:
    assert formats.small_unit("12.4억") == '12.4<span class="u">억</span>'


def test_text_that_is_no_amount_is_escaped() -> None:
    assert formats.small_unit("<b>") == "&lt;b&gt;"
