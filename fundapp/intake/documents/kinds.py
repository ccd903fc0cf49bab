"""Which documents a call asks for, which formats are taken, and how long a document is good for."""

from __future__ import annotations

import calendar
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, cast

from fundapp.core.errors import InvalidInputError

Stage = Literal["submit", "screened"]
Format = Literal["pdf", "png", "jpeg", "hwp", "hwpx", "docx", "xlsx"]

STAGES: tuple[Stage, ...] = ("submit", "screened")
MEDIA_TYPES: Mapping[Format, str] = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "hwp": "application/x-hwp",
    "hwpx": "application/hwp+zip",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
FORMATS: tuple[Format, ...] = tuple(MEDIA_TYPES)
SEEN_AS_PICTURES: frozenset[Format] = frozenset({"pdf", "png", "jpeg"})
"""Formats whose pages can be shown as pictures; the others can only be taken away and opened elsewhere."""

MOST_BYTES = 20 * 1024 * 1024
MOST_PER_REQUIREMENT = 5
MOST_IN_WALLET = 200
_MOST_MONTHS = 120
_MOST_PAGES = 300
_LONGEST_NAME = 120
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_MONTHS_A_YEAR = 12


@dataclass(frozen=True, slots=True)
class Requirement:
    """One document that a call asks for.

    Attributes:
        stage: `submit` belongs to the application; `screened` is asked for once screening is passed, so that nobody
            gathers certificates for nothing (two-step evidence of the Korean support programmes since 2023).
        valid_months: How old it may be on the day it is handed in; None for any age.
        max_pages: Most pages; None for no limit of its own.
        formats: What is taken.
    """

    key: str
    title_ko: str
    title_en: str
    stage: Stage
    required: bool
    valid_months: int | None
    max_pages: int | None
    formats: tuple[Format, ...]


def media_type_of(document_format: str) -> str:
    """Return the media type of one of `FORMATS`."""
    return {str(name): media_type for name, media_type in MEDIA_TYPES.items()}[document_format]


def read_requirements(document: Mapping[str, Any]) -> tuple[Requirement, ...]:
    """Read a call's `[[documents]]`.

    Raises:
        InvalidInputError: naming the entry and the key at fault.
    """
    entries = document.get("documents", [])
    if not isinstance(entries, list):
        raise _refuse("documents", "목록이어야 합니다", "must be a list")
    found = tuple(_requirement(entry, f"documents[{place}]") for place, entry in enumerate(entries, start=1))
    keys = [one.key for one in found]
    for key in keys:
        if keys.count(key) > 1:
            raise _refuse("documents", f"두 번 있습니다: {key}", f"appears twice: {key}")
    return found


def _requirement(entry: object, where: str) -> Requirement:
    if not isinstance(entry, Mapping):
        raise _refuse(where, "표여야 합니다", "must be a table")
    key, stage, required = entry.get("key"), entry.get("stage", "submit"), entry.get("required", False)
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise _refuse(
            f"{where}.key", "영문 소문자, 숫자, 밑줄 40자까지", "lower-case letters, digits, underscores; up to 40"
        )
    if stage not in STAGES:
        raise _refuse(f"{where}.stage", "submit 또는 screened", "must be submit or screened")
    if not isinstance(required, bool):
        raise _refuse(f"{where}.required", "true 또는 false", "must be true or false")
    titles = [entry.get(name) for name in ("title_ko", "title_en")]
    if not all(isinstance(title, str) and title.strip() for title in titles):
        raise _refuse(f"{where}.title_ko", "두 언어의 이름이 필요합니다", "names in both languages are needed")
    formats = entry.get("formats", list(FORMATS))
    if not isinstance(formats, list) or not formats or not set(formats) <= set(FORMATS):
        raise _refuse(
            f"{where}.formats", f"다음 가운데 고릅니다: {', '.join(FORMATS)}", f"some of {', '.join(FORMATS)}"
        )
    return Requirement(
        key=key,
        title_ko=str(titles[0]),
        title_en=str(titles[1]),
        stage=cast("Stage", stage),
        required=required,
        valid_months=_limit(entry, "valid_months", where, _MOST_MONTHS),
        max_pages=_limit(entry, "max_pages", where, _MOST_PAGES),
        formats=tuple(one for one in FORMATS if one in formats),
    )


def _limit(entry: Mapping[str, Any], name: str, where: str, most: int) -> int | None:
    value = entry.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= most:
        raise _refuse(f"{where}.{name}", f"1부터 {most}까지의 정수", f"a whole number from 1 to {most}")
    return value


def good_until(issued_on: date, months: int) -> date:
    """Return the last day on which a document of so many months is good.

    Months count by the calendar: what was issued on the 31st is good until the last day of a shorter month (Civil Act
    of Korea, art. 160).
    """
    year, month = divmod(issued_on.month - 1 + months, _MONTHS_A_YEAR)
    year, month = issued_on.year + year, month + 1
    return date(year, month, min(issued_on.day, calendar.monthrange(year, month)[1]))


@dataclass(frozen=True, slots=True)
class Facts:
    """What a requirement asks of a document."""

    kind: str
    format: str
    pages: int | None
    issued_on: date | None


def find_misfit(requirement: Requirement, document: Facts, today: date) -> str | None:
    """Return why a document does not answer a requirement on a day in Seoul: a key of `MISFITS`; None when it does."""
    if document.kind != requirement.key:
        return "other_kind"
    if document.format not in requirement.formats:
        return "other_format"
    if requirement.max_pages is not None and (document.pages or 0) > requirement.max_pages:
        return "too_many_pages"
    return None if requirement.valid_months is None else _find_age(document.issued_on, requirement.valid_months, today)


def _find_age(issued_on: date | None, months: int, today: date) -> str | None:
    if issued_on is None:
        return "no_issue_date"
    if issued_on > today:
        return "issued_later"
    return "expired" if good_until(issued_on, months) < today else None


MISFITS: Mapping[str, tuple[str, str]] = {
    "other_kind": ("다른 종류의 서류입니다.", "This is another kind of document."),
    "other_format": ("이 서류에 받지 않는 형식입니다.", "This format is not taken for this document."),
    "too_many_pages": ("쪽수가 한도를 넘습니다.", "It has more pages than are allowed."),
    "no_issue_date": ("발급일을 적어 주세요.", "Give the date of issue."),
    "issued_later": ("발급일이 오늘보다 뒤입니다.", "The date of issue is in the future."),
    "expired": ("유효기간이 지났습니다. 새로 발급받아 올려 주세요.", "It is no longer valid; have it issued again."),
    "missing": ("아직 내지 않았습니다.", "It has not been handed in yet."),
}


def display_name(given: str) -> str:
    """Return a file's own name as it may be shown: one line, no folder, nothing unseen, nothing that turns text round.

    It is never used as a name on a disk or in a header.
    """
    tail = re.split(r"[\\/]", unicodedata.normalize("NFC", given))[-1]
    plain = "".join(character if unicodedata.category(character)[0] not in "CZ" else " " for character in tail)
    words = " ".join(plain.split())
    return words[:_LONGEST_NAME] or "file"


def _refuse(field: str, reason_ko: str, reason_en: str) -> InvalidInputError:
    return InvalidInputError(field=field, reason_ko=reason_ko, reason_en=reason_en)
