"""Which questions are asked: by the call, by the track that is taken, and by earlier answers.

A condition stands in the call's file as `when = { question = "azure_ready", in = ["partial", "running"] }`; a list of
them must hold together. `is`, `in`, `answered`, `at_least` and `at_most` look at an answer, `track` at whether the plan
of a track was written, `call` at the call itself. Everything is checked when the call is opened.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from fundapp.core.errors import InvalidInputError

if TYPE_CHECKING:
    from fundapp.intake.form import Question

_NUMERIC = frozenset({"integer", "number", "krw", "ticket", "hours"})
_LOOKS = frozenset({"is", "in", "answered", "at_least", "at_most"})


@dataclass(frozen=True, slots=True)
class Condition:
    """What one earlier answer must be.

    Attributes:
        key: The answer's.
        values: It must be one of these, as one would type it; None leaves that open.
        answered: It must be given, or must not.
        at_least: Its least value.
        at_most: Its greatest.
    """

    key: str
    values: tuple[str, ...] | None = None
    answered: bool | None = None
    at_least: int | None = None
    at_most: int | None = None

    def holds(self, value: Any) -> bool:  # noqa: ANN401 - a JSON value
        """Say whether an answer fulfils it; None is no answer."""
        if self.answered is not None:
            return (value is not None) == self.answered
        if value is None:
            return False
        if self.values is not None:
            return _text(value) in self.values
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            return False
        if not number.is_finite():
            return False
        return (self.at_least is None or number >= self.at_least) and (self.at_most is None or number <= self.at_most)


def _text(value: Any) -> str:  # noqa: ANN401 - a JSON value
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _refuse(field: str, reason_ko: str, reason_en: str) -> InvalidInputError:
    return InvalidInputError(field=field, reason_ko=reason_ko, reason_en=reason_en)


def read_conditions(raw: Mapping[str, Any], document: Mapping[str, Any]) -> tuple[Condition, ...] | None:
    """Read the conditions of a question or section; None if this call does not ask it at all.

    Raises:
        InvalidInputError: naming the question or section whose condition cannot be read.
    """
    name, given = str(raw.get("key", "?")), raw.get("when", [])
    tables = [given] if isinstance(given, dict) else given
    if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        raise _refuse(name, "조건(when)은 표여야 합니다", "the condition (when) must be a table")
    found = []
    for table in tables:
        if "call" in table:
            if str(document.get("code")) not in _words(name, table["call"]):
                return None
        elif "track" in table:
            found.append(_track(name, table, document))
        else:
            found.append(_look(name, table))
    return tuple(found)


def _words(name: str, value: object) -> list[str]:
    words = value if isinstance(value, list) else [value]
    if not words or not all(isinstance(word, str) for word in words):
        raise _refuse(name, "공모 번호를 적습니다", "the codes of calls are needed")
    return [str(word) for word in words]


def _track(name: str, table: Mapping[str, Any], document: Mapping[str, Any]) -> Condition:
    known = [one.get("key") for one in document.get("tracks", []) if isinstance(one, dict)]
    if table["track"] not in known:
        raise _refuse(name, f"없는 분야입니다: {table['track']}", f"there is no track {table['track']!r}")
    return Condition(f"{table['track']}_link", answered=True)


def _look(name: str, table: Mapping[str, Any]) -> Condition:
    key, looks = table.get("question"), _LOOKS & table.keys()
    bounds = looks <= {"at_least", "at_most"}
    if not isinstance(key, str) or not looks or (len(looks) > 1 and not bounds) or table.keys() - _LOOKS - {"question"}:
        raise _refuse(
            name,
            "조건에는 question과 is, in, answered, at_least·at_most 가운데 하나를 적습니다",
            "a condition has `question` and one of is, in, answered, at_least and at_most",
        )
    for bound in ("at_least", "at_most"):
        if bound in table and (isinstance(table[bound], bool) or not isinstance(table[bound], int)):
            raise _refuse(name, f"{bound}은 정수여야 합니다", f"{bound} must be a whole number")
    if not isinstance(table.get("answered", True), bool):
        raise _refuse(name, "answered는 true 또는 false입니다", "answered is true or false")
    values = [table["is"]] if "is" in table else table.get("in")
    if values is not None and (not isinstance(values, list) or not values):
        raise _refuse(name, "in은 값의 목록입니다", "in is a list of values")
    return Condition(
        key,
        values=None if values is None else tuple(_text(value) for value in values),
        answered=table.get("answered"),
        at_least=table.get("at_least"),
        at_most=table.get("at_most"),
    )


def check_conditions(questions: Sequence[Question]) -> None:
    """Hold every condition of a form against the questions that it names.

    Raises:
        InvalidInputError: for a question that is not there, that depends on itself or comes later, and for a value
            that its answer can never have.
    """
    fields = {field.key: field for question in questions for field in question.parts or (question,)}
    places = {field.key: place for place, one in enumerate(questions) for field in one.parts or (one,)}
    for place, question in enumerate(questions):
        for condition in question.when:
            asked = fields.get(condition.key)
            if asked is None:
                raise _refuse(
                    question.key,
                    f"조건이 없는 문항을 가리킵니다: {condition.key}",
                    f"its condition names {condition.key!r}, which is not asked",
                )
            if places[condition.key] >= place:
                _refuse_order(questions, places, question, condition.key)
            _check_value(question.key, condition, asked)


def _refuse_order(questions: Sequence[Question], places: Mapping[str, int], question: Question, key: str) -> None:
    """Refuse a condition that looks ahead; in a circle, say so."""
    start = places[question.key] if question.key in places else questions.index(question)
    seen, waiting = set[int](), [places[key]]
    while waiting:
        place = waiting.pop()
        if place == start:
            raise _refuse(question.key, "조건이 서로를 가리킵니다", "conditions depend on each other in a circle")
        if place not in seen:
            seen.add(place)
            waiting += [places[one.key] for one in questions[place].when if one.key in places]
    raise _refuse(question.key, f"조건이 뒤에 묻는 문항을 가리킵니다: {key}", f"{key!r} is asked later than this")


def _check_value(name: str, condition: Condition, asked: Question) -> None:
    for problem in _impossible(condition, asked):
        raise _refuse(
            name,
            f"{asked.key}의 답이 될 수 없는 값입니다: {problem}",
            f"the answer of {asked.key!r} can never be {problem}",
        )


def _impossible(condition: Condition, asked: Question) -> Iterator[str]:
    if condition.values is not None:
        allowed = {"yes", "no"} if asked.kind == "boolean" else {choice.key for choice in asked.choices}
        if asked.kind == "integer" and not allowed:
            allowed = {value for value in condition.values if value.lstrip("-").isdigit()}
        yield from (value for value in condition.values if value not in allowed)
    least, most = condition.at_least, condition.at_most
    if least is None and most is None:
        return
    if asked.kind not in _NUMERIC:
        yield "≥" if least is not None else "≤"
    tops = [top for top in (asked.maximum, most) if top is not None]
    if least is not None and any(least > top for top in tops):
        yield f"≥ {least}"
    if most is not None and asked.minimum is not None and most < asked.minimum:
        yield f"≤ {most}"
