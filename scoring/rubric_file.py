"""Reading a rubric from TOML, refusing everything a score could quietly get wrong."""

import difflib
import tomllib
from collections.abc import Collection, Mapping
from decimal import Decimal
from functools import cache
from importlib import resources
from pathlib import Path
from typing import NoReturn

from scoring.catalogue import CATALOGUE, Field, Kind
from scoring.compiled import compile_criterion
from scoring.facts import Value
from scoring.operators import KINDS, Operand, Operator, fits, holds
from scoring.rubric import TOTAL_TENTHS, Condition, Criterion, Knockout, Rubric, RubricError, Rule
from scoring.terms import Concept
from scoring.textual.dictionary import LONGEST_FILE, Dictionary, DictionaryError, read_concepts
from scoring.wording import points_text

_RUBRIC_KEYS = frozenset({"version", "title_ko", "title_en", "knockouts", "criteria", "dictionaries"})
_CRITERION_KEYS = frozenset({"key", "label_ko", "label_en", "maximum", "rules"})
_RULE_KEYS = frozenset({"field", "operator", "value", "points", "cap", "terms", "reason_ko", "reason_en"})
_KNOCKOUT_KEYS = frozenset({"key", "label_ko", "label_en", "reason_ko", "reason_en", "requires"})
_CONDITION_KEYS = frozenset({"field", "operator", "value"})
_ENDS = 2

_Dictionaries = Mapping[str, tuple[Concept, ...]]


class _Table:
    """One TOML table together with its place, so that every complaint can name it."""

    def __init__(self, entries: object, allowed: Collection[str], *, criterion: str | None, rule: int | None) -> None:
        self.criterion = criterion
        self.rule = rule
        self.field: str | None = None
        if not isinstance(entries, dict):
            self.refuse("표(table)가 필요합니다.", "a table is expected here.")
        self.entries: dict[str, object] = entries
        for key in entries:
            if key not in allowed:
                self.refuse(
                    f"알 수 없는 설정 {key}.{_meant(key, allowed)[0]}",
                    f"unknown setting {key!r}.{_meant(key, allowed)[1]}",
                )

    def refuse(self, message_ko: str, message_en: str, setting: str | None = None) -> NoReturn:
        raise RubricError(
            message_ko, message_en, criterion=self.criterion, rule=self.rule, field=self.field, setting=setting
        )

    def text(self, key: str) -> str:
        value = self.entries.get(key)
        if not isinstance(value, str) or not value.strip():
            self.refuse(f"{key}에 글자가 필요합니다.", f"{key} must be text.", key)
        return value

    def tables(self, key: str) -> list[object]:
        value = self.entries.get(key)
        if not isinstance(value, list) or not value:
            self.refuse(f"{key} 목록이 비어 있습니다.", f"{key} must list at least one entry.", key)
        return value

    def tenths(self, key: str) -> int:
        value = self.entries.get(key)
        number = value if isinstance(value, int | Decimal) and not isinstance(value, bool) else None
        if number is None or not Decimal(number).is_finite() or number <= 0:
            self.refuse(f"{key}에 0보다 큰 점수가 필요합니다.", f"{key} must be points above 0.", key)
        tenths = Decimal(number) * 10
        if tenths > TOTAL_TENTHS or tenths != int(tenths):
            self.refuse(
                f"{key}: 0.1점 단위, 최대 100점이어야 합니다.",
                f"{key} must be whole tenths of a point, at most 100.",
                key,
            )
        return int(tenths)


def _meant(word: str, known: Collection[str]) -> tuple[str, str]:
    near = difflib.get_close_matches(word, sorted(known), n=1)
    return (f" 혹시 {near[0]}?", f" Did you mean {near[0]!r}?") if near else ("", "")


def _field(table: _Table) -> Field:
    key = table.text("field")
    table.field = key
    field = CATALOGUE.get(key)
    if field is None:
        korean, english = _meant(key, CATALOGUE)
        table.refuse(f"알 수 없는 항목입니다.{korean}", f"no such field.{english}", "field")
    return field


def _operator(table: _Table, field: Field) -> Operator:
    word = table.text("operator")
    if word not in {known.value for known in Operator}:
        korean, english = _meant(word, [known.value for known in Operator])
        table.refuse(f"알 수 없는 연산자 {word}.{korean}", f"unknown operator {word!r}.{english}", "operator")
    asked = Operator(word)
    if field.kind not in KINDS[asked]:
        table.refuse(
            f"연산자 {word}: {field.kind.value} 항목에는 쓸 수 없습니다.",
            f"operator {word} does not apply to a {field.kind.value} field.",
            "operator",
        )
    return asked


