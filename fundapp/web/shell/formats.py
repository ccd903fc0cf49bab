"""How amounts, hours, dates and ratios are written, in both languages. Rounding happens here and nowhere before.

The table of formats stands in the design rules: 12.4억 or KRW 1.24bn, 46,080 GPU시간, 12월 4일(금) 16:00 KST.
Everything is computed from integers; the minus sign is the true one (U+2212).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal

from flask import Flask
from markupsafe import Markup, escape

from fundapp.core.quantities import HOUR, HOUR_SCALE, round_to_won
from fundapp.core.quarters import KST, Quarter, require_aware
from fundapp.web.shell.clock import now
from fundapp.web.shell.language import current_locale

MINUS = "−"
DASH = "—"

_EOK = 10**8
_MAN = 10**4
_BILLION = 10**9
_MILLION = 10**6
_DENSE_FROM = 1000
_WEEKDAYS_KO = "월화수목금토일"
_WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_BUSINESS_NUMBER_DIGITS = 10
_NUMBER_UNIT = re.compile(r"([+−]?[\d,.]+)(\D.*)")


def grouped(value: Decimal | int, places: int = 0) -> str:
    """Write a number with thousands separators and a true minus, rounded half to even."""
    if places == 0 and type(value) is int:  # most figures of a table; a Decimal would take ten times as long
        return f"{MINUS if value < 0 else ''}{abs(value):,}"
    number = Decimal(value).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
    sign = MINUS if number < 0 else ""
    return f"{sign}{abs(number):,.{places}f}"


def money(amount_krw: int, locale: str = "ko", places: int = 1) -> str:
    """Write won in short: `12.4억`, `1,000만원`; in English `KRW 1.24bn`, `KRW 240m`."""
    if locale == "en":
        return _money_en(amount_krw)
    size = abs(amount_krw)
    if round(Decimal(size) / _MAN) >= _EOK // _MAN:
        return grouped(Decimal(amount_krw) / _EOK, places) + "억"
    if size >= _MAN:
        return grouped(Decimal(amount_krw) / _MAN) + "만원"
    return grouped(amount_krw) + "원"


def _money_en(amount_krw: int) -> str:
    size = abs(amount_krw)
    sign = MINUS if amount_krw < 0 else ""
    if round(Decimal(size) / _MILLION) >= _BILLION // _MILLION:
        return f"KRW {sign}{grouped(Decimal(size) / _BILLION, 2)}bn"
    if size >= _MILLION:
        return f"KRW {sign}{grouped(Decimal(size) / _MILLION)}m"
    return f"KRW {sign}{grouped(size)}"


def won(amount_krw: int, locale: str = "ko") -> str:
    """Write won exactly: `1,240,000,000원`, `KRW 1,240,000,000`."""
    return f"KRW {grouped(amount_krw)}" if locale == "en" else f"{grouped(amount_krw)}원"


def in_kind(value_e4: int, locale: str = "ko") -> str:
    """Write the value of a contribution in kind, given in ten-thousandths of a won: `2.40억 상당`."""
    text = money(round_to_won(value_e4), locale, places=2)
    return f"{text} equivalent" if locale == "en" else f"{text} 상당"


def hours(value_e4: int, locale: str = "ko") -> str:
    """Write GPU-hours, given in ten-thousandths: `46,080 GPU시간`; a fraction shows one decimal."""
    amount = Decimal(value_e4).scaleb(-HOUR_SCALE)
    text = grouped(amount, 0 if amount == amount.to_integral_value() else 1)
    return f"{text} GPU-hours" if locale == "en" else f"{text} GPU시간"


def hours_number(value_e4: int) -> str:
    """Write GPU-hours without their unit, for a column that names it: `46,080`."""
    if value_e4 % HOUR == 0:
        return grouped(value_e4 // HOUR)
    return hours(value_e4, "en").removesuffix(" GPU-hours")


def hours_dense(value_e4: int, locale: str = "ko") -> str:
    """Write GPU-hours for narrow cells: `46.1천h`, `46.1k h`; below a thousand `980h`."""
    amount = Decimal(value_e4).scaleb(-HOUR_SCALE)
    if abs(amount) < _DENSE_FROM:
        return grouped(amount) + "h"
    return grouped(amount / _DENSE_FROM, 1) + ("k h" if locale == "en" else "천h")


def day(value: date) -> str:
    """Write a date for tables: `2026-12-04`."""
    return value.isoformat()


def long_day(value: date, locale: str = "ko", *, year: bool = False) -> str:
    """Write a date with its weekday: `12월 4일(금)`, with `year` `2026년 12월 4일(금)`; `Fri 4 Dec 2026`."""
    if locale == "en":
        return f"{_WEEKDAYS_EN[value.weekday()]} {value.day} {_MONTHS_EN[value.month - 1]} {value.year}"
    prefix = f"{value.year}년 " if year else ""
    return f"{prefix}{value.month}월 {value.day}일({_WEEKDAYS_KO[value.weekday()]})"


def instant(at: datetime, locale: str = "ko", *, year: bool = False) -> str:
    """Write an instant in Korean standard time: `12월 4일(금) 16:00 KST`."""
    seoul = require_aware(at).astimezone(KST)
    separator = ", " if locale == "en" else " "
    return f"{long_day(seoul.date(), locale, year=year)}{separator}{seoul:%H:%M} KST"


def stamp(at: datetime) -> str:
    """Write an instant for tables, in Korean standard time: `2026-12-04 16:00`."""
    return f"{require_aware(at).astimezone(KST):%Y-%m-%d %H:%M}"


def clock_time(at: datetime) -> str:
    """Write the time of day in Korean standard time: `14:31:52`."""
    return f"{require_aware(at).astimezone(KST):%H:%M:%S}"


def quarter(value: Quarter | str, locale: str = "ko") -> str:
    """Write a quarter: `2027년 1분기`, `Q1 2027`."""
    period = Quarter.parse(value) if isinstance(value, str) else value
    return f"Q{period.number} {period.year}" if locale == "en" else f"{period.year}년 {period.number}분기"


def quarter_dense(value: Quarter | str) -> str:
    """Write a quarter for narrow cells: `27.1Q`."""
    period = Quarter.parse(value) if isinstance(value, str) else value
    return f"{period.year % 100:02d}.{period.number}Q"


def percent(part: Decimal | int, whole: Decimal | int = 1, places: int = 1) -> str:
    """Write part of a whole: `22.3%`; of nothing, a dash."""
    if not whole:
        return DASH
    return grouped(Decimal(part) * 100 / Decimal(whole), places) + "%"


def times(part: Decimal | int, whole: Decimal | int = 1, locale: str = "ko") -> str:
    """Write a multiple: `1.16배`, `1.16x`; of nothing, a dash."""
    if not whole:
        return DASH
    return grouped(Decimal(part) / Decimal(whole), 2) + ("x" if locale == "en" else "배")


def points(tenths: int | None, places: int = 1) -> str:
    """Write a score kept in tenths: `78.6`; none, a dash."""
    return DASH if tenths is None else grouped(Decimal(tenths).scaleb(-1), places)


def signed(tenths: int, places: int = 1) -> str:
    """Write a difference kept in tenths with its sign: `+2.0`, `−3.2`."""
    text = points(tenths, places)
    return text if tenths <= 0 else f"+{text}"


def difference(value: float, places: int = 2) -> str:
    """Write a difference with its sign: `+0.21`, `−0.38`; what rounds to nothing has none."""
    rounded = round(value, places)
    if not rounded:
        return f"{0:.{places}f}"
    return f"{rounded:+.{places}f}".replace("-", MINUS)


def business_number(digits: str) -> str:
    """Write a business registration number: `000-00-00000`; anything else stays as it is."""
    if len(digits) != _BUSINESS_NUMBER_DIGITS or not digits.isdecimal():
        return digits
    return f"{digits[:3]}-{digits[3:5]}-{digits[5:]}"


def small_unit(text: str) -> Markup:
    """Set the unit behind a number small: `12.4억` becomes `12.4<span class="u">억</span>`."""
    match = _NUMBER_UNIT.fullmatch(text)
    if match is None:
        return escape(text)
    return Markup('{}<span class="u">{}</span>').format(match[1], match[2])


def in_another_year(at: datetime) -> bool:
    """Return whether an instant's year in Seoul is not the present one: a date without its year would mislead."""
    return require_aware(at).astimezone(KST).year != now().astimezone(KST).year


def init_formats(app: Flask) -> None:
    """Register every format as a template filter; those with a language take the present one."""
    plain: tuple[Callable[..., str], ...] = (
        grouped, hours_number, day, stamp, clock_time, quarter_dense, percent, points, signed, difference,
        business_number, small_unit,
    )  # fmt: skip
    spoken: tuple[Callable[..., str], ...] = (
        money, won, in_kind, hours, hours_dense, long_day, instant, quarter, times,
    )  # fmt: skip
    for function in plain:
        app.jinja_env.filters[function.__name__] = function
    for function in spoken:
        app.jinja_env.filters[function.__name__] = _in_present_language(function)
    app.jinja_env.tests["in_another_year"] = in_another_year


def _in_present_language(function: Callable[..., str]) -> Callable[..., str]:
    def spoken(*values: object, **options: object) -> str:
        return function(*values, locale=current_locale(), **options)

    return spoken
