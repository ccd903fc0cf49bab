"""Rows of a table as facts: what can be read is read, what cannot is refused by row and field."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scoring.canonical import Json
from scoring.catalogue import CATALOGUE
from scoring.facts import FactError, Facts, is_context


@dataclass(frozen=True, slots=True)
class Refusal:
    """One row that cannot be scored, and why; rows count from 1, the header not counted."""

    row: int
    field: str
    message_ko: str
    message_en: str

    def to_document(self) -> dict[str, Json]:
        """Give the refusal as plain JSON values."""
        return {
            "row": self.row,
            "field": self.field,
            "code": "unreadable",
            "message": self.message_ko,
            "message_en": self.message_en,
        }


class RowError(ValueError):
    """A table with a column that nobody knows, or a row that cannot be read.

    Attributes:
        field: The column.
        row: Number of the row from 1, or None for the whole column.
        message_ko: Place and reason in Korean.
        message_en: Place and reason in English.
    """

    def __init__(self, field: str, message_ko: str, message_en: str, *, row: int | None = None) -> None:
        """Name the row in front of both messages."""
        self.field = field
        self.row = row
        self.message_ko = message_ko if row is None else f"{row}행, {message_ko}"
        self.message_en = message_en if row is None else f"row {row}, {message_en}"
        super().__init__(self.message_en)


def _names() -> dict[str, str]:
    words = {key: key for key in CATALOGUE}
    for key, field in CATALOGUE.items():
        words.setdefault(field.label_ko, key)
        words.setdefault(field.label_en, key)
    return words


def match_columns(headers: Iterable[str], *, keep: Sequence[str] = ()) -> dict[str, str]:
    """Match column names, which may be keys or labels in Korean or English, with fields.

    Args:
        headers: The columns.
        keep: Columns that stand beside the facts and are not read.

    Returns:
        By column the field's key; columns of identification are left out.

    Raises:
        RowError: If a column is neither a field, nor identification, nor to be kept; or two are the same field.
    """
    names = _names()
    found: dict[str, str] = {}
    for header in headers:
        if header in keep or is_context(header):
            continue
        key = names.get(header.strip())
        if key is None:
            near = difflib.get_close_matches(header, sorted(names), n=1)
            raise RowError(
                header,
                f"{header}: 알 수 없는 열입니다.{f' 혹시 {near[0]}?' if near else ''}",
                f"{header}: no score knows this column.{f' Did you mean {near[0]!r}?' if near else ''}",
            )
        if key in found.values():
            raise RowError(header, f"{header}: 같은 항목의 열이 두 개입니다.", f"{header}: two columns are {key}.")
        found[header] = key
    return found


def plain(value: Any) -> object:  # noqa: ANN401 - a cell may hold anything
    """Give a cell as a plain Python value; a missing one, in pandas' or NumPy's way of saying so, as None."""
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return None
    if isinstance(value, datetime):
        return value.date()
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and math.isnan(value) else value


def read_rows(
    rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]
) -> tuple[list[Facts | None], list[Refusal]]:
    """Read rows as facts.

    Args:
        rows: By column the cell.
        columns: By column the field; see `match_columns`.

    Returns:
        The facts, None for each row that cannot be read; and why it cannot.
    """
    facts: list[Facts | None] = []
    refusals: list[Refusal] = []
    for number, row in enumerate(rows, 1):
        try:
            facts.append(Facts.from_answers({key: plain(row.get(column)) for column, key in columns.items()}))
        except FactError as error:
            facts.append(None)
            refusals.append(Refusal(number, error.field, error.message_ko, error.message_en))
    return facts, refusals
