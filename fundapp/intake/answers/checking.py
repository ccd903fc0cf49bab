"""What canonical answers still lack."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from fundapp.intake.answers.problems import cell_problem, problem
from fundapp.intake.answers.reading import read_answers
from fundapp.intake.form import FieldProblem, Form, Question

INCOMPLETE = frozenset({"required", "cell_required", "too_few_rows", "sum_differs"})
"""Problems of what is not there yet, rather than wrong."""
_MOST_DIGITS = 24


def find_missing(form: Form, answers: Mapping[str, Any], *, relaxed: Collection[str] = ()) -> list[FieldProblem]:
    """Return a problem for each required question without an answer, and for each group with none at all.

    Args:
        form: The call's form.
        answers: Canonical answers.
        relaxed: Keys of questions that may stay unanswered.
    """
    form, problems = form.asked_of(answers), list[FieldProblem]()
    for question in form.questions:
        if question.columns and question.key in answers:
            problems += _incomplete_rows(form, question, answers)
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


def _incomplete_rows(form: Form, question: Question, answers: Mapping[str, Any]) -> Iterator[FieldProblem]:
    """Yield what rows lack: a cell that is needed, a row, or the sum that they must come to."""
    rows = answers[question.key]
    if not isinstance(rows, list):
        return
    for place, row in enumerate(rows):
        for column in question.columns:
            if column.required and column.key not in row:
                yield cell_problem(question, place, column, "cell_required")
    if len(rows) < question.min_rows:
        yield problem(question.key, "too_few_rows", limit=question.min_rows)
    target = form.fields.get(question.sum_to)
    wanted = answers.get(question.sum_to)
    if target is not None and isinstance(wanted, int):
        total, column = add_up(rows, question.sum_column), _column(question)
        if total != wanted:
            yield problem(
                question.key,
                "sum_differs",
                column=column.label_ko,
                column_en=column.label_en,
                target=target.label_ko,
                target_en=target.label_en,
                total=f"{total:,f}",
                wanted=f"{wanted:,}",
                gap=f"{wanted - total:,f}",
            )


def _column(question: Question) -> Question:
    return next(column for column in question.columns if column.key == question.sum_column)


def add_up(rows: Sequence[Mapping[str, Any]], column: str) -> Decimal:
    """Return the sum of a column of rows; what is no number, or far beyond any that is meant, counts as nothing."""
    total = Decimal(0)
    for row in rows:
        try:
            number = Decimal(str(row.get(column, 0)))
        except InvalidOperation:
            continue
        if number.is_finite() and abs(number.adjusted()) < _MOST_DIGITS:
            total += number
    return total


def validate_answers(
    form: Form, answers: Mapping[str, Any], *, today: date, relaxed: Collection[str] = ()
) -> list[FieldProblem]:
    """Return everything that keeps answers from being submitted: what cannot be read and what is missing."""
    reading = read_answers(form, form.asked_answers(answers), today=today)
    unreadable = {(found.field, found.cell) for found in reading.problems}
    missing = find_missing(form, reading.answers, relaxed=relaxed)
    return reading.problems + [found for found in missing if (found.field, found.cell) not in unreadable]
