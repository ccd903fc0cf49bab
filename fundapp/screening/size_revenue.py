"""The average revenue by which a company's size is judged, according to how long it has been in business.

Source: Framework Act on Small and Medium Enterprises, Enforcement Decree, art. 7 para. 2: three business years where
they are full, otherwise the full ones; a company that began within the last business year by its last twelve months,
by its full months times twelve, or by its days times 365. Art. 3-3: a business year counts from three months after it
closed, for a year.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from fundapp.intake.standing import Standing

_MONTHS = 12
_DAYS = 365
_DECEMBER = 12
_GRANTED_MONTHS = 3
_YEARS = 3


class Line(NamedTuple):
    """One line of the arithmetic: what, how, by which article, and the amount in whole won where there is one."""

    label_ko: str
    label_en: str
    sum_ko: str
    sum_en: str
    source: str
    krw: int | None = None


class Open(NamedTuple):
    """What is missing, and for which question."""

    key: str
    ko: str
    en: str


class Averaged(NamedTuple):
    """An amount, if it can be said, with the lines that gave it and what is missing for it."""

    krw: int | None
    lines: tuple[Line, ...] = ()
    open: tuple[Open, ...] = ()


@dataclass(frozen=True, slots=True)
class Period:
    """The stretch whose revenue counts for a company younger than a business year, and how it is made a year of.

    The revenue times `times`, divided by `parts`, is the average.
    """

    first: date
    last: date
    times: int
    parts: int
    item: str


def shifted(day: date, months: int) -> date:
    """Return the same day so many months later, or the last of that month where it has no such day."""
    place = day.year * _MONTHS + day.month - 1 + months
    after = date((place + 1) // _MONTHS, (place + 1) % _MONTHS + 1, 1) - timedelta(days=1)
    return after if day.day > after.day else after.replace(day=day.day)


def _month_end(day: date) -> date:
    return shifted(day.replace(day=1), 1) - timedelta(days=1)


# A call has one closing day, and thousands of its companies close their year in the same month.
@lru_cache(maxsize=1024)
def last_closing(on: date, month: int | None) -> date:
    """Return the closing day of the business year that counts on a day: three months must have passed since.

    Args:
        on: The day.
        month: The month that closes the business year; December unless said otherwise.
    """
    closing = _month_end(date(on.year, month or _DECEMBER, 1))
    while on <= _month_end(shifted(closing.replace(day=1), _GRANTED_MONTHS)):
        closing = _month_end(shifted(closing.replace(day=1), -_MONTHS))
    return closing


@lru_cache(maxsize=1024)
def closed_since(on: date, month: int | None) -> bool:
    """Say whether a later business year has closed than the one that counts on a day: it counts in three months."""
    closing = last_closing(on, month)
    return on > _month_end(shifted(closing.replace(day=1), _MONTHS))


@lru_cache(maxsize=1024)
def _begins(closing: date, years_back: int) -> date:
    """Return the first day of a business year, counted back from the one that closes on a day."""
    return shifted(closing.replace(day=1), -_MONTHS * (years_back + 1) + 1)


def young_period(started: date, on: date) -> Period:
    """Return the period that counts for a company that began within the last business year or after it (no. 3)."""
    month = on.replace(day=1)
    before = month - timedelta(days=1)
    if on >= shifted(started, _MONTHS):
        return Period(shifted(month, -_MONTHS), before, 1, 1, "3호 가목")
    first = shifted(started.replace(day=1), 1)
    if first > before.replace(day=1):
        days = (on - started).days + 1
        return Period(started, on, _DAYS, max(days, 1), "3호 나목 단서")
    months = (before.year - first.year) * _MONTHS + before.month - first.month + 1
    return Period(first, before, _MONTHS, months, "3호 나목")


def asked_period(started: date | None, on: date, month: int | None) -> Period | None:
    """Return the period whose revenue has to be asked for; None for a company with a full business year."""
    if started is None or started > on or started <= _begins(last_closing(on, month), 0):
        return None
    return young_period(started, on)


def askable_period(started: date | None, on: date, month: int | None, today: date) -> Period | None:
    """Return the period to ask a young company about today: of what `asked_period` gives, only days that are over."""
    if asked_period(started, on, month) is None:
        return None
    period = asked_period(started, min(on, today), month)
    if period is not None and period.last >= today:
        return asked_period(started, today - timedelta(days=1), month)
    return period


def _stated_period(started: date, on: date, standing: Standing) -> Period | None:
    """Return the period that was stated, if the rule gives it for a day within the month before the one of judging.

    Nobody can state the revenue of days to come, and who sends on another day than the one of the statement has
    stated no less.
    """
    last = standing.recent_to
    if last is None or last > on:
        return None
    for day in (last, last + timedelta(days=1)):
        if max(started, shifted(on, -1) + timedelta(days=1)) <= day <= on:
            period = young_period(started, day)
            if (period.first, period.last) == (standing.recent_from, last):
                return period
    return None


def average_of(
    years_krw: tuple[int | None, int | None, int | None], started: date | None, on: date, standing: Standing
) -> Averaged:
    """Work out the average revenue of the company alone.

    Where what the rule asks for was not given, the mean of what was given stands in for it and is named as open. A
    year that has closed but does not count yet is left out; a form then lacks the third of those that do.

    Args:
        years_krw: Revenue of the last three closed business years, the last one first.
        started: The first day in business.
        on: The day for which it is judged.
        standing: What the company says of itself.
    """
    closing = last_closing(on, standing.closing_month)
    basis = _basis(closing, standing)
    early = closed_since(on, standing.closing_month)
    counted = (*years_krw[1:], None) if early else years_krw
    if started is None:
        missing = Open("started_on", "설립일 또는 개업일", "the day of incorporation or opening")
        return _stand_in(counted, basis, missing)
    if started > _begins(closing, 0):
        stated = _stated_period(started, on, standing)
        return _young(years_krw, stated or young_period(started, on), standing, basis)
    full = sum(started <= _begins(closing, back) for back in range(_YEARS))
    years = counted[:full]
    if any(year is None for year in years):
        return _stand_in(counted, basis, _missing_years(closing, full, early=early))
    return _mean([year for year in years if year is not None], basis)


def _missing_years(closing: date, full: int, *, early: bool) -> Open:
    if early and full == _YEARS:
        last = _month_end(shifted(closing.replace(day=1), -_MONTHS * (_YEARS - 1))).isoformat()
        ko = f"{last}에 끝난 사업연도의 매출액(신청서의 세 해보다 앞선 네 번째 해)"
        en = f"the revenue of the business year that closed on {last}, the fourth back"
        return Open("revenue", ko, en)
    return Open("revenue", f"최근 {full}개 사업연도의 매출액", f"the revenue of the last {full} business years")


def _mean(years: list[int], basis: Line) -> Averaged:
    total = sum(years)
    said = f"({' + '.join(f'{year:,}' for year in years)}) ÷ {len(years)}"
    item = "1호" if len(years) == _YEARS else "2호"
    average = total // len(years)
    return Averaged(
        average, (basis, Line("평균매출액", "Average revenue", said, said, f"시행령 제7조 ② {item}", average))
    )


def _young(
    years_krw: tuple[int | None, int | None, int | None], period: Period, standing: Standing, basis: Line
) -> Averaged:
    stretch = f"{period.first.isoformat()} ~ {period.last.isoformat()}"
    given = (standing.recent_from, standing.recent_to) == (period.first, period.last)
    if standing.recent_krw is None or not given:
        missing = Open("recent_krw", f"{stretch} 매출액", f"the revenue of {stretch}")
        return _stand_in(years_krw, basis, missing)
    average = standing.recent_krw * period.times // period.parts
    said = f"{standing.recent_krw:,}"
    if period.parts > 1 or period.times > 1:
        said += f" ÷ {period.parts} × {period.times}"
    line = Line(
        f"평균매출액({stretch})", f"Average revenue ({stretch})", said, said, f"시행령 제7조 ② {period.item}", average
    )
    return Averaged(average, (basis, line))


def _stand_in(years_krw: tuple[int | None, int | None, int | None], basis: Line, missing: Open) -> Averaged:
    """Return the mean of the years that were given, if the last one was, for want of what the rule asks for."""
    if years_krw[0] is None:
        return Averaged(None, (basis,), (missing,))
    years = [year for year in years_krw if year is not None]
    average = sum(years) // len(years)
    said = f"({' + '.join(f'{year:,}' for year in years)}) ÷ {len(years)}"
    line = Line("평균매출액(잠정)", "Average revenue (provisional)", said, said, "신청서에 적은 사업연도", average)
    return Averaged(average, (basis, line), (missing,))


def _basis(closing: date, standing: Standing) -> Line:
    """Say which business year counts, and what was taken for granted."""
    ko, en = f"{closing.isoformat()} 종료", f"closed on {closing.isoformat()}"
    if standing.closing_month is None:
        ko, en = f"{ko} (결산월을 적지 않아 12월로 봄)", f"{en} (taken to close in December)"
    return Line("기준 사업연도", "Business year that counts", ko, en, "시행령 제3조의3")