def _one_operand(table: _Table, field: Field, value: object) -> Value:
    if not isinstance(value, Value) or not fits(field, value):
        codes = ", ".join(choice.code for choice in field.choices if not choice.means_missing)
        expected = codes or field.kind.value
        table.refuse(
            f"value {value!r}: 형식이 맞지 않습니다. 가능한 값: {expected}.",
            f"value {value!r} does not fit; expected {expected}.",
            "value",
        )
    return value


def _operand(table: _Table, field: Field, asked: Operator) -> Operand:
    if asked in {Operator.IS_TRUE, Operator.IS_FALSE}:
        if "value" in table.entries:
            table.refuse(f"{asked.value}에는 value를 쓰지 않습니다.", f"{asked.value} takes no value.", "value")
        return None
    value = table.entries.get("value")
    if asked not in {Operator.IN, Operator.BETWEEN}:
        return _one_operand(table, field, value)
    if not isinstance(value, list) or not value:
        table.refuse(f"{asked.value}: 목록이 필요합니다.", f"{asked.value} needs a list.", "value")
    parts = tuple(_one_operand(table, field, part) for part in value)
    if asked is Operator.BETWEEN and (len(parts) != _ENDS or not holds(Operator.LTE, parts[1], parts[0])):
        table.refuse("between: [낮은 값, 높은 값]이 필요합니다.", "between needs [low, high].", "value")
    return parts


def _dictionaries(table: _Table, dictionary: Dictionary | None) -> _Dictionaries:
    shared = dict(dictionary.criteria) if dictionary is not None else {}
    try:
        return shared | read_concepts(table.entries.get("dictionaries", {}))
    except DictionaryError as error:
        table.field = f"dictionaries.{error.place}" if error.place else "dictionaries"
        table.refuse(error.fault_ko, error.fault_en)


def _require_apart(criterion: str, rules: tuple[Rule, ...]) -> None:
    """Refuse two bins of one field that share a value: it would earn both, and neither reason would be true."""
    seen: dict[str, list[Rule]] = {}
    for number, rule in enumerate(rules, 1):
        if rule.operator is not Operator.BETWEEN or not isinstance(rule.value, tuple):
            continue
        for other in seen.setdefault(rule.field, []):
            # Both are [low, high], both ends included: they share a value if either's low end lies in the other.
            one, two = rule.value, other.value
            if isinstance(two, tuple) and (_lies_in(one[0], two) or _lies_in(two[0], one)):
                raise RubricError(
                    f"구간이 겹칩니다: {one[0]}~{one[1]}, {two[0]}~{two[1]}.",
                    f"bins overlap: {one[0]} to {one[1]} and {two[0]} to {two[1]}.",
                    criterion=criterion,
                    rule=number,
                    field=rule.field,
                )
        seen[rule.field].append(rule)


def _lies_in(value: object, ends: Operand) -> bool:
    return isinstance(value, Value) and holds(Operator.BETWEEN, ends, value)


def _rule(entries: object, criterion: str, number: int, dictionaries: _Dictionaries) -> Rule:
    table = _Table(entries, _RULE_KEYS, criterion=criterion, rule=number)
    field = _field(table)
    asked = _operator(table, field)
    textual = asked is Operator.CONTAINS_ANY
    for key in ("terms", "cap") if not textual else ("value",):
        if key in table.entries:
            table.refuse(f"{asked.value}에는 {key}를 쓰지 않습니다.", f"{asked.value} takes no {key}.", key)
    operand: Operand
    if textual:
        name = table.text("terms")
        if name not in dictionaries:
            korean, english = _meant(name, dictionaries)
            table.refuse(f"사전 {name} 없음.{korean}", f"no dictionary {name!r}.{english}", "terms")
        operand = dictionaries[name]
    else:
        operand = _operand(table, field, asked)
    return Rule(
        field=field.key,
        operator=asked,
        value=operand,
        points=table.tenths("points"),
        reason_ko=table.text("reason_ko"),
        reason_en=table.text("reason_en"),
        cap=table.tenths("cap") if textual else None,
    )


def _criterion(entries: object, dictionaries: _Dictionaries) -> Criterion:
    table = _Table(entries, _CRITERION_KEYS, criterion=None, rule=None)
    key = table.criterion = table.text("key")
    criterion = Criterion(
        key=key,
        label_ko=table.text("label_ko"),
        label_en=table.text("label_en"),
        maximum=table.tenths("maximum"),
        rules=tuple(_rule(rule, key, number, dictionaries) for number, rule in enumerate(table.tables("rules"), 1)),
    )
    _require_apart(key, criterion.rules)
    compiled = compile_criterion(criterion)
    for asked in compiled.fields:
        if not asked.potential:
            table.field = asked.field.key
            table.refuse("어떤 응답도 점수를 얻지 못합니다.", "no possible answer earns points.")
    if compiled.unit < criterion.maximum:
        table.refuse(
            f"규칙의 합 {points_text(compiled.unit)}점: 최대 {points_text(criterion.maximum)}점에 미달.",
            f"its rules reach {points_text(compiled.unit)} points, not {points_text(criterion.maximum)}.",
        )
    return criterion


