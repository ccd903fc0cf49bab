"""One answer read as its question's kind: words in, a canonical value out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from fundapp.core.quantities import Quantity, gpu_commodity
from fundapp.intake.answers.problems import RefusedError
from fundapp.intake.form import LARGEST_NUMBER, LONGEST_ANSWER, Question, squeeze
from fundapp.intake.rules import business_number_valid, corporate_number_valid, holds_resident_number

_EMAIL = re.compile(r"[^@\s<>\"',;:()\[\]\\]{1,64}@(?:[\w-]{1,63}\.)+[^\W\d_]{2,63}")
_WHOLE = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d{1,20})(?:\.0+)?", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,15}(?:\.\d{1,6})?", re.ASCII)
_HOURS = re.compile(r"\d{1,15}(?:\.\d{1,12})?", re.ASCII)
_DAY = re.compile(r"(\d{4})\s*([-./년])\s*(\d{1,2})\s*[-./월]\s*(\d{1,2})\s*[.일]?|(\d{4})(\d{2})(\d{2})", re.ASCII)
_KSIC = re.compile(r"[A-U]?\d{2,5}", re.ASCII)
_PHONE = re.compile(
    r"02\d{7,8}|0(?:3[1-3]|4[1-4]|5[1-5]|6[1-4]|1[016-9]|70|60|80)\d{7,8}|050\d{8,9}|1[568]\d{6}|\+[1-9]\d{7,14}",
    re.ASCII,
)
_MOST_HOURS = 100_000_000
_TRUE = frozenset({"예", "네", "yes", "y", "true", "1"})
_FALSE = frozenset({"아니오", "아니요", "no", "n", "false", "0"})
_SHORT_REGIONS = {
    "서울": "서울특별시",
    "부산": "부산광역시",
    "대구": "대구광역시",
    "인천": "인천광역시",
    "광주": "광주광역시",
    "대전": "대전광역시",
    "울산": "울산광역시",
    "세종": "세종특별자치시",
    "경기": "경기도",
    "강원": "강원특별자치도",
    "강원도": "강원특별자치도",
    "충북": "충청북도",
    "충남": "충청남도",
    "전북": "전북특별자치도",
    "전라북도": "전북특별자치도",
    "전남": "전라남도",
    "경북": "경상북도",
    "경남": "경상남도",
    "제주": "제주특별자치도",
    "제주도": "제주특별자치도",
}


def read_value(question: Question, value: object, today: date) -> Any:  # noqa: ANN401 - JSON
    """Return one answer in its canonical form; None for a blank one.

    Raises:
        RefusedError: saying why it cannot be read.
    """
    if isinstance(value, bool) and question.kind != "boolean":
        raise RefusedError("not_text")
    if not isinstance(value, str | int | bool | None):
        raise RefusedError("not_text")
    if value is None:
        return None
    text = _clean(str(value), question)
    if not text:
        return None
    if question.kind == "date":
        return _read_date(text, today)
    return _READERS[question.kind](question, text)


_TURNS_ROUND = dict.fromkeys((0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))
"""Marks that make text run the other way (UAX 9): nobody sees them, pasting brings them along, and they mislead."""


def _clean(text: str, question: Question) -> str:
    limit = question.max_length or (LONGEST_ANSWER if question.kind == "textarea" else 200)
    normal = (
        unicodedata.normalize("NFC", text).translate(_TURNS_ROUND).replace("\r\n", "\n").replace("\r", "\n").strip()
    )
    if len(normal) > limit:
        raise RefusedError("too_long", limit=limit)
    allowed = "\n\t" if question.kind == "textarea" else ""
    if any(unicodedata.category(letter) in {"Cc", "Cs"} and letter not in allowed for letter in normal):
        raise RefusedError("control_characters")
    if question.kind not in _NUMERIC and holds_resident_number(normal):
        raise RefusedError("resident_number")
    return normal


def _read_text(_question: Question, text: str) -> str:
    return text


def _digits(text: str) -> str:
    return re.sub(r"[\s\-.·]", "", unicodedata.normalize("NFKC", text))


def _read_business_number(_question: Question, text: str) -> str:
    digits = _digits(text)
    if not business_number_valid(digits):
        raise RefusedError("business_number")
    return digits


def _read_corporate_number(_question: Question, text: str) -> str:
    digits = _digits(text)
    if re.fullmatch(r"[0-9]{13}", digits) is None:
        raise RefusedError("corporate_number")
    # A newer number may fail the check digit, so one that also reads as a person's number cannot be kept.
    if not corporate_number_valid(digits) and holds_resident_number(digits):
        raise RefusedError("resident_number")
    return digits


def _read_date(text: str, today: date) -> str:
    found = _DAY.fullmatch(unicodedata.normalize("NFKC", text))
    if found is None:
        raise RefusedError("not_a_date")
    year, month, day = (found[1], found[3], found[4]) if found[1] else (found[5], found[6], found[7])
    try:
        read = date(int(year), int(month), int(day))
    except ValueError:
        raise RefusedError("not_a_date") from None
    if read > today:
        raise RefusedError("future_date")
    return read.isoformat()


def _read_ksic(_question: Question, text: str) -> str:
    code = _digits(text).upper()
    if _KSIC.fullmatch(code) is None:
        raise RefusedError("ksic")
    return code


def _read_choice(question: Question, text: str) -> str:
    wanted = squeeze(_SHORT_REGIONS.get(text, text) if question.kind == "region" else text)
    for choice in question.choices:
        if wanted in {squeeze(choice.key), squeeze(choice.label_ko), squeeze(choice.label_en)}:
            return choice.key
    raise RefusedError("not_a_choice", choices=", ".join(choice.label_ko for choice in question.choices))


def _read_integer(question: Question, text: str) -> int:
    plain = unicodedata.normalize("NFKC", text).replace(" ", "")
    if question.kind in {"krw", "ticket"}:
        plain = plain.removesuffix("원").removeprefix("₩")
    if _WHOLE.fullmatch(plain) is None:
        raise RefusedError("not_a_number")
    number = int(plain.replace(",", "").split(".", maxsplit=1)[0])
    smallest = 0 if question.minimum is None and question.kind != "integer" else question.minimum
    if smallest is not None and number < smallest:
        raise RefusedError("too_small", limit=smallest)
    largest = LARGEST_NUMBER if question.maximum is None else question.maximum
    if abs(number) > largest:
        raise RefusedError("too_large", limit=f"{largest:,}")
    return number


def _read_number(question: Question, text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).replace(",", "").replace(" ", "").removesuffix("%")
    if _DECIMAL.fullmatch(plain) is None:
        raise RefusedError("not_decimal")
    number = Decimal(plain)
    if question.minimum is not None and number < question.minimum:
        raise RefusedError("too_small", limit=question.minimum)
    if question.maximum is not None and number > question.maximum:
        raise RefusedError("too_large", limit=question.maximum)
    return format(number.normalize(), "f")


def _read_ticket(question: Question, text: str) -> int:
    amount = _read_integer(question, text)
    if str(amount) not in {choice.key for choice in question.choices}:
        raise RefusedError("not_a_choice", choices=", ".join(choice.label_ko for choice in question.choices))
    return amount


def _read_hours(_question: Question, text: str) -> str | None:
    plain = unicodedata.normalize("NFKC", text).replace(",", "").replace(" ", "")
    if _HOURS.fullmatch(plain) is None:
        raise RefusedError("not_hours")
    try:
        hours = Quantity.parse(plain, gpu_commodity("X"))
    except ValueError:
        raise RefusedError("not_hours") from None
    if hours.decimal > _MOST_HOURS:
        raise RefusedError("too_large", limit=f"{_MOST_HOURS:,}")
    # No hours are no request: the same as a blank cell.
    return format(hours.decimal.normalize(), "f") if hours.minor else None


def _read_email(_question: Question, text: str) -> str:
    address = text.casefold()
    if _EMAIL.fullmatch(address) is None:
        raise RefusedError("email")
    return address


def _read_phone(_question: Question, text: str) -> str:
    plain = re.sub(r"[\s\-.()·]", "", unicodedata.normalize("NFKC", text))
    if plain.startswith("+82"):
        plain = "0" + plain.removeprefix("+82").removeprefix("0")
    # A spreadsheet that takes the number for a number drops its first zero.
    for candidate in (plain, "0" + plain):
        if _PHONE.fullmatch(candidate) is not None:
            return candidate
    raise RefusedError("phone")


def _read_boolean(_question: Question, text: str) -> bool:
    word = squeeze(text)
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise RefusedError("not_a_boolean")


_NUMERIC = frozenset({"integer", "krw", "ticket", "hours", "number", "corporate_number"})
_READERS: dict[str, Callable[[Question, str], Any]] = {
    "text": _read_text,
    "textarea": _read_text,
    "business_number": _read_business_number,
    "corporate_number": _read_corporate_number,
    "ksic": _read_ksic,
    "region": _read_choice,
    "sector": _read_choice,
    "choice": _read_choice,
    "integer": _read_integer,
    "krw": _read_integer,
    "ticket": _read_ticket,
    "number": _read_number,
    "hours": _read_hours,
    "email": _read_email,
    "phone": _read_phone,
    "boolean": _read_boolean,
}
