"""What a rule may ask of an answer, and of which kinds of field."""

import operator
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from scoring.catalogue import Field, Kind
from scoring.facts import Value
from scoring.terms import Concept

Operand = Value | tuple[Value, ...] | tuple[Concept, ...] | None


class Operator(StrEnum):
    """The comparisons a rule may make."""

    EQ = "eq"
    NE = "ne"
    IN = "in"
    GTE = "gte"
    LTE = "lte"
    GT = "gt"
    LT = "lt"
    BETWEEN = "between"
    IS_TRUE = "is_true"
    IS_FALSE = "is_false"
    CONTAINS_ANY = "contains_any"


_ORDERED = frozenset({Kind.INTEGER, Kind.MONEY, Kind.NUMBER, Kind.DATE})
_COUNTABLE = _ORDERED | {Kind.CHOICE}

KINDS: Mapping[Operator, frozenset[Kind]] = {
    Operator.EQ: _COUNTABLE,
    Operator.NE: _COUNTABLE,
    Operator.IN: frozenset({Kind.CHOICE, Kind.INTEGER}),
    Operator.GTE: _ORDERED,
    Operator.LTE: _ORDERED,
    Operator.GT: _ORDERED,
    Operator.LT: _ORDERED,
    Operator.BETWEEN: _ORDERED,
    Operator.IS_TRUE: frozenset({Kind.BOOLEAN}),
    Operator.IS_FALSE: frozenset({Kind.BOOLEAN}),
    Operator.CONTAINS_ANY: frozenset({Kind.TEXT}),
}

_COMPARISONS: Mapping[Operator, Callable[[Any, Any], object]] = {
    Operator.EQ: operator.eq,
    Operator.NE: operator.ne,
    Operator.GTE: operator.ge,
    Operator.LTE: operator.le,
    Operator.GT: operator.gt,
    Operator.LT: operator.lt,
}

_DAY = timedelta(days=1)
_NUMBER_STEP = Decimal("0.000001")


def fits(field: Field, operand: object) -> bool:
    """Say whether a rubric's operand is one value of the field's own kind."""
    match field.kind:
        case Kind.CHOICE:
            choice = field.find_choice(operand) if isinstance(operand, str) else None
            return choice is not None and not choice.means_missing
        case Kind.INTEGER | Kind.MONEY:
            return isinstance(operand, int) and not isinstance(operand, bool)
        case Kind.NUMBER:
            return isinstance(operand, int | Decimal) and not isinstance(operand, bool)
        case Kind.DATE:
            return type(operand) is date
        case _:
            return False


def holds(asked: Operator, operand: Operand, answer: Value) -> bool:
    """Say whether an answer meets a comparison whose kinds were checked when the rubric was read.

    Text is not asked here: `scoring.terms.matched_terms` counts its concepts.
    """
    compare = _COMPARISONS.get(asked)
    if compare is not None:
        return bool(compare(answer, operand))
    if isinstance(operand, tuple):
        if asked is Operator.IN:
            return answer in operand
        low, high = operand
        return bool(operator.ge(answer, low)) and bool(operator.le(answer, high))
    return answer is (asked is Operator.IS_TRUE)


def _around(field: Field, threshold: Value) -> tuple[Value, ...]:
    """Give a threshold and its nearest neighbours on both sides, within what the field can hold."""
    if isinstance(threshold, date):
        neighbours = [threshold]
        if threshold > date.min:
            neighbours.append(threshold - _DAY)
        if threshold < date.max:
            neighbours.append(threshold + _DAY)
        return tuple(neighbours)
    if isinstance(threshold, int | Decimal):
        step = _NUMBER_STEP if field.kind is Kind.NUMBER else 1
        near = (threshold, threshold - step, threshold + step)
        return tuple(n for n in near if n >= 0 and (field.maximum is None or n <= field.maximum))
    return (threshold,)


def telling_values(field: Field, operands: list[Operand]) -> tuple[Value, ...]:
    """List answers that between them show every outcome a set of comparisons can have.

    Comparisons of one field only change their outcome at their thresholds, so the thresholds and their
    nearest neighbours (one unit, one day, a millionth of a number) are enough. Choices and yes/no are
    listed whole.
    """
    if field.kind is Kind.BOOLEAN:
        return (True, False)
    if field.kind is Kind.CHOICE:
        return tuple(choice.code for choice in field.choices if not choice.means_missing)
    values: dict[Value, None] = {}
    for operand in operands:
        thresholds = operand if isinstance(operand, tuple) else (operand,)
        for threshold in thresholds:
            if threshold is not None and not isinstance(threshold, tuple):
                values.update(dict.fromkeys(_around(field, threshold)))
    return tuple(values)
