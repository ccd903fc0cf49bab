"""What another version of a report says otherwise, cell by cell, in the words of the tables."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from reports.data import plain
from reports.formats import Locale, Scale, say
from reports.sections.model import Cell, Column, Row, Section, Table, cell_text, kind_of, unit_label

_NUMBERED = re.compile(r"[a-z]+\d+")
_DERIVED = frozenset({"irr-series"})
"""Tables that repeat the flows of another; their lines would be told twice."""
_TOLD = frozenset({"highlights", "lowlights", "policies"})
"""Listings whose sentences stand in no table: what went well and badly, the policies and the preparers' notes."""

Change = Literal["changed", "added", "removed"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One cell that differs, or one line that only one version has (`column` is empty then).

    A sentence of the summary or the notes stands in no table (`table_key` is empty then).
    """

    section: int
    table_key: str
    table: str
    line: str
    column: str
    change: Change
    before: str
    after: str


def compare(before: Sequence[Section], after: Sequence[Section], locale: Locale) -> tuple[Difference, ...]:
    """The differences between two versions of the same report in the same language, in the order of the newer one."""
    earlier = {table.key: table for section in before for table in section.tables}
    found: list[Difference] = []
    for section in after:
        for table in section.tables:
            if table.key not in _DERIVED:
                found += _tables(section.number, earlier.pop(table.key, None), table, locale)
        found += _sentences(before, section)
    for section in before:
        for table in section.tables:
            if table.key in earlier and table.key not in _DERIVED:
                found += [_line(section.number, table, row, "removed", locale) for row in table.rows]
    return tuple(found)


def _sentences(before: Sequence[Section], after: Section) -> list[Difference]:
    """Sentences of a section that only one version has."""
    old = {listing.key: listing for section in before for listing in section.listings if section.key == after.key}
    found: list[Difference] = []
    for new in after.listings:
        if new.key not in _TOLD:
            continue
        earlier = old[new.key].items if new.key in old else ()
        place = (after.number, "", after.title, new.title, "")
        found += [Difference(*place, "added", "", text) for text in new.items if text not in earlier]
        found += [Difference(*place, "removed", text, "") for text in earlier if text not in new.items]
    return found


def _tables(number: int, before: Table | None, after: Table, locale: Locale) -> Iterable[Difference]:
    if before is None:
        return [_line(number, after, row, "added", locale) for row in after.rows]
    if any(_NUMBERED.fullmatch(row.key) for row in (*before.rows, *after.rows)):
        return _numbered(number, before, after, locale)
    old, new = ({row.key: row for row in table.rows} for table in (before, after))
    found: list[Difference] = []
    for key, row in new.items():
        found += _cells(number, (before, old[key]), (after, row), locale) if key in old else []
        if key not in old:
            found.append(_line(number, after, row, "added", locale))
    return found + [_line(number, before, row, "removed", locale) for key, row in old.items() if key not in new]


def _numbered(number: int, before: Table, after: Table, locale: Locale) -> list[Difference]:
    # Rows that are merely counted shift when one comes in; they are the same when they say the same.
    old, new = ([row.cells for row in table.rows] for table in (before, after))
    return [_line(number, after, row, "added", locale) for row in after.rows if row.cells not in old] + [
        _line(number, before, row, "removed", locale) for row in before.rows if row.cells not in new
    ]


def _cells(number: int, before: tuple[Table, Row], after: tuple[Table, Row], locale: Locale) -> list[Difference]:
    (old_table, old), (table, row) = before, after
    cells = {column.key: cell for column, cell in zip(old_table.columns, old.cells, strict=True)}
    found = []
    for column, cell in zip(table.columns, row.cells, strict=True):
        if column.key not in cells or cells[column.key] == cell:
            continue
        sides = [(old_table, old), (table, row)]
        texts = [_text(one, line, column.key, locale) for one, line in sides]
        if texts[0] == texts[1]:
            # They differ beyond the places that are printed.
            texts = [_exact(one, line, column.key) for one, line in sides]
        found.append(
            Difference(number, table.key, table.title, str(row.cells[0]), column.label, "changed", texts[0], texts[1])
        )
    return found


def _line(number: int, table: Table, row: Row, change: Change, locale: Locale) -> Difference:
    text = " · ".join(filter(None, (_text(table, row, column.key, locale) for column in table.columns[1:])))
    label = _text(table, row, table.columns[0].key, locale)
    sides = ("", text) if change == "added" else (text, "")
    return Difference(number, table.key, table.title, label, "", change, *sides)


def _cell(table: Table, row: Row, key: str) -> tuple[Column, Cell]:
    place = next(n for n, column in enumerate(table.columns) if column.key == key)
    return table.columns[place], row.cells[place]


def _text(table: Table, row: Row, key: str, locale: Locale) -> str:
    """A cell in full won and with its unit: what is restated by a won must show."""
    column, cell = _cell(table, row, key)
    if cell is None or cell == "":
        return ""
    kind = kind_of(row, column)
    scale = Scale(1, 0, say(locale, "원", "KRW"))
    unit = unit_label(column, scale, locale) if kind == column.kind and not isinstance(cell, str) else ""
    return f"{cell_text(cell, kind, scale, locale)} {unit}".strip()


def _exact(table: Table, row: Row, key: str) -> str:
    column, cell = _cell(table, row, key)
    return str(plain(cell, kind_of(row, column)))
