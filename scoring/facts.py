"""Facts: the answers of one application, read once and never changed."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache, cached_property, lru_cache
from types import MappingProxyType

from scoring.canonical import canonical_json, sha256_of_text
from scoring.catalogue import CATALOGUE, CONTEXT_KEYS, Field, Kind
from scoring.textual.limits import LONGEST_TEXT

Value = str | int | bool | Decimal | date

_GPU_COLUMN = re.compile(r"gpu_.+_\d{4}q[1-4]", re.IGNORECASE)
_WHOLE = re.compile(r"[0-9]{1,18}|[0-9]{1,3}(?:,[0-9]{3}){1,5}")
_DECIMAL = re.compile(r"(?:[0-9]{1,18}|[0-9]{1,3}(?:,[0-9]{3}){1,5})(?:\.[0-9]{1,6})?")
_DAY = re.compile(r"([0-9]{4})([-./])([0-9]{1,2})\2([0-9]{1,2})")
_SEPARATORS = re.compile(r"[\s_\-/·:]+")
_SORTED = tuple(sorted(CATALOGUE.items()))
_TEXTS = tuple(key for key, field in CATALOGUE.items() if field.kind is Kind.TEXT)
_LARGEST = 10**18 - 1
_LONGEST_SHOWN = 200
_TRUE = frozenset({"예", "네", "yes", "y", "true"})
_FALSE = frozenset({"아니오", "아니요", "no", "n", "false"})


class FactError(ValueError):
    """An answer that cannot be read, or a column that no score knows.

    Attributes:
        field: The column.
        value: What was given.
        message_ko: What is wrong, in Korean.
        message_en: What is wrong, in English.
    """

    def __init__(self, field: str, value: object, message_ko: str, message_en: str) -> None:
        """Keep the column and the value beside both messages."""
        super().__init__(message_en)
        self.field = field
        self.value = value
        self.message_ko = message_ko
        self.message_en = message_en


class _UnreadableError(Exception):
    """A value that does not fit its kind; `Facts.from_answers` adds the column."""


def _as_text(_field: Field, value: object) -> str:
    if not isinstance(value, str):
        raise _UnreadableError
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise _UnreadableError from error
    if len(value) > LONGEST_TEXT:
        raise _UnreadableError
    return unicodedata.normalize("NFC", value).strip()


def _require_bounds(field: Field, number: int | Decimal) -> None:
    maximum = _LARGEST if field.maximum is None else field.maximum
    if not 0 <= number <= maximum:
        raise _UnreadableError


def _as_integer(field: Field, value: object) -> int:
    if isinstance(value, bool):
        raise _UnreadableError
    if isinstance(value, str):
        digits = unicodedata.normalize("NFKC", value).strip()
        if not _WHOLE.fullmatch(digits):
            raise _UnreadableError
        number = int(digits.replace(",", ""))
    elif isinstance(value, int):
        number = value
    elif isinstance(value, float) and value.is_integer():
        # Spreadsheets hold every number as a float; a whole one is still the number that was typed.
        number = int(value)
    else:
        raise _UnreadableError
    _require_bounds(field, number)
    return number


def _as_number(field: Field, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise _UnreadableError
    digits = unicodedata.normalize("NFKC", str(value)).strip()
    if not _DECIMAL.fullmatch(digits):
        raise _UnreadableError
    number = Decimal(digits.replace(",", ""))
    _require_bounds(field, number)
    return Decimal(format(number.normalize(), "f"))


def _as_boolean(_field: Field, value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = unicodedata.normalize("NFKC", value).strip().casefold() if isinstance(value, str) else None
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise _UnreadableError


def _squeeze(word: str) -> str:
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", word).casefold())


@cache
def _codes(key: str) -> dict[str, str]:
    return {
        _squeeze(word): choice.code
        for choice in CATALOGUE[key].choices
        for word in (choice.code, choice.label_ko, choice.label_en, *choice.synonyms)
    }


# Few words answer a field, and thousands of applications use the same ones.
@lru_cache(maxsize=8192)
def _chosen(key: str, word: str) -> tuple[bool, str | None]:
    """Say whether a word names an option, and its code, or None where the option says that nothing is known."""
    code = _codes(key).get(_squeeze(word))
    if code is None:
        return False, None
    choice = CATALOGUE[key].find_choice(code)
    return True, None if choice is not None and choice.means_missing else code


def _as_choice(field: Field, value: object) -> str | None:
    if not isinstance(value, str):
        raise _UnreadableError
    # What is long is no option's name, or one among blanks; it is looked up without being remembered.
    look = _chosen if len(value) <= _LONGEST_SHOWN else _chosen.__wrapped__
    known, code = look(field.key, value)
    if not known:
        raise _UnreadableError
    return code


def _as_date(_field: Field, value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    matched = _DAY.fullmatch(value.strip()) if isinstance(value, str) else None
    if matched is None:
        raise _UnreadableError
    try:
        return date(int(matched[1]), int(matched[3]), int(matched[4]))
    except ValueError as error:
        raise _UnreadableError from error


_READERS: Mapping[Kind, Callable[[Field, object], Value | None]] = {
    Kind.TEXT: _as_text,
    Kind.INTEGER: _as_integer,
    Kind.MONEY: _as_integer,
    Kind.NUMBER: _as_number,
    Kind.BOOLEAN: _as_boolean,
    Kind.CHOICE: _as_choice,
    Kind.DATE: _as_date,
}

_EXPECTED: Mapping[Kind, tuple[str, str]] = {
    Kind.TEXT: (f"글자, 최대 {LONGEST_TEXT:,}자", f"text of at most {LONGEST_TEXT:,} characters"),
    Kind.INTEGER: ("0 이상의 정수(숫자와 쉼표)", "a whole number of 0 or more (digits and commas)"),
    Kind.MONEY: ("원 단위 0 이상의 정수(숫자와 쉼표)", "whole won, 0 or more (digits and commas)"),
    Kind.NUMBER: ("0 이상의 수", "a number of 0 or more"),
    Kind.BOOLEAN: ("예 또는 아니오", "yes or no"),
    Kind.DATE: ("YYYY-MM-DD 날짜", "a date as YYYY-MM-DD"),
}


def _expected(field: Field) -> tuple[str, str]:
    if field.kind is Kind.CHOICE:
        return (
            "다음 중 하나: " + ", ".join(choice.label_ko for choice in field.choices),
            "one of " + ", ".join(choice.code for choice in field.choices),
        )
    korean, english = _EXPECTED[field.kind]
    if field.maximum is None:
        return korean, english
    return f"{korean}, 최대 {field.maximum}", f"{english}, at most {field.maximum}"


def is_context(key: str) -> bool:
    """Say whether a column may stand beside the facts without being one.

    Identification and raw columns may, as may the per-SKU requests `gpu_<sku>_<quarter>`.
    """
    return key in CONTEXT_KEYS or _GPU_COLUMN.fullmatch(key) is not None


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= _LONGEST_SHOWN else shown[:_LONGEST_SHOWN] + "…"


def read_value(field: Field, value: object) -> Value | None:
    """Read one answer as its field's kind.

    Args:
        field: The field answered.
        value: What was given: a typed value or the words of a form or spreadsheet.

    Returns:
        The typed value, or None when nothing was answered (empty, blank, or the option "unknown").

    Raises:
        FactError: If the value cannot be read as that kind or lies outside the field's bounds.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        return _READERS[field.kind](field, value)
    except _UnreadableError as error:
        korean, english = _expected(field)
        raise FactError(
            field.key,
            value,
            f"{field.label_ko}({field.key}): 값을 읽을 수 없습니다. 필요한 형식: {korean}.",
            f"{field.label_en} ({field.key}): cannot read {_shown(value)}; expected {english}.",
        ) from error


