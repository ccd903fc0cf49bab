"""Reading answers: the words of a form, a file or an API in, canonical values or problems out.

Canonical values are plain JSON: text in NFC, whole numbers, booleans, dates as `YYYY-MM-DD`, choices by key, GPU hours
as decimal text. A blank answer has no entry at all, so that unknown is never 0 or no.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from fundapp.core.quantities import Quantity, gpu_commodity
from fundapp.intake.form import LARGEST_NUMBER, LONGEST_ANSWER, FieldProblem, Form, Question, squeeze
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

_MESSAGES: dict[str, tuple[str, str]] = {
    "required": ("답이 필요합니다.", "An answer is needed."),
    "too_long": ("{limit}자를 넘을 수 없습니다.", "At most {limit} characters."),
    "control_characters": ("쓸 수 없는 제어 문자가 있습니다.", "It holds control characters."),
    "resident_number": (
        "주민등록번호로 보이는 숫자가 있습니다. 지우고 다시 보내 주세요.",
        "It holds what looks like a resident registration number. Remove it.",
    ),
    "business_number": (
        "사업자등록번호가 맞지 않습니다. 숫자 10자리와 검증번호를 확인하세요.",
        "Not a business registration number: check its ten digits and check digit.",
    ),
    "corporate_number": ("법인등록번호는 숫자 13자리입니다.", "A corporate number has thirteen digits."),
    "corporate_check_digit": (
        "법인등록번호의 검증번호가 맞지 않습니다. 확인해 주세요.",
        "The corporate number's check digit does not fit; please check it.",
    ),
    "not_a_date": ("날짜는 YYYY-MM-DD로 적습니다.", "A date is written YYYY-MM-DD."),
    "future_date": ("오늘보다 뒤의 날짜입니다.", "The date lies in the future."),
    "ksic": ("업종코드는 J58222처럼 적습니다.", "An industry code looks like J58222."),
    "not_a_choice": ("고를 수 있는 값: {choices}", "One of: {choices}"),
    "not_a_number": ("정수로 적습니다.", "A whole number is needed."),
    "not_decimal": (
        "숫자로 적습니다. 소수점 아래 여섯째 자리까지입니다.",
        "A number with at most six decimals is needed.",
    ),
    "not_hours": (
        "GPU시간은 0 이상의 수이며 소수점 아래 넷째 자리까지입니다.",
        "GPU-hours are a number from 0 with at most four decimals.",
    ),
    "too_small": ("{limit} 이상이어야 합니다.", "At least {limit}."),
    "too_large": ("{limit} 이하여야 합니다.", "At most {limit}."),
    "email": ("이메일 주소가 아닙니다.", "Not an e-mail address."),
    "phone": ("전화번호가 아닙니다.", "Not a telephone number."),
    "not_a_boolean": ("예 또는 아니오로 적습니다.", "Yes or no is needed."),
    "not_text": ("글로 적습니다.", "Text is needed."),
    "other_company": ("신청 기업의 번호가 아닙니다.", "Not the number of the company that applies."),
    "consent_required": ("필수 동의가 필요합니다.", "This consent is needed."),
    "identifier": ("신청 기업을 알아볼 번호가 필요합니다.", "A number that identifies the company is needed."),
    "too_many_cells": ("열 이름보다 칸이 많습니다.", "The row has more cells than there are headers."),
    "in_review": (
        "심사가 시작되어 내용을 바꿀 수 없습니다.",
        "Its review has begun; what it says can no longer be changed.",
    ),
    "in_draft": (
        "기업이 웹에서 신청서를 작성하고 있습니다. 기업이 직접 제출해야 합니다.",
        "The company is writing its own application on the web; only the company can send it.",
    ),
    "unsent_edits": (
        "기업이 웹에서 고치고 아직 제출하지 않은 내용이 있어 덮어쓸 수 없습니다.",
        "The company has changed it on the web and not sent the changes yet; a file may not overwrite them.",
    ),
    "not_allowed": ("이 신청은 바꿀 수 없습니다.", "This application cannot be changed."),
    "unknown_question": ("이 공모에 없는 문항입니다.", "The call has no such question."),
}


class _RefusedError(Exception):
    def __init__(self, code: str, **details: object) -> None:
        self.code = code
        self.details = details
        super().__init__(code)


@dataclass(slots=True)
class Reading:
    """What came of reading: canonical answers, problems, and warnings that refuse nothing."""

    answers: dict[str, Any] = field(default_factory=dict)
    problems: list[FieldProblem] = field(default_factory=list)
    warnings: list[FieldProblem] = field(default_factory=list)


def problem(key: str, code: str, **details: object) -> FieldProblem:
    """Make the problem `code` of one field, with its messages."""
    korean, english = _MESSAGES[code]
    return FieldProblem(key, code, korean.format(**details), english.format(**details))


def read_answers(form: Form, raw: Mapping[str, Any], *, today: date) -> Reading:
    """Read each given answer as its question's kind. Nothing is said about answers that are missing.

    Args:
        form: The call's form.
        raw: Key to words or typed values.
        today: The date in Seoul that "in the future" is measured against.
    """
    reading = Reading()
    for key, value in raw.items():
        question = form.fields.get(key)
        if question is None:
            reading.problems.append(problem(key, "unknown_question"))
            continue
        try:
            answer = _read(question, value, today)
        except _RefusedError as refused:
            reading.problems.append(problem(key, refused.code, **refused.details))
            continue
        if answer is None:
            continue
        reading.answers[key] = answer
        if question.kind == "corporate_number" and not corporate_number_valid(answer):
            reading.warnings.append(problem(key, "corporate_check_digit"))
    return reading


def find_missing(form: Form, answers: Mapping[str, Any], *, relaxed: Collection[str] = ()) -> list[FieldProblem]:
    """Return a problem for each required question without an answer, and for each group with none at all.

    Args:
        form: The call's form.
        answers: Canonical answers.
        relaxed: Keys of questions that may stay unanswered.
    """
    problems = []
    for question in form.questions:
        if not question.required or question.key in relaxed:
            continue
        keys = [part.key for part in question.parts] or [question.key]
        if not any(key in answers for key in keys):
            problems.append(problem(question.key, "required"))
    problems += [
        FieldProblem(rule.keys[0], "required", rule.message_ko, rule.message_en)
        for rule in form.require_any
        if not set(rule.keys) <= set(relaxed) and not any(key in answers for key in rule.keys)
    ]
    return problems


def validate_answers(
    form: Form, answers: Mapping[str, Any], *, today: date, relaxed: Collection[str] = ()
) -> list[FieldProblem]:
    """Return everything that keeps answers from being submitted: what cannot be read and what is missing."""
    reading = read_answers(form, answers, today=today)
    unreadable = {found.field for found in reading.problems}
    missing = find_missing(form, reading.answers, relaxed=relaxed)
    return reading.problems + [found for found in missing if found.field not in unreadable]


@dataclass(frozen=True, slots=True)
class GpuRequest:
    """GPU time asked for of one SKU (in lower case, as its column has it) in one quarter."""

    sku: str
    quarter: str
    hours: Quantity


def gpu_requests(answers: Mapping[str, Any]) -> tuple[GpuRequest, ...]:
    """Return the GPU time that canonical answers ask for, in the order of the columns' names."""
    found = []
    for key in sorted(answers):
        if key.startswith("gpu_") and (asked := _asked_of(key)) is not None:
            sku, quarter = asked
            found.append(GpuRequest(sku, quarter, Quantity.parse(str(answers[key]), gpu_commodity(sku.upper()))))
    return tuple(found)


