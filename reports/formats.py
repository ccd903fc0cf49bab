"""How figures read: Korean first, English second, a true minus, rounding once and half up.

Nothing here takes part in arithmetic; each function turns an exact number into the words of a page.
"""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Literal, NamedTuple

Locale = Literal["ko", "en"]
EOK = 100_000_000
MAN = 10_000
MILLION = 1_000_000
BILLION = 1_000_000_000
E4 = 10_000
MINUS = "−"
DASH = "—"


def say(locale: Locale, korean: str, english: str) -> str:
    """The phrase in the language of the report."""
    return korean if locale == "ko" else english


def decimal_text(value: Fraction | float, places: int) -> str:
    """A number with thousands separators and a true minus, rounded half up; never a negative zero."""
    exact = Fraction(value)
    quantum = Decimal(1).scaleb(-places)
    # Decimal division rounds at 28 digits, far beyond any printed place.
    rounded = (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(quantum, ROUND_HALF_UP)
    text = f"{abs(rounded):,.{places}f}"
    return MINUS + text if rounded < 0 else text


def signed(text: str) -> str:
    """The same number with a plus sign when it is above zero."""
    return text if text.startswith(MINUS) or not text.strip("0,.") else f"+{text}"


def won(amount_krw: int, locale: Locale) -> str:
    """Money in a sentence: 12.4억, 2.40억, 1,000만원, 9,999원; KRW 1.24bn, KRW 240m, KRW 9,999."""
    size = abs(amount_krw)
    if locale == "ko":
        if size >= EOK:
            return decimal_text(Fraction(amount_krw, EOK), 1 if size >= 10 * EOK else 2) + "억"
        if size >= MAN:
            return decimal_text(Fraction(amount_krw, MAN), 0) + "만원"
        return decimal_text(amount_krw, 0) + "원"
    sign, plain = (MINUS if amount_krw < 0 else ""), abs(amount_krw)
    if size >= BILLION:
        return f"{sign}KRW {decimal_text(Fraction(plain, BILLION), 2)}bn"
    if size >= MILLION:
        return f"{sign}KRW {decimal_text(Fraction(plain, MILLION), 0)}m"
    return f"{sign}KRW {decimal_text(plain, 0)}"


def equivalent(value_krw_e4: int, locale: Locale) -> str:
    """The imputed value of GPU time, named as imputed: 2.40억 상당, KRW 240m equivalent."""
    text = won(round_e4(value_krw_e4), locale)
    return say(locale, f"{text} 상당", f"{text} equivalent")


def round_e4(value_e4: int) -> int:
    """Ten-thousandths to whole units, half away from zero."""
    whole = (abs(value_e4) + E4 // 2) // E4
    return whole if value_e4 >= 0 else -whole


def hours(hours_e4: int, locale: Locale) -> str:
    """GPU time in a sentence: 46,080 GPU시간, 46,080 GPU-hours."""
    number = decimal_text(Fraction(hours_e4, E4), 0)
    return number + say(locale, " GPU시간", " GPU-hours")


def percent(value: Fraction | float, places: int = 1) -> str:
    """22.3%, −3.2%."""
    return decimal_text(Fraction(value) * 100, places) + "%"


def multiple(value: Fraction | float, locale: Locale) -> str:
    """1.16배, 1.16x."""
    return decimal_text(value, 2) + say(locale, "배", "x")


def long_date(day: date, locale: Locale) -> str:
    """2026년 9월 30일, 30 September 2026."""
    if locale == "ko":
        return f"{day.year}년 {day.month}월 {day.day}일"
    return f"{day.day} {day:%B} {day.year}"


def quarter_name(code: str, locale: Locale) -> str:
    """2026년 3분기, Q3 2026 from `2026Q3`."""
    year, number = code.split("Q")
    return say(locale, f"{year}년 {number}분기", f"Q{number} {year}")


def quarter_short(code: str, locale: Locale) -> str:
    """26.3Q, Q3 26: for axes and dense tables."""
    year, number = code.split("Q")
    return say(locale, f"{year[2:]}.{number}Q", f"Q{number} {year[2:]}")


def quarter_of(day: date) -> str:
    """The quarter a date falls in, for example `2026Q3`."""
    return f"{day.year}Q{(day.month - 1) // 3 + 1}"


class Scale(NamedTuple):
    """The one unit of a table's money: divisor in won, decimals and the words for it."""

    divisor: int
    places: int
    label: str

    def show(self, amount_krw: int) -> str:
        """An amount in this unit, without the unit."""
        return decimal_text(Fraction(amount_krw, self.divisor), self.places)


def money_scale(largest_krw: int, locale: Locale) -> Scale:
    """A unit in which the largest amount of a table reads well and the rest still shows."""
    size = abs(largest_krw)
    if locale == "ko":
        if size >= EOK:
            return Scale(EOK, 1 if size >= 10 * EOK else 2, "억 원")
        return Scale(MAN, 0, "만원") if size >= MAN else Scale(1, 0, "원")
    if size >= MILLION:
        return Scale(MILLION, 0 if size >= 10 * BILLION else 1, "KRW m")
    return Scale(1, 0, "KRW")