@dataclass(frozen=True)
class Facts:
    """What is known about one application, sorted by field; a missing answer has no entry at all."""

    entries: tuple[tuple[str, Value], ...]

    @classmethod
    def from_answers(cls, answers: Mapping[str, object]) -> "Facts":
        """Read a row of answers.

        Args:
            answers: Column to value. Context columns (`is_context`) are ignored.

        Returns:
            The facts; blank answers are left out, never turned into 0, "" or no.

        Raises:
            FactError: If a value cannot be read or a column is neither a field nor context.
        """
        entries: list[tuple[str, Value]] = []
        for key in sorted(answers):
            field = CATALOGUE.get(key)
            if field is None:
                if is_context(key):
                    continue
                raise FactError(
                    key, answers[key], f"알 수 없는 항목입니다: {key}.", f"No score knows the column {key!r}."
                )
            value = read_value(field, answers[key])
            if value is not None:
                entries.append((key, value))
        return cls(tuple(entries))

    @classmethod
    def from_readable(cls, answers: Mapping[str, object]) -> "Facts":
        """Read what can be read of a row of answers; what cannot counts as not given, as does any other column."""
        entries: list[tuple[str, Value]] = []
        for key, field in _SORTED:
            given = answers.get(key)
            if given is None:
                continue
            try:
                value = read_value(field, given)
            except FactError:
                continue
            if value is not None:
                entries.append((key, value))
        return cls(tuple(entries))

    @cached_property
    def values(self) -> Mapping[str, Value]:
        """The answers by field, read-only."""
        return MappingProxyType(dict(self.entries))

    def get(self, key: str) -> Value | None:
        """Give one answer, or None when it is missing.

        Raises:
            KeyError: If the catalogue has no such field.
        """
        if key not in CATALOGUE:
            raise KeyError(key)
        return self.values.get(key)

    def to_answers(self) -> dict[str, str | int | bool]:
        """Give plain JSON values from which `from_answers` makes the same facts again."""
        return {key: value if isinstance(value, bool | int | str) else str(value) for key, value in self.entries}

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """The answers that are free text by field, in the catalogue's order."""
        found = ((key, self.values.get(key)) for key in _TEXTS)
        return {key: text for key, text in found if isinstance(text, str)}

    @cached_property
    def canonical_json(self) -> str:
        """The one spelling of these facts as JSON."""
        return canonical_json(self.to_answers())

    @cached_property
    def sha256(self) -> str:
        """The hash of the canonical JSON, 64 hexadecimal digits."""
        return sha256_of_text(self.canonical_json)
