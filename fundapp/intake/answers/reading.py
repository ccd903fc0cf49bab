"""Reading answers question by question."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from fundapp.intake.answers.problems import NEVER_STORED, RefusedError, cell_problem, problem
from fundapp.intake.answers.readers import read_value
from fundapp.intake.form import MOST_ROWS, FieldProblem, Form, Question
from fundapp.intake.rules import corporate_number_valid

LONGEST_ROWS = 200_000


@dataclass(slots=True)
class Reading:
    """What came of reading: canonical answers, problems, and warnings that refuse nothing."""

    answers: dict[str, Any] = field(default_factory=dict)
    problems: list[FieldProblem] = field(default_factory=list)
    warnings: list[FieldProblem] = field(default_factory=list)


def read_rows(question: Question, value: object, today: date, reading: Reading) -> None:
    """Read the rows of one question; what cannot be read in a cell stays as typed, what must not be kept is left out.

    Args:
        question: One with columns.
        value: A list of cells by column, or the same as JSON text.
        today: The date in Seoul.
        reading: Takes the rows without blank ones, and each problem with its row and column.
    """
    try:
        rows = _rows_of(value)
    except RefusedError as refused:
        reading.problems.append(problem(question.key, refused.code, **refused.details))
        return
    if len(rows) > question.max_rows:
        reading.problems.append(problem(question.key, "too_many_rows", limit=question.max_rows))
    read = []
    for place, row in enumerate(rows):
        cells: dict[str, Any] = {}
        for column in question.columns:
            cell = row.get(column.key)
            try:
                answer = read_value(column, cell, today)
            except RefusedError as refused:
                reading.problems.append(cell_problem(question, place, column, refused.code, **refused.details))
                answer = None if refused.code in NEVER_STORED else str(cell).strip()
            if answer is not None:
                cells[column.key] = answer
        if row.keys() - {column.key for column in question.columns}:
            reading.problems.append(problem(question.key, "unknown_column"))
        read.append(cells)
    if any(read):
        reading.answers[question.key] = [cells for cells in read if cells]


def _rows_of(value: object) -> list[dict[str, Any]]:
    """Return the rows that hold anything.

    Raises:
        RefusedError: if they are no rows, or far more than anybody means.
    """
    if isinstance(value, str):
        if len(value) > LONGEST_ROWS:
            raise RefusedError("too_long", limit=LONGEST_ROWS)
        try:
            value = json.loads(value) if value.strip() else []
        except (ValueError, RecursionError):
            raise RefusedError("not_rows") from None
    if not isinstance(value, list | None) or not all(isinstance(row, dict) for row in value or []):
        raise RefusedError("not_rows")
    rows = [row for row in value or [] if any(str(cell if cell is not None else "").strip() for cell in row.values())]
    if len(rows) > 2 * MOST_ROWS:
        raise RefusedError("too_long", limit=2 * MOST_ROWS)
    return rows


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
        if question.columns:
            read_rows(question, value, today, reading)
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
