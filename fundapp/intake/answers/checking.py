"""What canonical answers still lack."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from fundapp.intake.answers.problems import problem
from fundapp.intake.answers.reading import read_answers
from fundapp.intake.form import FieldProblem, Form


def find_missing(form: Form, answers: Mapping[str, Any], *, relaxed: Collection[str] = ()) -> list[FieldProblem]:
    """Return a problem for each required question without an answer, and for each group with none at all.

    Args:
        form: The call's form.
        answers: Canonical answers.
        relaxed: Keys of questions that may stay unanswered.
    """
    problems = []
    for question in form.questions:
        if not question.required or question.key in relaxed:
            continue
        keys = [part.key for part in question.parts] or [question.key]
        if not any(key in answers for key in keys):
            problems.append(problem(question.key, "required"))
    problems += [
        FieldProblem(rule.keys[0], "required", rule.message_ko, rule.message_en)
        for rule in form.require_any
        if not set(rule.keys) <= set(relaxed) and not any(key in answers for key in rule.keys)
    ]
    return problems


def validate_answers(
    form: Form, answers: Mapping[str, Any], *, today: date, relaxed: Collection[str] = ()
) -> list[FieldProblem]:
    """Return everything that keeps answers from being submitted: what cannot be read and what is missing."""
    reading = read_answers(form, answers, today=today)
    unreadable = {found.field for found in reading.problems}
    missing = find_missing(form, reading.answers, relaxed=relaxed)
    return reading.problems + [found for found in missing if found.field not in unreadable]
