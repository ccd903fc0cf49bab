"""What a public index must be before a fund is measured by it: every line that is wrong is named, nothing is kept."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from fundapp.core.errors import FundError, InputFileError

MOST_GAP_DAYS = 14
"""The longest rest of the Korean market is a week of holidays between two weekends."""
MOST_LINES = 50_000
_SHOWN = 10
_SCALE = 10_000
_DAY_HEADERS = frozenset({"date", "day", "일자", "날짜", "기준일"})
_LEVEL_HEADERS = frozenset({"close", "level", "종가", "지수"})
_SEPARATED = re.compile(r"(\d{4})[./-](\d{1,2})[./-](\d{1,2})|(\d{4})(\d{2})(\d{2})")


class IndexRefusedError(FundError):
    """A file of index levels has lines that cannot be right."""

    code = "index_refused"
    ko = "지수를 넣지 않았습니다. {reasons_ko}"
    en = "The index was not loaded. {reasons_en}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One line of the file and what is wrong with it, in both languages."""

    line: int
    ko: str
    en: str


def read_index(content: bytes, today: date) -> tuple[tuple[date, int], ...]:
    """Return the levels of a CSV file (UTF-8 or CP949), by day, in ten-thousandths of a point.

    Args:
        content: Two columns under headers such as `date,close` or `일자,종가`; others are left aside.
        today: In Seoul; later days are refused.

    Raises:
        InputFileError: if it is no such file.
        IndexRefusedError: naming the lines that have no date, no level, a level that is not positive, a day twice, a
            day ahead, or that follow the day before them by more than `MOST_GAP_DAYS`.
    """
    rows = _rows(content)
    day_at, level_at = _places(rows[0])
    refusals: list[Refusal] = []
    levels: dict[date, tuple[int, int]] = {}
    for line, row in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        found = _line(line, row, (day_at, level_at), today)
        if isinstance(found, Refusal):
            refusals.append(found)
        elif found[0] in levels:
            first = levels[found[0]][0]
            refusals.append(Refusal(line, f"{found[0]}은 {first}행에도 있습니다", f"{found[0]} stands in line {first}"))
        else:
            levels[found[0]] = (line, found[1])
    ordered = sorted(levels.items())
    refusals += _gaps(ordered)
    if refusals:
        raise _refused(sorted(refusals, key=lambda one: one.line))
    if not ordered:
        raise InputFileError(reason_ko="지수가 한 줄도 없습니다", reason_en="it has no level")
    return tuple((day, level) for day, (_, level) in ordered)


def _rows(content: bytes) -> list[list[str]]:
    for encoding in ("utf-8-sig", "cp949"):
        try:
            text = content.decode(encoding)
            rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        except UnicodeDecodeError:
            continue
        except csv.Error as error:
            raise InputFileError(reason_ko="따옴표가 맞지 않습니다", reason_en=str(error)) from error
        if not rows:
            raise InputFileError(reason_ko="빈 파일입니다", reason_en="it is empty")
        if len(rows) > MOST_LINES:
            raise InputFileError(reason_ko=f"{MOST_LINES:,}행보다 깁니다", reason_en=f"over {MOST_LINES:,} lines")
        return rows
    raise InputFileError(reason_ko="UTF-8도 CP949도 아닙니다", reason_en="it is neither UTF-8 nor CP949")


def _places(header: Sequence[str]) -> tuple[int, int]:
    names = [name.strip().casefold() for name in header]
    days = [place for place, name in enumerate(names) if name in _DAY_HEADERS]
    levels = [place for place, name in enumerate(names) if name in _LEVEL_HEADERS]
    if len(days) != 1 or len(levels) != 1:
        raise InputFileError(
            reason_ko="첫 줄에 일자와 종가 열이 하나씩 있어야 합니다",
            reason_en="the first row needs one column date and one column close",
        )
    return days[0], levels[0]


def _line(line: int, row: Sequence[str], places: tuple[int, int], today: date) -> tuple[date, int] | Refusal:
    day_text, level_text = (row[place].strip() if place < len(row) else "" for place in places)
    day = _day(day_text)
    if day is None:
        return Refusal(line, f"날짜가 아닙니다: {day_text[:20] or '빈칸'}", f"no date: {day_text[:20] or 'empty'}")
    if day > today:
        return Refusal(line, f"{day}은 아직 오지 않았습니다", f"{day} lies ahead")
    try:
        level = Decimal(level_text.replace(",", ""))
    except InvalidOperation:
        shown = level_text[:20]
        return Refusal(line, f"지수가 아닙니다: {shown or '빈칸'}", f"no level: {shown or 'empty'}")
    scaled = level * _SCALE if level.is_finite() else Decimal(0)
    if scaled <= 0 or level >= 10**9:
        return Refusal(line, f"지수는 0보다 커야 합니다: {level_text[:20]}", f"a level is above 0: {level_text[:20]}")
    if scaled != scaled.to_integral_value():
        return Refusal(line, "소수는 네 자리까지입니다", "at most four decimals")
    return day, int(scaled)


def _day(text: str) -> date | None:
    found = _SEPARATED.fullmatch(text)
    if found is None:
        return None
    year, month, day = (int(part) for part in found.groups() if part is not None)
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _gaps(ordered: Sequence[tuple[date, tuple[int, int]]]) -> list[Refusal]:
    found = []
    for (before, _), (day, (line, _)) in itertools.pairwise(ordered):
        gap = (day - before).days
        if gap > MOST_GAP_DAYS:
            found.append(
                Refusal(line, f"{before} 다음 {gap}일이 비어 있습니다", f"{gap} days are missing after {before}")
            )
    return found


def _refused(refusals: Sequence[Refusal]) -> IndexRefusedError:
    shown = refusals[:_SHOWN]
    more = len(refusals) - len(shown)
    ko = "; ".join(f"{one.line}행: {one.ko}" for one in shown) + (f"; 외 {more}행" if more else "")
    en = "; ".join(f"line {one.line}: {one.en}" for one in shown) + (f"; {more} more" if more else "")
    return IndexRefusedError(reasons_ko=ko, reasons_en=en)