@lru_cache(maxsize=1024)
def _asked_of(key: str) -> tuple[str, str] | None:
    """Return the SKU and the quarter that a column asks for."""
    split = re.fullmatch(r"gpu_(.+)_(\d{4}Q[1-4])", key)
    return None if split is None else (split[1], split[2])


def _read(question: Question, value: object, today: date) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, bool) and question.kind != "boolean":
        raise _RefusedError("not_text")
    if not isinstance(value, str | int | bool | None):
        raise _RefusedError("not_text")
    if value is None:
        return None
    text = _clean(str(value), question)
    if not text:
        return None
    if question.kind == "date":
        return _read_date(text, today)
    return _READERS[question.kind](question, text)


def _clean(text: str, question: Question) -> str:
    limit = question.max_length or (LONGEST_ANSWER if question.kind == "textarea" else 200)
    normal = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(normal) > limit:
        raise _RefusedError("too_long", limit=limit)
    allowed = "\n\t" if question.kind == "textarea" else ""
    if any(unicodedata.category(letter) in {"Cc", "Cs"} and letter not in allowed for letter in normal):
        raise _RefusedError("control_characters")
    if question.kind not in _NUMERIC and holds_resident_number(normal):
        raise _RefusedError("resident_number")
    return normal


def _read_text(_question: Question, text: str) -> str:
    return text


def _digits(text: str) -> str:
    return re.sub(r"[\s\-.·]", "", unicodedata.normalize("NFKC", text))


