"""The application form of a call: read from the call's document, used by portal, import and submission alike."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

from fundapp.core.errors import InvalidInputError, NotFoundError
from fundapp.core.quarters import Quarter
from fundapp.intake.conditions import Condition, check_conditions, read_conditions

KINDS = frozenset(
    {
        "text",
        "textarea",
        "business_number",
        "corporate_number",
        "date",
        "ksic",
        "region",
        "sector",
        "integer",
        "number",
        "krw",
        "ticket",
        "email",
        "phone",
        "choice",
        "boolean",
        "gpu_hours",
        "rows",
    }
)
DEFAULT_LENGTHS = {"text": 200, "textarea": 4000}
LARGEST_NUMBER = 10**15
LONGEST_ANSWER = 20_000
MOST_ROWS = 100
_FORM_PARTS = frozenset(
    {"code", "tracks", "sections", "regions", "sectors", "require_any", "allowed_tickets_krw", "skus", "quarters"}
)
"""What of a call's document says what is asked; the rest says how it is decided."""
CELL_KINDS = KINDS - {"gpu_hours", "rows", "ticket"}
ADDED_UP = frozenset({"integer", "krw", "number"})


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one answer; `field` is the question's key, `cell` row and column of one that has rows."""

    field: str
    code: str
    message_ko: str
    message_en: str
    cell: str = ""


class AnswersRefusedError(InvalidInputError):
    """Answers that cannot be submitted, with every problem found."""

    code = "answers_refused"
    ko = "고쳐야 할 답이 {count}개 있습니다: {fields}"
    en = "{count} answers need correcting: {fields}"

    def __init__(self, problems: Sequence[FieldProblem]) -> None:
        self.problems = tuple(problems)
        fields = ", ".join(dict.fromkeys(problem.field for problem in problems))
        super().__init__(count=len(problems), fields=fields)


@dataclass(frozen=True, slots=True)
class Choice:
    """One option."""

    key: str
    label_ko: str
    label_en: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    A `gpu_hours` question has `parts`, one a SKU and quarter, whose kind is `hours`. A `rows` question has `columns`,
    a least and a greatest number of rows, `totals` of columns that are added up, and `sum_column` and `sum_to` where a
    column must come to another answer. `when` says on which answers it is asked.
    """

    key: str
    kind: str
    label_ko: str
    label_en: str
    help_ko: str = ""
    help_en: str = ""
    required: bool = False
    max_length: int | None = None
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[Choice, ...] = ()
    parts: tuple[Question, ...] = ()
    sku: str = ""
    quarter: str = ""
    columns: tuple[Question, ...] = ()
    min_rows: int = 0
    max_rows: int = MOST_ROWS
    totals: tuple[str, ...] = ()
    sum_column: str = ""
    sum_to: str = ""
    when: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """Questions under one heading."""

    key: str
    title_ko: str
    title_en: str
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class RequireAny:
    """Questions of which at least one needs an answer."""

    keys: tuple[str, ...]
    message_ko: str
    message_en: str


@dataclass(frozen=True)
class Form:
    """The whole form, in order."""

    sections: tuple[Section, ...]
    require_any: tuple[RequireAny, ...] = ()

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """Every question as it is asked."""
        return tuple(question for section in self.sections for question in section.questions)

    @cached_property
    def fields(self) -> dict[str, Question]:
        """Every answer's key and question, GPU hours by SKU and quarter."""
        return {field.key: field for question in self.questions for field in question.parts or (question,)}

    def find_section(self, key: str) -> Section:
        """Return one section.

        Raises:
            NotFoundError: if the form has none of that key.
        """
        found = next((section for section in self.sections if section.key == key), None)
        if found is None:
            raise NotFoundError
        return found

    def asked_of(self, answers: Mapping[str, Any]) -> Form:
        """Return the form without the questions that these answers leave out.

        An answer to a question that is left out counts as none for the conditions of later ones.
        """
        if not any(question.when for question in self.questions):
            return self
        given: dict[str, Any] = {}
        sections = []
        for section in self.sections:
            asked = []
            for question in section.questions:
                if all(condition.holds(given.get(condition.key)) for condition in question.when):
                    asked.append(question)
                    given |= {one.key: answers.get(one.key) for one in question.parts or (question,)}
            if asked:
                sections.append(replace(section, questions=tuple(asked)))
        rules = [replace(rule, keys=tuple(key for key in rule.keys if key in given)) for rule in self.require_any]
        return Form(tuple(sections), tuple(rule for rule in rules if rule.keys))

    def asked_answers(self, answers: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answers without those to questions that are left out: what a submission says."""
        asked = self.asked_of(answers)
        if asked is self:
            return dict(answers)
        return {key: value for key, value in answers.items() if key in asked.fields or key not in self.fields}


def squeeze(word: str) -> str:
    """Return a word for comparison: compatibility form, lower case, only letters and digits."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFC", word)).casefold()
    return "".join(letter for letter in plain if letter.isalnum())


