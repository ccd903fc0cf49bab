"""What a section is made of: tables with named columns and units, lists, charts. No words of the fund live here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Literal

from reports.formats import (
    DASH,
    E4,
    Locale,
    Scale,
    decimal_text,
    money_scale,
    multiple,
    percent,
    round_e4,
    say,
    signed,
)

Kind = Literal["text", "krw", "krw_e4", "hours_e4", "ratio", "percent", "count", "date", "days"]
Tone = Literal["", "cash", "gpu"]
Cell = str | int | Fraction | float | date | None
MONEY: frozenset[Kind] = frozenset({"krw", "krw_e4"})
NUMERIC: frozenset[Kind] = frozenset({"krw", "krw_e4", "hours_e4", "ratio", "percent", "count", "days"})


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `key` is stable over languages, `label` is read. `tone` names the kind of capital."""

    key: str
    label: str
    kind: Kind = "text"
    tone: Tone = ""
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `kind` overrides the columns' for rows of another unit; `strong` marks totals; `signed` shows a plus."""

    key: str
    cells: tuple[Cell, ...]
    references: tuple[str, ...] = ()
    kind: Kind | None = None
    strong: bool = False
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Formula:
    """A live spreadsheet formula for one cell.

    `[column]` is the cell of that column in the same row, `[column@row]` that of another row, and
    `[column@first:last]` a range of rows. The stored value stays beside it as the cached result.
    """

    row: str
    column: str
    expression: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table with one unit per column; all money of a table shares one printed unit.

    `whole` tables are printed however many rows they have: there is at most one for each company.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    footnotes: tuple[str, ...] = ()
    formulas: tuple[Formula, ...] = ()
    empty: str = ""
    whole: bool = False

    def scale(self, locale: Locale) -> Scale:
        """The printed unit of this table's money."""
        amounts = [0]
        for row in self.rows:
            for column, cell in zip(self.columns, row.cells, strict=True):
                kind = kind_of(row, column)
                if kind in MONEY and isinstance(cell, int):
                    amounts.append(abs(cell) if kind == "krw" else abs(round_e4(cell)))
        return money_scale(max(amounts), locale)


@dataclass(frozen=True, slots=True)
class Listing:
    """A titled list of sentences."""

    key: str
    title: str
    tone: Literal["good", "bad", "plain"]
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A numbered section; `charts` are keys of the charts that belong to it."""

    number: int
    key: str
    title: str
    tables: tuple[Table, ...] = ()
    listings: tuple[Listing, ...] = ()
    charts: tuple[str, ...] = ()
    paragraphs: tuple[str, ...] = ()


def kind_of(row: Row, column: Column) -> Kind:
    """The kind of a cell: its row's when the row has one of its own, else its column's."""
    if row.kind is not None and column.kind in NUMERIC:
        return row.kind
    return column.kind


def cell_text(cell: Cell, kind: Kind, scale: Scale, locale: Locale, *, plus: bool = False) -> str:
    """A cell as it is printed: `—` for nothing, words where a number has none."""
    if cell is None:
        return DASH
    if isinstance(cell, str):
        return cell
    if isinstance(cell, date):
        return cell.isoformat()
    text = _number_text(cell, kind, scale, locale)
    return signed(text) if plus else text


def _number_text(cell: Fraction | float, kind: Kind, scale: Scale, locale: Locale) -> str:
    if kind == "krw":
        return decimal_text(Fraction(cell) / scale.divisor, scale.places)
    if kind == "krw_e4":
        return decimal_text(Fraction(cell) / (E4 * scale.divisor), scale.places)
    if kind == "hours_e4":
        return decimal_text(Fraction(cell) / E4, 0)
    if kind == "ratio":
        return multiple(cell, locale)
    if kind == "percent":
        return percent(cell)
    return decimal_text(cell, 0)


def unit_label(column: Column, scale: Scale, locale: Locale) -> str:
    """The unit that stands under a column's label, or nothing."""
    if column.kind in MONEY:
        return scale.label
    if column.kind == "hours_e4":
        return say(locale, "GPU시간", "GPU-hours")
    return say(locale, "일", "days") if column.kind == "days" else ""


def sum_rows(column: str, total: str, rows: Iterable[Row]) -> tuple[Formula, ...]:
    """A live total of one column over rows that stand together, or none when there are none."""
    keys = [row.key for row in rows]
    return (Formula(total, column, f"SUM([{column}@{keys[0]}:{keys[-1]}])"),) if keys else ()


def column_sum(rows: Iterable[Row], index: int) -> int:
    """Sum of the whole numbers in one column; cells with words or nothing count as zero."""
    total = 0
    for row in rows:
        cell = row.cells[index]
        total += cell if isinstance(cell, int) else 0
    return total
