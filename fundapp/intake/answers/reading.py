"""Reading answers question by question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from fundapp.intake.answers.problems import RefusedError, problem
from fundapp.intake.answers.readers import read_value
from fundapp.intake.form import FieldProblem, Form
from fundapp.intake.rules import corporate_number_valid


@dataclass(slots=True)
class Reading:
    """What came of reading: canonical answers, problems, and warnings that refuse nothing."""

    answers: dict[str, Any] = field(default_factory=dict)
    problems: list[FieldProblem] = field(default_factory=list)
    warnings: list[FieldProblem] = field(default_factory=list)


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
            answer = read_value(question, value, today)
        except RefusedError as refused:
            reading.problems.append(problem(key, refused.code, **refused.details))
            continue
        if answer is None:
            continue
        reading.answers[key] = answer
        if question.kind == "corporate_number" and not corporate_number_valid(answer):
            reading.warnings.append(problem(key, "corporate_check_digit"))
    return reading
