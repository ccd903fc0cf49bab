"""Formats as the UX specification's table gives them."""

from datetime import date
from fractions import Fraction

import pytest

from reports import formats


@pytest.mark.parametrize(
    ("amount", "korean", "english"),
    [
        (1_240_000_000, "12.4억", "KRW 1.24bn"),
        (240_000_000, "2.40억", "KRW 240m"),
        (10_000_000, "1,000만원", "KRW 10m"),
        (9_999, "9,999원", "KRW 9,999"),
        (-320_000_000, "−3.20억", "−KRW 320m"),
        (0, "0원", "KRW 0"),
    ],
)
def test_money_reads_in_both_languages(amount: int, korean: str, english: str) -> None:
    assert (formats.won(amount, "ko"), formats.won(amount, "en")) == (korean, english)


def test_imputed_value_is_called_equivalent() -> None:
    value_krw_e4 = 240_000_000 * 10_000
    assert formats.equivalent(value_krw_e4, "ko") == "2.40억 상당"
    assert formats.equivalent(value_krw_e4, "en") == "KRW 240m equivalent"


def test_hours_ratios_and_dates_read_as_specified() -> None:
    assert formats.hours(460_800_000, "ko") == "46,080 GPU시간"
    assert formats.hours(460_800_000, "en") == "46,080 GPU-hours"
    assert formats.multiple(Fraction(116, 100), "ko") == "1.16배"
    assert formats.multiple(Fraction(116, 100), "en") == "1.16x"
    assert formats.percent(Fraction(223, 1000)) == "22.3%"
    assert formats.decimal_text(Fraction(-32, 10), 1) == "−3.2"
    assert formats.quarter_name("2027Q1", "ko") == "2027년 1분기"
    assert formats.quarter_short("2027Q1", "ko") == "27.1Q"
    assert formats.quarter_name("2027Q1", "en") == "Q1 2027"
    assert formats.long_date(date(2026, 9, 30), "ko") == "2026년 9월 30일"


def test_halves_round_away_from_zero_and_zero_has_no_sign() -> None:
    assert formats.decimal_text(Fraction(25, 1000), 2) == "0.03"
    assert formats.decimal_text(Fraction(-1, 1000), 1) == "0.0"
    assert formats.round_e4(-15_000) == -2
