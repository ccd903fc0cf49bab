"""A report's tables in words, for pages: what the printed report says, cell by cell, and where each figure leads."""

from __future__ import annotations

from dataclasses import dataclass

from reports import Preview
from reports.formats import Locale, Scale
from reports.sections.model import NUMERIC, Row, Section, Table, cell_text, kind_of, unit_label

_BASES = frozenset({"committed", "paid_in", "distributed", "nav", "tvpi", "dpi", "rvpi", "pic", "irr"})
_WORDS = frozenset({"conditions", "obligations", "reasons"})
"""Tables of words: their rows name awards, and no amount stands in them that a flow could explain."""


@dataclass(frozen=True, slots=True)
class Head:
    """A column: what it is called, its unit, whether numbers stand in it, and whose capital it shows."""

    key: str
    label: str
    unit: str
    numeric: bool
    tone: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One cell in words; `figure` names the trail behind it, if there is one."""

    text: str
    figure: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """One row; `strong` marks totals."""

    key: str
    entries: tuple[Entry, ...]
    strong: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table in words; `empty` is said when it has no rows."""

    key: str
    title: str
    heads: tuple[Head, ...]
    lines: tuple[Line, ...]
    footnotes: tuple[str, ...]
    empty: str


@dataclass(frozen=True, slots=True)
class Notes:
    """A titled list of sentences; `tone` is good, bad or plain."""

    title: str
    tone: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chapter:
    """A numbered section in words; `charts` are keys of the preview's drawings."""

    number: int
    key: str
    title: str
    paragraphs: tuple[str, ...]
    notes: tuple[Notes, ...]
    charts: tuple[str, ...]
    sheets: tuple[Sheet, ...]


def lay_out(preview: Preview, locale: Locale) -> tuple[Chapter, ...]:
    """Return a report's sections as the printed files word them, in the language they were composed in."""
    traced = frozenset(figure.key for figure in preview.figures.listed if figure.references)
    return tuple(_chapter(section, traced, locale) for section in preview.sections)


def sheet_of(table: Table, locale: Locale) -> Sheet:
    """Return one table in words, without trails."""
    return _sheet(table, frozenset(), locale)


def chapter_of(section: Section, locale: Locale) -> Chapter:
    """Return one section in words, without trails."""
    return _chapter(section, frozenset(), locale)


def _chapter(section: Section, traced: frozenset[str], locale: Locale) -> Chapter:
    return Chapter(
        number=section.number,
        key=section.key,
        title=section.title,
        paragraphs=section.paragraphs,
        notes=tuple(Notes(part.title, part.tone, part.items) for part in section.listings),
        charts=section.charts,
        sheets=tuple(_sheet(table, traced, locale) for table in section.tables),
    )


def _sheet(table: Table, traced: frozenset[str], locale: Locale) -> Sheet:
    scale = table.scale(locale)
    heads = tuple(
        Head(column.key, column.label, unit_label(column, scale, locale), column.kind in NUMERIC, column.tone)
        for column in table.columns
    )
    lines = tuple(_line(table, row, scale, traced, locale) for row in table.rows)
    return Sheet(table.key, table.title, heads, lines, table.footnotes, table.empty)


def _line(table: Table, row: Row, scale: Scale, traced: frozenset[str], locale: Locale) -> Line:
    trails = [_trail_of(table, row, column.key) for column in table.columns]
    known = [trail if trail in traced else None for trail in trails]
    if row.references and table.key not in _WORDS and not any(known):
        # No cell of this row is a listed figure: the row itself knows what it rests on.
        known[0] = f"{table.key}.{row.key}"
    texts = [
        cell_text(cell, kind_of(row, column), scale, locale, plus=row.signed)
        for column, cell in zip(table.columns, row.cells, strict=True)
    ]
    return Line(row.key, tuple(map(Entry, texts, known)), row.strong)


def _trail_of(table: Table, row: Row, column: str) -> str:
    """Return the key under which the report lists the figure of a cell; a key that is not listed has no trail."""
    if table.key == "headline" and row.key in _BASES:
        return f"{column}.{row.key}"
    if table.key == "gross":
        return f"gross.{row.key}.{column}"
    if table.key == "bridge":
        return f"bridge.{row.key}" if column == "amount" else ""
    return f"{row.key}.{column}" if table.key in {"net", "market"} else ""
