"""Answers that have rows, as tables and as text; every room reads them the same way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fundapp.intake.answers import add_up
from fundapp.intake.form import Question
from fundapp.web.shell.formats import won
from fundapp.web.shell.language import current_locale, gettext, pick

_FIGURES = frozenset({"integer", "krw", "number"})


@dataclass(frozen=True, slots=True)
class RowsTable:
    """The rows of one answer.

    Attributes:
        heads: Labels of the columns.
        figures: Which of them hold numbers, by place.
        lines: Cells in words.
        totals: The last line, "" where nothing is added up; empty where no column is.
    """

    heads: tuple[str, ...]
    figures: frozenset[int]
    lines: tuple[tuple[str, ...], ...]
    totals: tuple[str, ...]


def rows_table(question: Question, value: Any, say: Callable[[Question, Any], str]) -> RowsTable | None:  # noqa: ANN401 - JSON
    """Return the rows of an answer in words; None where there are none."""
    if not question.columns or not isinstance(value, list) or not value:
        return None
    rows = [row for row in value if isinstance(row, Mapping)]
    totals = tuple(_total(column, rows) if column.key in question.totals else "" for column in question.columns)
    return RowsTable(
        heads=tuple(pick(column.label_ko, column.label_en) for column in question.columns),
        figures=frozenset(place for place, one in enumerate(question.columns) if one.kind in _FIGURES),
        lines=tuple(tuple(say(column, row.get(column.key)) for column in question.columns) for row in rows),
        totals=totals if question.totals else (),
    )


def _total(column: Question, rows: list[Mapping[str, Any]]) -> str:
    total = add_up(rows, column.key)
    if column.kind == "krw":
        return won(int(total), current_locale())
    return f"{total:,f}"


def rows_text(question: Question, value: Any, say: Callable[[Question, Any], str]) -> str:  # noqa: ANN401 - JSON
    """Return the rows of an answer as lines of text: number, then each cell with its column's name."""
    table = rows_table(question, value, say)
    if table is None:
        return ""
    lines = [
        f"{place}. " + " · ".join(f"{head} {cell}" for head, cell in zip(table.heads, line, strict=True) if cell)
        for place, line in enumerate(table.lines, start=1)
    ]
    if table.totals:
        sums = [f"{head} {total}" for head, total in zip(table.heads, table.totals, strict=True) if total]
        lines.append(gettext("합계 %(sums)s", sums=" · ".join(sums)))
    return "\n".join(lines)
