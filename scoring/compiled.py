"""A rubric made ready for thousands of applications: rules grouped by field, extremes worked out once."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from scoring.catalogue import CATALOGUE, Field, Kind
from scoring.facts import Value
from scoring.operators import Operand, Operator, holds, telling_values
from scoring.rubric import Criterion, Rubric, Rule
from scoring.scorecard import Reason
from scoring.terms import SpelledConcepts, matched_terms, normalise, spell_out


@dataclass(frozen=True, slots=True)
class Gain:
    """What one rule gave: tenths of a point before the criterion's maximum, and the reason as it will be shown."""

    points: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class FieldRules:
    """All rules of one criterion on one field.

    Attributes:
        potential: The most tenths any single answer to the field earns.
        best: The rules that such an answer meets.
        weight: The field's part of the criterion's maximum; `CompiledCriterion.unit` of it make a tenth.
        options: What each answer earns, for fields with few possible answers; otherwise empty.
        whole: What each rule asks and gives, made ready once; for text, empty.
        sought: For text, each rule with the concepts that it looks for, spelled out; otherwise empty.
        best_ko: What the best answer is, in Korean.
        best_en: The same in English.
    """

    field: Field
    rules: tuple[Rule, ...]
    potential: int
    best: tuple[Rule, ...]
    weight: int
    options: Mapping[Value, tuple[Gain, ...]]
    whole: tuple[tuple[Operator, Operand, Gain], ...]
    sought: tuple[tuple[Rule, SpelledConcepts], ...]
    best_ko: str
    best_en: str

    def gains(self, answer: Value) -> Sequence[Gain]:
        """List what an answer earns, rule by rule."""
        known = self.options.get(answer)
        if known is not None:
            return known
        if isinstance(answer, str) and self.field.kind is Kind.TEXT:
            text = normalise(answer)
            return [gain for rule, concepts in self.sought if (gain := _text_gain(rule, concepts, text)).points]
        return [gain for asked, operand, gain in self.whole if holds(asked, operand, answer)]


@dataclass(frozen=True, slots=True)
class CompiledCriterion:
    """A criterion with its rules by field; `unit` is the sum of the fields' potentials."""

    criterion: Criterion
    fields: tuple[FieldRules, ...]
    unit: int


def _gain(rule: Rule, points: int, matched: tuple[str, ...]) -> Gain:
    return Gain(points, Reason(rule.field, points, rule.reason_ko, rule.reason_en, matched))


def _whole(field: Field, rules: tuple[Rule, ...]) -> tuple[tuple[Operator, Operand, Gain], ...]:
    if field.kind is Kind.TEXT:
        return ()
    return tuple((rule.operator, rule.value, _gain(rule, rule.points, ())) for rule in rules)


def _options(field: Field, whole: tuple[tuple[Operator, Operand, Gain], ...]) -> dict[Value, tuple[Gain, ...]]:
    if field.kind not in {Kind.BOOLEAN, Kind.CHOICE}:
        return {}
    return {
        answer: tuple(gain for asked, operand, gain in whole if holds(asked, operand, answer))
        for answer in telling_values(field, [])
    }


def _concepts(rule: Rule) -> tuple[tuple[str, ...], ...]:
    if not isinstance(rule.value, tuple):
        return ()
    return tuple(concept for concept in rule.value if isinstance(concept, tuple))


def _sought(field: Field, rules: tuple[Rule, ...]) -> tuple[tuple[Rule, SpelledConcepts], ...]:
    if field.kind is not Kind.TEXT:
        return ()
    return tuple((rule, spell_out(_concepts(rule))) for rule in rules)


def _text_gain(rule: Rule, concepts: SpelledConcepts, text: str) -> Gain:
    matched = matched_terms(text, concepts)
    return _gain(rule, min(rule.points * len(matched), rule.cap or 0), matched)


def _best(field: Field, rules: tuple[Rule, ...]) -> tuple[int, tuple[Rule, ...]]:
    if field.kind is Kind.TEXT:
        # A text can hold every word there is, so every rule reaches its own cap at once.
        return sum(min(rule.points * len(_concepts(rule)), rule.cap or 0) for rule in rules), rules
    best: tuple[Rule, ...] = ()
    for value in telling_values(field, [rule.value for rule in rules]):
        met = tuple(rule for rule in rules if holds(rule.operator, rule.value, value))
        if sum(rule.points for rule in met) > sum(rule.points for rule in best):
            best = met
    return sum(rule.points for rule in best), best


def compile_criterion(criterion: Criterion) -> CompiledCriterion:
    """Group a criterion's rules by field and work out what each field can earn."""
    keys = dict.fromkeys(rule.field for rule in criterion.rules)
    grouped = {key: tuple(rule for rule in criterion.rules if rule.field == key) for key in keys}
    extremes = {key: _best(CATALOGUE[key], rules) for key, rules in grouped.items()}
    unit = sum(potential for potential, _ in extremes.values())
    fields = tuple(
        FieldRules(
            CATALOGUE[key],
            rules,
            *extremes[key],
            weight=criterion.maximum * extremes[key][0],
            options=_options(CATALOGUE[key], _whole(CATALOGUE[key], rules)),
            whole=_whole(CATALOGUE[key], rules),
            sought=_sought(CATALOGUE[key], rules),
            best_ko=f"{CATALOGUE[key].label_ko}: {', '.join(rule.reason_ko for rule in extremes[key][1])}",
            best_en=f"{CATALOGUE[key].label_en}: {', '.join(rule.reason_en for rule in extremes[key][1])}",
        )
        for key, rules in grouped.items()
    )
    return CompiledCriterion(criterion, fields, unit)


@lru_cache(maxsize=32)
def common_unit(rubric: Rubric) -> int:
    """Give the number that every criterion's unit divides: shares of criteria add up in whole multiples of it."""
    return math.lcm(*(compiled.unit for compiled in compile_rubric(rubric)))


@lru_cache(maxsize=32)
def compile_rubric(rubric: Rubric) -> tuple[CompiledCriterion, ...]:
    """Make a rubric ready for scoring; the last few rubrics stay ready."""
    return tuple(compile_criterion(criterion) for criterion in rubric.criteria)
