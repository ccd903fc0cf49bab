"""Single values of a FOCUS row: dates, quantities, units and key-value columns, without a float anywhere."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Final

from .refusals import RowRefusedError

#: Beyond this no meter counts: a bound that keeps arithmetic cheap on hostile input.
MAX_QUANTITY: Final = Decimal(10) ** 18

_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)?)?")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_UNIT = re.compile(r"(?:(\d{1,9})\s*)?/?\s*(\D+)")
_PAIRS_WITHOUT_BRACES = re.compile(r'\s*"[^"]*"\s*:')

#: Hours in one unit. Only bare time counts: core hours, GB hours and their kind measure something else.
_UNIT_HOURS: Final[dict[str, Fraction]] = (
    dict.fromkeys(
        ("h", "hr", "hrs", "hour", "hours", "시간", "小时", "小時", "時間", "hora", "horas", "heure", "heures"),
        Fraction(1),
    )
    | dict.fromkeys(("ora", "ore", "stunde", "stunden", "uur", "час", "hodina", "godzina"), Fraction(1))
    | dict.fromkeys(("minute", "minutes", "분", "分钟", "minuto", "minutos"), Fraction(1, 60))
    | dict.fromkeys(("second", "seconds", "초", "秒", "segundo", "segundos"), Fraction(1, 3600))
)


def text_of(value: object) -> str:
    """Return a cell as trimmed text; a missing cell and the literal NULL are both empty."""
    if value is None:
        return ""
    text = str(value).strip()
    return "" if text.lower() == "null" else text


@lru_cache(maxsize=8192)
def packed(text: str) -> str:
    """Return an identifier without spaces, in lower case; a number also without its hyphens, as in 123-45-67890."""
    bare = re.sub(r"\s", "", text).lower()
    return bare.replace("-", "") if re.fullmatch(r"[\d-]+", bare) else bare


@lru_cache(maxsize=8192)
def _parse_instant(text: str) -> datetime | None:
    if not _DATE.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def instant(field: str, value: object) -> datetime:
    """Read a date or instant as UTC; one without a zone is UTC, as FOCUS prescribes.

    Raises:
        RowRefusedError: If it is missing or not ISO 8601.
    """
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    text = text_of(value)
    if not text:
        raise RowRefusedError(field, "missing")
    moment = _parse_instant(text)
    if moment is None:
        raise RowRefusedError(field, "not_a_date", text)
    return moment


def quantity(field: str, value: object) -> Decimal | None:
    """Read a finite quantity exactly; a missing one is None.

    Raises:
        RowRefusedError: If it is no number, not finite, or beyond any meter.
    """
    text = text_of(value)
    if not text:
        return None
    if len(text) > 64 or not _NUMBER.fullmatch(text):  # noqa: PLR2004 - no meter writes more digits
        raise RowRefusedError(field, "not_a_number", text)
    number = Decimal(text)
    if abs(number) > MAX_QUANTITY:
        raise RowRefusedError(field, "too_large", text)
    if number.adjusted() < -40:  # noqa: PLR2004 - far below a ten-thousandth of an hour; exact fractions would explode
        return Decimal(0)
    return number


@lru_cache(maxsize=1024)
def hours_in_unit(unit: str) -> Fraction | None:
    """Return hours in one unit, or None when it does not measure bare time.

    Units come localised, and the raw Azure spelling carries a block: ``100 Hours`` is a hundred of them.
    """
    match = _UNIT.fullmatch(unit.strip().lower())
    if match is None:
        return None
    block, word = match.groups()
    hours = _UNIT_HOURS.get(word.strip()) if "/" not in unit else None
    return None if hours is None else hours * int(block or 1)


@lru_cache(maxsize=8192)
def _parse_object(text: str) -> Mapping[str, object] | None:
    body = "{" + text.strip().rstrip(",") + "}" if _PAIRS_WITHOUT_BRACES.match(text) else text
    try:
        parsed = _OBJECTS.decode(body)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def _first_spelling(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Trim and lower keys; where two spellings meet, the one that needed no change wins, then the first."""
    clean = {key.strip().lower(): value for key, value in pairs}
    if len(clean) == len(pairs):
        return clean
    clean = {}
    for key, value in sorted(pairs, key=lambda pair: pair[0] != pair[0].strip()):
        clean.setdefault(key.strip().lower(), value)
    return clean


_OBJECTS: Final = json.JSONDecoder(object_pairs_hook=_first_spelling)


def key_values(field: str, value: object) -> Mapping[str, object]:
    """Read a key-value column: JSON, Azure's ``"key":"value"`` without braces, or a Parquet map.

    Raises:
        RowRefusedError: If text is there that is none of these.
    """
    if isinstance(value, Mapping):
        return _first_spelling([(str(key), item) for key, item in value.items()])
    if isinstance(value, list):
        try:
            return _first_spelling([(str(key), item) for key, item in value])
        except (TypeError, ValueError):
            raise RowRefusedError(field, "not_json", value) from None
    text = text_of(value)
    if not text:
        return {}
    parsed = _parse_object(text)
    if parsed is None:
        raise RowRefusedError(field, "not_json", text)
    return parsed