def _condition(entries: object, knockout: str, number: int) -> Condition:
    table = _Table(entries, _CONDITION_KEYS, criterion=knockout, rule=number)
    field = _field(table)
    asked = _operator(table, field)
    if asked is Operator.CONTAINS_ANY:
        table.refuse("탈락 요건에는 낱말 검색을 쓸 수 없습니다.", "a knock-out cannot search for words.")
    return Condition(field.key, asked, _operand(table, field, asked))


def _knockout(entries: object) -> Knockout:
    table = _Table(entries, _KNOCKOUT_KEYS, criterion=None, rule=None)
    key = table.criterion = table.text("key")
    return Knockout(
        key=key,
        label_ko=table.text("label_ko"),
        label_en=table.text("label_en"),
        reason_ko=table.text("reason_ko"),
        reason_en=table.text("reason_en"),
        requires=tuple(
            _condition(condition, key, number) for number, condition in enumerate(table.tables("requires"), 1)
        ),
    )


def _require_distinct(keys: list[str]) -> None:
    for key in keys:
        if keys.count(key) > 1:
            raise RubricError("같은 key가 두 번 쓰였습니다.", "the key stands twice.", criterion=key)


def _require_counted_once(criteria: tuple[Criterion, ...]) -> None:
    """Refuse an answer that counts in two criteria: it would weigh more than either maximum says."""
    home: dict[str, str] = {}
    for criterion in criteria:
        for number, rule in enumerate(criterion.rules, 1):
            first = home.setdefault(rule.field, criterion.key)
            if first != criterion.key and CATALOGUE[rule.field].kind is not Kind.TEXT:
                raise RubricError(
                    f"이미 기준 {first}에서 점수를 준 항목입니다.",
                    f"the field already counts in criterion {first}.",
                    criterion=criterion.key,
                    rule=number,
                    field=rule.field,
                )


def _build(document: object, dictionary: Dictionary | None) -> Rubric:
    table = _Table(document, _RUBRIC_KEYS, criterion=None, rule=None)
    dictionaries = _dictionaries(table, dictionary)
    rubric = Rubric(
        version=table.text("version"),
        title_ko=table.text("title_ko"),
        title_en=table.text("title_en"),
        knockouts=tuple(map(_knockout, table.tables("knockouts"))),
        criteria=tuple(_criterion(entries, dictionaries) for entries in table.tables("criteria")),
    )
    _require_distinct([criterion.key for criterion in rubric.criteria])
    _require_distinct([knockout.key for knockout in rubric.knockouts])
    _require_counted_once(rubric.criteria)
    total = sum(criterion.maximum for criterion in rubric.criteria)
    if total != TOTAL_TENTHS:
        raise RubricError(
            f"기준별 최대 점수의 합이 100이 아니라 {points_text(total)}입니다.",
            f"the criteria's maxima add up to {points_text(total)}, not 100.",
        )
    return rubric


def parse_rubric(text: str, dictionary: Dictionary | None = None) -> Rubric:
    """Read a rubric from TOML text.

    Args:
        text: The rubric; `docs/scoring.md` describes its form.
        dictionary: Lists that the rubric's text rules may name besides its own.

    Returns:
        The checked rubric.

    Raises:
        RubricError: If the text is no TOML, or anything in it is misspelt, of the wrong type, given twice,
            cannot earn points, overlaps, refers to itself, is longer than a million characters, or does not add up to
            100.
    """
    if len(text) > LONGEST_FILE:
        raise RubricError(
            f"기준표가 너무 깁니다: {len(text):,}자, 최대 {LONGEST_FILE:,}자.",
            f"the rubric is too long: {len(text):,} characters, at most {LONGEST_FILE:,}.",
        )
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise RubricError(f"TOML 형식 오류: {error}", f"not valid TOML: {error}") from error
    return _build(document, dictionary)


def load_rubric(path: Path | str, dictionary: Dictionary | None = None) -> Rubric:
    """Read a rubric from a TOML file in UTF-8.

    Raises:
        OSError: If the file cannot be opened.
        RubricError: If it is no rubric; see `parse_rubric`.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RubricError("UTF-8 파일이 아닙니다.", "the file is not UTF-8.") from error
    return parse_rubric(text, dictionary)


@cache
def default_rubric() -> Rubric:
    """Give the rubric that ships with the library."""
    packaged = resources.files("scoring").joinpath("rubrics/default.toml")
    return parse_rubric(packaged.read_text(encoding="utf-8"))
