"""The eligibility check before signing up, as a call's file defines it: `[[check]]` tables. Pure functions.

Nothing here is kept: answers go in, what they lead to comes out. It is no decision either; the application is judged by
its own rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from fundapp.core.errors import InvalidInputError

YES, NO, ASK = "yes", "no", "ask"
_OUTCOMES = frozenset({YES, NO, ASK})
_KINDS = frozenset({"choice", "date", "krw"})
_MOST_QUESTIONS = 30
_MOST_DIGITS = 15
_FIRST_YEAR = 1900


@dataclass(frozen=True, slots=True)
class Option:
    """One answer that can be chosen, and what it leads to."""

    key: str
    label_ko: str
    label_en: str
    leads_to: str
    because_ko: str
    because_en: str
    value: str


@dataclass(frozen=True, slots=True)
class CheckQuestion:
    """One question, with the source of its rule.

    Attributes:
        fills: The question of the application form that the answer is carried to, or nothing.
        by_close: Whether the date must not lie after the call's last day.
        below_krw: The amount from which the answer is no.
    """

    key: str
    kind: str
    ask_ko: str
    ask_en: str
    law_ko: str
    law_en: str
    options: tuple[Option, ...]
    fills: str
    by_close: bool
    below_krw: int | None
    because_ko: str
    because_en: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What one answer leads to; `open` where there is none that can be read."""

    key: str
    leads_to: str
    because_ko: str = ""
    because_en: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What all answers together lead to: `no` if any is, else `open`, else `ask`, else `yes`."""

    outcome: str
    findings: tuple[Finding, ...]


def parse_check(document: Mapping[str, Any]) -> tuple[CheckQuestion, ...]:
    """Read the check of a call; a call may do without.

    Raises:
        InvalidInputError: naming what cannot be used.
    """
    tables = document.get("check", [])
    if not isinstance(tables, list) or len(tables) > _MOST_QUESTIONS:
        raise _wrong("check")
    asked = tuple(_question(table, f"check[{number}]") for number, table in enumerate(tables, 1))
    if len({one.key for one in asked}) != len(asked):
        raise _wrong("check.key")
    return asked


def judge(questions: tuple[CheckQuestion, ...], answers: Mapping[str, str], *, closes_on: date) -> Verdict:
    """Return what the answers lead to, one finding a question.

    Args:
        questions: Of the call.
        answers: As typed or chosen, by question.
        closes_on: The call's last day in Korea.
    """
    findings = tuple(_find(question, answers.get(question.key, "").strip(), closes_on) for question in questions)
    reached = {found.leads_to for found in findings}
    outcome = next((one for one in (NO, "open", ASK) if one in reached), YES)
    return Verdict(outcome, findings)


def carried(questions: tuple[CheckQuestion, ...], answers: Mapping[str, str]) -> dict[str, str]:
    """Return what of the answers an application form can begin with, by its own questions."""
    filled: dict[str, str] = {}
    for question in questions:
        text = answers.get(question.key, "").strip()
        if not question.fills or not text:
            continue
        if question.kind == "choice":
            chosen = next((one for one in question.options if one.key == text), None)
            text = chosen.value if chosen is not None else ""
        elif question.kind == "krw":
            amount = _amount(text)
            text = "" if amount is None else str(amount)
        elif _day(text) is None:
            text = ""
        if text:
            filled[question.fills] = text
    return filled


def _find(question: CheckQuestion, text: str, closes_on: date) -> Finding:
    if question.kind == "choice":
        chosen = next((one for one in question.options if one.key == text), None)
        if chosen is None:
            return Finding(question.key, "open")
        return Finding(question.key, chosen.leads_to, chosen.because_ko, chosen.because_en)
    if question.kind == "date":
        day = _day(text)
        refused = question.by_close and day is not None and day > closes_on
        readable = day is not None
    else:
        amount = _amount(text)
        refused = question.below_krw is not None and amount is not None and amount >= question.below_krw
        readable = amount is not None
    if not readable:
        return Finding(question.key, "open")
    return (
        Finding(question.key, NO, question.because_ko, question.because_en) if refused else Finding(question.key, YES)
    )


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year >= _FIRST_YEAR else None


def _amount(text: str) -> int | None:
    digits = text.replace(",", "").replace(" ", "").removesuffix("원")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > _MOST_DIGITS:
        return None
    return int(digits)


def _question(table: Any, place: str) -> CheckQuestion:  # noqa: ANN401 - TOML
    if not isinstance(table, Mapping):
        raise _wrong(place)
    kind, limit = table.get("kind", "choice"), table.get("below_krw")
    options = table.get("options", [])
    if kind not in _KINDS or not isinstance(options, list) or bool(options) != (kind == "choice"):
        raise _wrong(f"{place}.options")
    if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or kind != "krw"):
        raise _wrong(f"{place}.below_krw")
    bound = table.get("not_after", "")
    if bound not in {"", "closes"} or (bound and kind != "date"):
        raise _wrong(f"{place}.not_after")
    return CheckQuestion(
        key=_text(table, "key", place),
        kind=kind,
        ask_ko=_text(table, "ask_ko", place),
        ask_en=_text(table, "ask_en", place),
        law_ko=_text(table, "law_ko", place),
        law_en=_text(table, "law_en", place),
        options=tuple(_option(one, f"{place}.options[{number}]") for number, one in enumerate(options, 1)),
        fills=str(table.get("fills", "")),
        by_close=bool(bound),
        below_krw=limit,
        because_ko=str(table.get("because_ko", "")),
        because_en=str(table.get("because_en", "")),
    )


def _option(table: Any, place: str) -> Option:  # noqa: ANN401 - TOML
    if not isinstance(table, Mapping) or table.get("leads_to") not in _OUTCOMES:
        raise _wrong(f"{place}.leads_to")
    leads_to = str(table["leads_to"])
    because = [str(table.get(name, "")) for name in ("because_ko", "because_en")]
    if leads_to != YES and not all(because):
        raise _wrong(f"{place}.because_ko")
    return Option(
        key=_text(table, "key", place),
        label_ko=_text(table, "label_ko", place),
        label_en=_text(table, "label_en", place),
        leads_to=leads_to,
        because_ko=because[0],
        because_en=because[1],
        value=str(table.get("value", "")),
    )


def _text(table: Mapping[str, Any], key: str, place: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise _wrong(f"{place}.{key}")
    return value.strip()


def _wrong(field: str) -> InvalidInputError:
    return InvalidInputError(field=field, reason_ko="읽을 수 없는 자격 확인 문항입니다", reason_en="cannot be used")