def parse_form(document: Mapping[str, Any]) -> Form:
    """Read the form out of a call's document.

    Args:
        document: The call file with its form merged in: `sections`, `regions`, `sectors`, `require_any`,
            `allowed_tickets_krw`, `skus`, `quarters`.

    Raises:
        InvalidInputError: naming the section or question that cannot be used.
    """
    return _parsed(json.dumps({key: document[key] for key in sorted(_FORM_PARTS & document.keys())}, sort_keys=True))


@lru_cache(maxsize=64)
def _parsed(text: str) -> Form:
    """Parse each form once: every page of an application asks for it, and it has hundreds of words."""
    document = json.loads(text)
    read = (_section(raw, document) for raw in _tables(document, "sections"))
    sections = tuple(section for section in read if section.questions)
    if not sections:
        raise _refuse("sections", "문항이 없습니다", "there are no questions")
    form = Form(sections, tuple(_require_any(raw) for raw in _tables(document, "require_any")))
    keys = [question.key for question in form.questions] + [
        part.key for question in form.questions for part in question.parts
    ]
    for key in keys:
        if keys.count(key) > 1:
            raise _refuse(key, "문항 이름이 겹칩니다", "the question's key is used twice")
    for rule in form.require_any:
        for key in rule.keys:
            if key not in form.fields:
                raise _refuse(key, "없는 문항입니다", "there is no such question")
    check_conditions(form.questions)
    for question in form.questions:
        if question.sum_to and getattr(form.fields.get(question.sum_to), "kind", "") not in {*ADDED_UP, "ticket"}:
            raise _refuse(question.key, "합계를 맞출 금액 문항이 없습니다", "its sum is held against no amount")
    return form


def _refuse(field: str, reason_ko: str, reason_en: str) -> InvalidInputError:
    return InvalidInputError(field=field, reason_ko=reason_ko, reason_en=reason_en)


