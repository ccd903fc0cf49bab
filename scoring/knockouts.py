"""Knock-outs: requirements that points cannot buy."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from scoring.canonical import Json
from scoring.catalogue import CATALOGUE
from scoring.facts import Facts, Value
from scoring.operators import holds
from scoring.rubric import Condition, Knockout, Rubric
from scoring.wording import answer_text


class Outcome(StrEnum):
    """A knock-out's result: a fail needs a person's override, an unknown a question to the applicant."""

    PASS = "pass"  # noqa: S105  the result of a check, not a password
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class KnockoutResult:
    """One knock-out applied to one application.

    Attributes:
        fields: What decided it: the failing answers, the missing ones, or all that hold.
    """

    key: str
    label_ko: str
    label_en: str
    outcome: Outcome
    reason_ko: str
    reason_en: str
    fields: tuple[str, ...]

    def to_document(self) -> dict[str, Json]:
        """Give the result as plain JSON values."""
        return {
            "key": self.key,
            "label_ko": self.label_ko,
            "label_en": self.label_en,
            "outcome": self.outcome.value,
            "reason": self.reason_ko,
            "reason_en": self.reason_en,
            "fields": list(self.fields),
        }


def _result(
    knockout: Knockout, outcome: Outcome, conditions: Sequence[tuple[Condition, Value | None]]
) -> KnockoutResult:
    keys = tuple(dict.fromkeys(condition.field for condition, _ in conditions))
    answered = [answer_text(condition.field, answer) for condition, answer in conditions if answer is not None]
    match outcome:
        case Outcome.UNKNOWN:
            reason_ko = "응답 필요: " + ", ".join(CATALOGUE[key].label_ko for key in keys)
            reason_en = "Answer needed: " + ", ".join(CATALOGUE[key].label_en for key in keys)
        case Outcome.FAIL:
            reason_ko = f"{knockout.reason_ko} ({', '.join(korean for korean, _ in answered)})"
            reason_en = f"{knockout.reason_en} ({', '.join(english for _, english in answered)})"
        case Outcome.PASS:
            reason_ko = "충족 (" + ", ".join(korean for korean, _ in answered) + ")"
            reason_en = "Met (" + ", ".join(english for _, english in answered) + ")"
    return KnockoutResult(knockout.key, knockout.label_ko, knockout.label_en, outcome, reason_ko, reason_en, keys)


def check_knockout(knockout: Knockout, answers: Sequence[Value | None]) -> KnockoutResult:
    """Apply one knock-out to the answers of its conditions' fields.

    Returns:
        Fail when any answer breaks a condition; otherwise unknown when any answer is missing; otherwise pass.
    """
    asked = list(zip(knockout.requires, answers, strict=True))
    failing = [(c, a) for c, a in asked if a is not None and not holds(c.operator, c.value, a)]
    if failing:
        return _result(knockout, Outcome.FAIL, failing)
    missing = [(c, a) for c, a in asked if a is None]
    if missing:
        return _result(knockout, Outcome.UNKNOWN, missing)
    return _result(knockout, Outcome.PASS, asked)


# Answers to requirements are few, and thousands of applications give the same ones.
@lru_cache(maxsize=4096)
def _checked(rubric: Rubric, place: int, answers: tuple[Value | None, ...]) -> KnockoutResult:
    return check_knockout(rubric.knockouts[place], answers)


def check_knockouts(facts: Facts, rubric: Rubric) -> tuple[KnockoutResult, ...]:
    """Apply all of a rubric's knock-outs, in its order."""
    values = facts.values
    return tuple(
        [
            _checked(rubric, place, tuple([values.get(condition.field) for condition in knockout.requires]))
            for place, knockout in enumerate(rubric.knockouts)
        ]
    )