def _read_business_number(_question: Question, text: str) -> str:
    digits = _digits(text)
    if not business_number_valid(digits):
        raise _RefusedError("business_number")
    return digits


def _read_corporate_number(_question: Question, text: str) -> str:
    digits = _digits(text)
    if re.fullmatch(r"[0-9]{13}", digits) is None:
        raise _RefusedError("corporate_number")
    # A newer number may fail the check digit, so one that also reads as a person's number cannot be kept.
    if not corporate_number_valid(digits) and holds_resident_number(digits):
        raise _RefusedError("resident_number")
    return digits


def _read_date(text: str, today: date) -> str:
    found = _DAY.fullmatch(unicodedata.normalize("NFKC", text))
    if found is None:
        raise _RefusedError("not_a_date")
    year, month, day = (found[1], found[3], found[4]) if found[1] else (found[5], found[6], found[7])
    try:
        read = date(int(year), int(month), int(day))
    except ValueError:
        raise _RefusedError("not_a_date") from None
    if read > today:
        raise _RefusedError("future_date")
    return read.isoformat()


def _read_ksic(_question: Question, text: str) -> str:
    code = _digits(text).upper()
    if _KSIC.fullmatch(code) is None:
        raise _RefusedError("ksic")
    return code


def _read_choice(question: Question, text: str) -> str:
    wanted = squeeze(_SHORT_REGIONS.get(text, text) if question.kind == "region" else text)
    for choice in question.choices:
        if wanted in {squeeze(choice.key), squeeze(choice.label_ko), squeeze(choice.label_en)}:
            return choice.key
    raise _RefusedError("not_a_choice", choices=", ".join(choice.label_ko for choice in question.choices))


def _read_integer(question: Question, text: str) -> int:
    plain = unicodedata.normalize("NFKC", text).replace(" ", "")
    if question.kind in {"krw", "ticket"}:
        plain = plain.removesuffix("원").removeprefix("₩")
    if _WHOLE.fullmatch(plain) is None:
        raise _RefusedError("not_a_number")
    number = int(plain.replace(",", "").split(".", maxsplit=1)[0])
    smallest = 0 if question.minimum is None and question.kind != "integer" else question.minimum
    if smallest is not None and number < smallest:
        raise _RefusedError("too_small", limit=smallest)
    largest = LARGEST_NUMBER if question.maximum is None else question.maximum
    if abs(number) > largest:
        raise _RefusedError("too_large", limit=f"{largest:,}")
    return number


def _read_number(question: Question, text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).replace(",", "").replace(" ", "").removesuffix("%")
    if _DECIMAL.fullmatch(plain) is None:
        raise _RefusedError("not_decimal")
    number = Decimal(plain)
    if question.minimum is not None and number < question.minimum:
        raise _RefusedError("too_small", limit=question.minimum)
    if question.maximum is not None and number > question.maximum:
        raise _RefusedError("too_large", limit=question.maximum)
    return format(number.normalize(), "f")


def _read_ticket(question: Question, text: str) -> int:
    amount = _read_integer(question, text)
    if str(amount) not in {choice.key for choice in question.choices}:
        raise _RefusedError("not_a_choice", choices=", ".join(choice.label_ko for choice in question.choices))
    return amount


def _read_hours(_question: Question, text: str) -> str | None:
    plain = unicodedata.normalize("NFKC", text).replace(",", "").replace(" ", "")
    if _HOURS.fullmatch(plain) is None:
        raise _RefusedError("not_hours")
    try:
        hours = Quantity.parse(plain, gpu_commodity("X"))
    except ValueError:
        raise _RefusedError("not_hours") from None
    if hours.decimal > _MOST_HOURS:
        raise _RefusedError("too_large", limit=f"{_MOST_HOURS:,}")
    # No hours are no request: the same as a blank cell.
    return format(hours.decimal.normalize(), "f") if hours.minor else None


def _read_email(_question: Question, text: str) -> str:
    address = text.casefold()
    if _EMAIL.fullmatch(address) is None:
        raise _RefusedError("email")
    return address


def _read_phone(_question: Question, text: str) -> str:
    plain = re.sub(r"[\s\-.()·]", "", unicodedata.normalize("NFKC", text))
    if plain.startswith("+82"):
        plain = "0" + plain.removeprefix("+82").removeprefix("0")
    # A spreadsheet that takes the number for a number drops its first zero.
    for candidate in (plain, "0" + plain):
        if _PHONE.fullmatch(candidate) is not None:
            return candidate
    raise _RefusedError("phone")


def _read_boolean(_question: Question, text: str) -> bool:
    word = squeeze(text)
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise _RefusedError("not_a_boolean")


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