def _tables(document: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    value = document.get(key, [])
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise _refuse(key, "표의 목록이어야 합니다", "must be a list of tables")
    yield from value


def _word(raw: Mapping[str, Any], key: str) -> str:
    value = raw.get(key)
    if not isinstance(value, str) or not value.strip():
        raise _refuse(key, f"필요합니다 ({raw.get('key', '?')})", f"is needed ({raw.get('key', '?')})")
    return value


def _section(raw: Mapping[str, Any], document: Mapping[str, Any]) -> Section:
    when = read_conditions(raw, document)
    questions = []
    for entry in _tables(raw, "questions") if when is not None else ():
        own = read_conditions(entry, document)
        if own is not None and when is not None:
            questions.append(replace(_question(entry, document), when=when + own))
    return Section(_word(raw, "key"), _word(raw, "title_ko"), _word(raw, "title_en"), tuple(questions))


def _question(raw: Mapping[str, Any], document: Mapping[str, Any]) -> Question:
    key, kind = _word(raw, "key"), _word(raw, "kind")
    if kind not in KINDS:
        raise _refuse(key, f"모르는 종류입니다: {kind}", f"unknown kind {kind!r}")
    choices = _choices(key, kind, raw, document)
    if kind in {"choice", "region", "sector", "ticket"} and not choices:
        raise _refuse(key, "고를 것이 없습니다", "there is nothing to choose from")
    parts = tuple(_gpu_parts(raw, document)) if kind == "gpu_hours" else ()
    question = Question(
        key=key,
        kind=kind,
        label_ko=_word(raw, "label_ko"),
        label_en=_word(raw, "label_en"),
        help_ko=str(raw.get("help_ko", "")),
        help_en=str(raw.get("help_en", "")),
        required=raw.get("required", False) is True,
        max_length=_whole(raw, "max_length") or DEFAULT_LENGTHS.get(kind),
        minimum=_whole(raw, "minimum"),
        maximum=_whole(raw, "maximum"),
        choices=choices,
        parts=parts,
    )
    return _with_rows(question, raw, document) if kind == "rows" else question


def _with_rows(question: Question, raw: Mapping[str, Any], document: Mapping[str, Any]) -> Question:
    """Add what a `rows` question says of its rows."""
    key, columns = question.key, tuple(_question(entry, document) for entry in _tables(raw, "columns"))
    names = [column.key for column in columns]
    if not names or len(set(names)) < len(names) or any(column.kind not in CELL_KINDS for column in columns):
        raise _refuse(key, "열(columns)의 이름이나 종류가 맞지 않습니다", "its columns need keys and kinds of one cell")
    if any("-" in name for name in (key, *names)):
        raise _refuse(key, "행이 있는 문항의 이름에는 줄표를 쓰지 않습니다", "the key of rows holds no hyphen")
    added = {column.key for column in columns if column.kind in ADDED_UP}
    totals = raw.get("totals", [])
    column, target = str(raw.get("sum_column", "")), str(raw.get("sum_to", ""))
    if not set(totals) <= added or bool(column) != bool(target) or (column and column not in added):
        raise _refuse(key, "합계는 숫자 열에만 냅니다", "only columns of numbers are added up")
    least, most = _whole(raw, "min_rows") or 0, _whole(raw, "max_rows") or MOST_ROWS
    if not 0 <= least <= most <= MOST_ROWS:
        raise _refuse(key, f"행은 {MOST_ROWS}개까지입니다", f"there are at most {MOST_ROWS} rows")
    return replace(
        question,
        columns=columns,
        min_rows=least,
        max_rows=most,
        totals=tuple(dict.fromkeys([*totals, *([column] if column else [])])),
        sum_column=column,
        sum_to=target,
    )


def _whole(raw: Mapping[str, Any], key: str) -> int | None:
    value = raw.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise _refuse(key, "정수여야 합니다", "must be a whole number")
    return value


def _choices(key: str, kind: str, raw: Mapping[str, Any], document: Mapping[str, Any]) -> tuple[Choice, ...]:
    if kind == "choice":
        return tuple(
            Choice(_word(entry, "key"), _word(entry, "label_ko"), _word(entry, "label_en"))
            for entry in _tables(raw, "choices")
        )
    if kind in {"region", "sector"}:
        words = document.get(f"{kind}s", [])
        return tuple(Choice(str(word), str(word), str(word)) for word in words)
    if kind == "ticket":
        amounts = document.get("allowed_tickets_krw", [])
        if not all(isinstance(amount, int) and amount > 0 for amount in amounts):
            raise _refuse(key, "금액은 양의 정수여야 합니다", "amounts must be whole and positive")
        return tuple(Choice(str(amount), f"{amount:,}원", f"KRW {amount:,}") for amount in amounts)
    return ()


def _gpu_parts(raw: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[Question]:
    try:
        quarters = [str(Quarter.parse(str(text))) for text in document.get("quarters", [])]
    except ValueError as error:
        raise _refuse("quarters", str(error), str(error)) from None
    for sku in document.get("skus", []):
        for quarter in quarters:
            yield Question(
                key=f"gpu_{str(sku).lower()}_{quarter}",
                kind="hours",
                label_ko=f"{raw.get('label_ko', 'GPU신청')} {str(sku).upper()} {quarter}",
                label_en=f"{raw.get('label_en', 'GPU-hours')} {str(sku).upper()} {quarter}",
                minimum=0,
                sku=str(sku).upper(),
                quarter=quarter,
            )


def _require_any(raw: Mapping[str, Any]) -> RequireAny:
    return RequireAny(
        tuple(str(key) for key in raw.get("keys", ())), _word(raw, "message_ko"), _word(raw, "message_en")
    )


def openable(form: Form) -> list[Question]:
    """Return the questions that may be opened again after an application was sent: tables as a whole.

    Not the company's own numbers: another number is another company.
    """
    return [one for one in form.questions if one.key not in _IDENTITY]


def fields_of(form: Form, questions: Collection[str]) -> list[str]:
    """Return the keys of the answers that questions stand for: of a GPU request, each SKU and quarter."""
    return [field.key for one in form.questions if one.key in questions for field in one.parts or (one,)]


_IDENTITY = frozenset({"business_number", "corporate_number"})
