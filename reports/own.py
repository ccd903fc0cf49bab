"""A reader's own question to a table of the report: some columns, some rows, grouped or not, with a bar chart.

Only tables in `VIEWS` can be asked, and only by the keys of their columns: a question reaches nothing that the report
does not print.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache
from typing import Any, Literal

from reports.charts.svg import render, template
from reports.figures import reckon
from reports.formats import E4, Locale, say
from reports.rows import Fund, Quarter, ReportRows
from reports.sections import compose
from reports.sections.model import NUMERIC, Cell, Column, Row, Section, Table, cell_text, kind_of

Operator = Literal["is", "is_not", "contains", "at_least", "at_most"]
OPERATORS: tuple[Operator, ...] = ("is", "is_not", "contains", "at_least", "at_most")
VIEWS = ("holdings", "mix", "marks", "gpu-award", "gpu-sku", "gpu-pool", "schedule", "history", "j-curve", "funnel")
MOST_CONDITIONS = 3
_SUMMED = frozenset({"krw", "krw_e4", "hours_e4", "count"})
_NEVER_SUMMED = frozenset({"unit_price"})
"""Columns of a summed kind in which a sum says nothing: a price belongs to its line."""
_MOST_BARS = 20


class QuestionRefused(ValueError):  # noqa: N818 - the name says what happened
    """A question that the table cannot answer.

    Attributes:
        field: `view`, `columns`, `filters`, `group` or `chart`.
        reason: `unknown`, `none`, `no_number`, `no_date` or `not_shown`.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


