"""From a printed figure back to the flows, marks and ledger transfers that made it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from sqlalchemy.orm import Session

from fundapp.core.errors import NotFoundError
from fundapp.ledger.queries import transfers_under
from reports.figures import Figures, reckon
from reports.formats import Locale, decimal_text, multiple, percent
from reports.rows import Flow, ReportRows
from reports.sections import compose
from reports.sections.model import Section, cell_text, kind_of
from reports.sections.wording import basis_word, company_names, flow_word

_PERCENT = frozenset({"irr", "pic"})
_COSTS = frozenset({"fee", "expense", "support"})
_COUNTED: dict[str, Callable[[Flow], bool]] = {
    "paid_in": lambda flow: flow.kind == "contribution",
    "distributed": lambda flow: flow.kind == "distribution",
    "cash_in": lambda flow: flow.kind == "contribution" and flow.basis == "cash",
    "in_kind_in": lambda flow: flow.kind == "contribution" and flow.basis == "in_kind",
    "realised": lambda flow: flow.kind == "proceeds",
    "costs": lambda flow: flow.kind in _COSTS,
}
_SUMMED = frozenset({"paid_in", "distributed", "cash_in", "in_kind_in", "costs"})


@dataclass(frozen=True, slots=True)
class Move:
    """One ledger transfer: from an account to another, in minor units of its commodity."""

    debit: str
    credit: str
    amount: int
    commodity: str


@dataclass(frozen=True, slots=True)
class Step:
    """One flow or mark as the report counts it; `add_moves` puts the ledger transfers under the same key beside it.

    A mark is a valuation and moves nothing: it has no transfers.
    """

    on: date
    word: str
    company: str
    amount_krw: int
    reference: str
    moves: tuple[Move, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """What one figure rests on, step by step by date; `sum_krw` is their sum where the figure is one, else None."""

    key: str
    title: str
    value: str
    steps: tuple[Step, ...]
    sum_krw: int | None
    ties: bool


@dataclass(frozen=True, slots=True)
class _Asked:
    title: str
    value: str
    exact: object
    references: tuple[str, ...]


def trace(rows: ReportRows, key: str, locale: Locale) -> Trace:
    """Return the trail of a figure of frozen rows: `total.tvpi`, `bridge.cash_in` or a table's row, `holdings.AW-…`.

    Raises:
        NotFoundError: if the report prints no such figure, or nothing lies behind it.
    """
    figures, sections = _reckoned(rows, locale)
    asked = _listed(figures, sections, key, locale) or _row(sections, key, locale)
    if asked is None or not asked.references:
        raise NotFoundError
    name = key.rpartition(".")[2]
    counts = _COUNTED.get(name, _every)
    wanted = frozenset(asked.references)
    words = company_names(rows)
    # The row of a company names the award, which stands for everything that went to it.
    flows = [flow for flow in figures.rows.flows if {flow.reference, flow.company} & wanted and counts(flow)]
    steps = [_flow_step(flow, words, locale) for flow in flows]
    if name not in _COUNTED:
        steps += _mark_steps(figures, wanted, words, locale)
    total = sum(flow.amount_krw for flow in flows) if name in _SUMMED else None
    steps.sort(key=lambda step: (step.on, step.reference, step.word))
    return Trace(key, asked.title, asked.value, tuple(steps), total, total == asked.exact)


@lru_cache(maxsize=16)
def _reckoned(rows: ReportRows, locale: Locale) -> tuple[Figures, tuple[Section, ...]]:
    """Return figures and sections of rows: whoever follows one figure of a report follows the next, too."""
    figures = reckon(rows)
    return figures, compose(figures, locale)


def _every(_flow: Flow) -> bool:
    return True


def _listed(figures: Figures, sections: Sequence[Section], key: str, locale: Locale) -> _Asked | None:
    found = next((figure for figure in figures.listed if figure.key == key), None)
    if found is None:
        return None
    value = found.value
    if value is None:
        text = "—"
    elif found.unit == "KRW" and isinstance(value, int):
        text = f"{decimal_text(value, 0)}원" if locale == "ko" else f"KRW {decimal_text(value, 0)}"
    else:
        text = percent(value) if key.rpartition(".")[2] in _PERCENT else multiple(value, locale)
    return _Asked(_title(sections, key), text, value, found.references)


def _title(sections: Sequence[Section], key: str) -> str:
    """Return the figure's name as the report's own tables word it: column and row of its cell."""
    first, _, name = key.rpartition(".")
    tables = {table.key: table for section in sections for table in section.tables}
    headline, bridge = tables["headline"], tables["bridge"]
    measures = {row.key: str(row.cells[0]) for row in headline.rows}
    lines = {row.key: str(row.cells[0]) for row in bridge.rows}
    bases = {row.key: str(row.cells[0]) for row in tables["net"].rows}
    if first == "bridge":
        return f"{bridge.title} · {lines.get(name, name)}"
    if first.startswith("gross."):
        groups = {row.key: str(row.cells[0]) for row in tables["gross"].rows}
        return f"{tables['gross'].title} · {groups[first.removeprefix('gross.')]} · {name.upper()}"
    measures["ks_pme"] = "KS-PME"
    return f"{measures.get(name, name)} · {bases.get(first, first)}"


def _row(sections: Sequence[Section], key: str, locale: Locale) -> _Asked | None:
    """Return a row of a table that says itself what it rests on; its last amount is its value."""
    table_key, _, row_key = key.partition(".")
    for section in sections:
        for table in section.tables:
            found = next((row for row in table.rows if row.key == row_key), None) if table.key == table_key else None
            if found is None:
                continue
            scale, label = table.scale(locale), str(found.cells[0])
            cells = zip(table.columns, found.cells, strict=True)
            money = [(c, cell) for c, cell in cells if c.kind in {"krw", "krw_e4"} and isinstance(cell, int)]
            column, cell = money[-1] if money else (table.columns[0], None)
            text = f"{cell_text(cell, kind_of(found, column), scale, locale)} {scale.label}" if money else ""
            return _Asked(f"{table.title} · {label}", text.strip(), cell, found.references)
    return None


def _flow_step(flow: Flow, words: dict[str, str], locale: Locale) -> Step:
    word = f"{flow_word(flow.kind, locale)} · {basis_word(flow.basis, locale)}"
    return Step(flow.effective_on, word, words.get(flow.company or "", ""), flow.amount_krw, flow.reference)


def _mark_steps(figures: Figures, wanted: frozenset[str], words: dict[str, str], locale: Locale) -> list[Step]:
    word = "공정가치 평가" if locale == "ko" else "Fair-value mark"
    return [
        Step(
            mark.as_of,
            f"{word} · {mark.technique}",
            words.get(mark.company, ""),
            mark.fair_value_cash_krw + mark.fair_value_in_kind_krw,
            mark.reference,
        )
        for mark in figures.rows.marks
        if {mark.reference, mark.company} & wanted
    ]


def add_moves(session: Session, steps: Sequence[Step]) -> list[Step]:
    """Put the ledger transfers beside the steps of one page; one statement."""
    moves: dict[str, list[Move]] = defaultdict(list)
    for row in transfers_under(session, {step.reference for step in steps}):
        moves[row.txn_key].append(Move(row.debit, row.credit, row.amount, row.commodity))
    return [replace(step, moves=tuple(moves[step.reference])) for step in steps]
