"""What an amended answer says otherwise, before and after: of a table row by row and cell by cell."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from fundapp.intake.form import Form, Question
from fundapp.web.portal import shown
from fundapp.web.shell.language import pick

_Cells = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table; `mark` is `same`, `new`, `out` or `changed`, and each cell says before and after."""

    mark: str
    cells: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """One answer that was changed: what it said before and says now; of a table, its heads and lines instead."""

    label: str
    before: str
    after: str
    heads: _Cells = ()
    lines: tuple[Line, ...] = ()


def differences(
    form: Form, questions: Collection[str], before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[Changed]:
    """Return what differs in some questions' answers; of a GPU request, each SKU and quarter by itself."""
    return [
        _changed(field, before.get(field.key), after.get(field.key))
        for one in form.questions
        if one.key in questions
        for field in one.parts or (one,)
        if before.get(field.key) != after.get(field.key)
    ]


def _changed(question: Question, before: Any, after: Any) -> Changed:  # noqa: ANN401 - JSON
    label = shown.label_of(question)
    if not question.columns:
        return Changed(label, shown.spoken(question, before), shown.spoken(question, after))
    heads = tuple(pick(column.label_ko, column.label_en) for column in question.columns)
    lines = tuple(compare_rows(_cells(question, before), _cells(question, after)))
    return Changed(label, "", "", heads, lines)


def _cells(question: Question, value: Any) -> list[_Cells]:  # noqa: ANN401 - JSON
    rows = [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []
    return [tuple(shown.spoken(column, row.get(column.key)) for column in question.columns) for row in rows]


def compare_rows(before: Sequence[_Cells], after: Sequence[_Cells]) -> Iterator[Line]:
    """Yield the rows of both in order: those that stayed, went and came; one in the place of another is changed."""
    for what, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what == "equal":
            yield from (Line("same", tuple((cell, cell) for cell in row)) for row in before[i1:i2])
            continue
        for old, new in zip_longest(before[i1:i2], after[j1:j2]):
            yield Line(_mark(old, new), tuple(zip_longest(old or (), new or (), fillvalue="")))


def _mark(old: _Cells | None, new: _Cells | None) -> str:
    if old is None:
        return "new"
    return "out" if new is None else "changed"