@dataclass(frozen=True, slots=True)
class Condition:
    """One filter. Numbers are in whole won, hours, multiples or percent, as a person writes them; dates are ISO.

    A line without a value is neither at least nor at most anything.
    """

    column: str
    operator: Operator
    value: str


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a view; `group` and `chart` are column keys or empty."""

    view: str
    columns: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()
    group: str = ""
    chart: str = ""


@lru_cache(maxsize=2)
def catalogue(locale: Locale) -> dict[str, Table]:
    """The views by key, without rows: their titles and columns do not depend on a fund."""
    day = date(2025, 1, 1)
    empty = ReportRows(Fund("", "", "", day, ()), Quarter("2025Q1", day, date(2025, 3, 31)), 1, "draft", day)
    return find_views(compose(reckon(empty), locale))


def find_views(sections: tuple[Section, ...]) -> dict[str, Table]:
    """The tables of a report that may be asked, by key, in the order of `VIEWS`."""
    tables = {table.key: table for section in sections for table in section.tables}
    return {key: tables[key] for key in VIEWS if key in tables}


def read_question(document: dict[str, Any]) -> Question:
    """The question that a stored document holds."""
    conditions = tuple(Condition(**one) for one in document["conditions"])
    return Question(document["view"], tuple(document["columns"]), conditions, document["group"], document["chart"])


def require_askable(question: Question) -> None:
    """Refuse a question that no report could answer.

    Raises:
        QuestionRefused: naming the field and the reason.
    """
    table = catalogue("ko").get(question.view)
    if table is None:
        raise QuestionRefused("view", "unknown")
    columns = {column.key: column for column in table.columns}
    if not question.columns:
        raise QuestionRefused("columns", "none")
    for key in question.columns:
        if key not in columns:
            raise QuestionRefused("columns", "unknown")
    for condition in question.conditions:
        _require_condition(condition, columns)
    if question.group and (question.group not in columns or columns[question.group].kind in NUMERIC):
        raise QuestionRefused("group", "unknown")
    shown = {column.key: column for column in _columns(question, table, "ko")}
    if question.chart and (question.chart not in shown or shown[question.chart].kind not in NUMERIC):
        raise QuestionRefused("chart", "not_shown")


def _require_condition(condition: Condition, columns: dict[str, Column]) -> None:
    column = columns.get(condition.column)
    if column is None or condition.operator not in OPERATORS:
        raise QuestionRefused("filters", "unknown")
    if column.kind in NUMERIC and (condition.operator == "contains" or _number(condition.value) is None):
        raise QuestionRefused("filters", "no_number")
    if column.kind == "date" and condition.operator != "contains" and _date(condition.value) is None:
        raise QuestionRefused("filters", "no_date")


def _number(text: str) -> Fraction | None:
    try:
        value = Decimal(text.replace(",", "").replace("%", "").replace("−", "-").strip())
    except InvalidOperation:
        return None
    return Fraction(value) if value.is_finite() else None


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def answer(question: Question, table: Table, locale: Locale) -> Table:
    """The rows of the table that meet all conditions, in the columns asked for; sums when grouped."""
    rows = [row for row in table.rows if row.key != "total" and _meets(row, table, question)]
    columns = _columns(question, table, locale)
    if question.group:
        return Table("own", table.title, columns, _grouped(rows, question, table), empty=_empty(locale))
    places = [_place(table, column.key) for column in columns]
    kept = tuple(Row(row.key, tuple(row.cells[n] for n in places), kind=row.kind) for row in rows)
    return Table("own", table.title, columns, kept, empty=_empty(locale))


def _empty(locale: Locale) -> str:
    return say(locale, "조건에 맞는 줄이 없습니다.", "No line meets the conditions.")


def _columns(question: Question, table: Table, locale: Locale) -> tuple[Column, ...]:
    asked = [column for column in table.columns if column.key in question.columns]
    if not question.group:
        return tuple(asked)
    group = table.columns[_place(table, question.group)]
    summed = [one for one in asked if one.kind in _SUMMED and one.key not in _NEVER_SUMMED | {group.key}]
    return (group, Column("lines", say(locale, "줄 수", "Lines"), "count"), *summed)


def _place(table: Table, key: str) -> int:
    return next(n for n, column in enumerate(table.columns) if column.key == key)


def _meets(row: Row, table: Table, question: Question) -> bool:
    for condition in question.conditions:
        place = _place(table, condition.column)
        if not _holds(row.cells[place], kind_of(row, table.columns[place]), condition):
            return False
    return True


def _holds(cell: Cell, kind: str, condition: Condition) -> bool:
    found, wanted = _sides(cell, kind, condition)
    if condition.operator in {"at_least", "at_most"} and (found == "" or wanted is None):
        return False
    return {
        "is": lambda: bool(found == wanted),
        "is_not": lambda: bool(found != wanted),
        "contains": lambda: str(wanted) in str(found),
        "at_least": lambda: bool(found >= wanted),
        "at_most": lambda: bool(found <= wanted),
    }[condition.operator]()


def _sides(cell: Cell, kind: str, condition: Condition) -> tuple[Any, Any]:
    """The cell and the value of a condition in one unit; words where a number or a date should be are a blank."""
    text = condition.value.strip().casefold()
    if kind == "date" and condition.operator != "contains":
        return (cell if isinstance(cell, date) else ""), _date(text)
    if cell is None or isinstance(cell, str | date):
        blank = kind in NUMERIC and condition.operator in {"at_least", "at_most"}
        return ("" if cell is None or blank else str(cell).casefold()), text
    scale = E4 if kind in {"krw_e4", "hours_e4"} else Fraction(1, 100) if kind == "percent" else 1
    return cell, (_number(text) or Fraction(0)) * scale


def _grouped(rows: list[Row], question: Question, table: Table) -> tuple[Row, ...]:
    columns = _columns(question, table, "ko")
    place = _place(table, question.group)
    groups: dict[Cell, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.cells[place], []).append(row)
    made = []
    for number, (label, members) in enumerate(groups.items(), 1):
        sums = [
            sum(cell for one in members if isinstance(cell := one.cells[_place(table, column.key)], int))
            for column in columns[2:]
        ]
        made.append(Row(f"group{number}", (label, len(members), *sums)))
    return tuple(sorted(made, key=lambda row: (*(-int(str(cell)) for cell in row.cells[2:3]), str(row.cells[0]))))


def draw_answer(question: Question, result: Table, locale: Locale) -> str:
    """The chart of an answer as SVG for the page: the largest lines by the measure, named by the first column."""
    place = _place(result, question.chart)
    column, scale = result.columns[place], result.scale(locale)
    cells = [(str(row.cells[0] or "—"), row, row.cells[place]) for row in result.rows]
    bars = [(label, row, cell) for label, row, cell in cells if isinstance(cell, int | float | Fraction)]
    bars.sort(key=lambda bar: (-bar[2], bar[0]))
    values: list[dict[str, object]] = []
    named: dict[str, int] = {}
    for label, row, cell in bars[:_MOST_BARS]:
        named[label] = named.get(label, 0) + 1
        # Two awards of one company are two bars.
        line = label if named[label] == 1 else f"{label} ({named[label]})"
        text = cell_text(cell, kind_of(row, column), scale, locale)
        values.append({"line": line, "value": float(cell), "label": text})
    specification = template("own")
    specification["datasets"] = {"bars": values}
    leading = values[0]["line"] if values else "—"
    sentence = say(
        locale, f"{column.label}이(가) 가장 큰 줄은 {leading}입니다.", f"The largest by {column.label}: {leading}."
    )
    return render(specification, "chart-own", sentence)
