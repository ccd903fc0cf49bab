"""The quarterly report at full size, its rates of return, and the partners' dashboard, each beside its floor."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from importlib import resources
from io import BytesIO
from pathlib import Path
from statistics import quantiles

import pyxirr
import typst
import xlsxwriter
from measuring import Case, clock
from page_cases import PASSWORD, signed_in
from portal_cases import bare_site, open_page, statements
from sqlalchemy.orm import Session
from stores import SqliteStore, commit_something, copied

from config import Settings
from fundapp import create_app
from fundapp.core.access import SYSTEM
from fundapp.identity.actions import create_person
from fundapp.identity.passwords import hash_password
from reports import build, preview
from reports.figures import Figures
from reports.ilpa import ilpa_sections
from reports.metrics import carried_value, quarter_after, quarter_end
from reports.pdf import _document
from reports.rows import (
    Flow,
    Fund,
    GpuAward,
    GpuLine,
    Holding,
    Investor,
    Quarter,
    ReportRows,
    UsageDay,
    Valuation,
)
from reports.sections.company import company_charts, company_sections
from reports.sections.model import Cell, Section
from reports.typesetting import STANDARDS, _fonts, _printable
from reports.xirr import xirr_of_each

FIRST = "2022Q1"
EOK = 100_000_000
HOUR = 10_000
RATE_KRW = 4_000
SKUS = ("H100", "H200", "A100")
EMAIL = "partner-bench@example.com"
_REQUESTS = 20
"""Requests of one run, whose slowest but one is the 95th percentile."""


def large_rows(companies: int, quarters: int, transfers: int) -> ReportRows:
    """Return a fund of many companies: a call and a payment each, a mark a quarter, and use of GPU time day by day."""
    codes = [FIRST]
    while len(codes) < quarters:
        codes.append(quarter_after(codes[-1]))
    first, ends_on = date(2022, 1, 1), quarter_end(codes[-1])
    names = [f"C{number:03d}" for number in range(companies)]
    life = (ends_on - first).days
    flows, usage, used = list[Flow](), list[UsageDay](), dict.fromkeys(names, 0)
    for number, name in enumerate(names):
        day = first + timedelta(days=number * 900 // companies)
        flows.append(Flow(day, "contribution", EOK, "cash", f"call:{name}", "CASH"))
        flows.append(Flow(day, "disbursement", EOK, "cash", f"paid:{name}", company=name))
    for number in range(max(0, transfers - 2 * companies)):
        name, day = names[number % companies], first + timedelta(days=900 + number * (life - 900) // transfers)
        hours = 5 + number % 23
        flows.append(Flow(day, "contribution", hours * RATE_KRW, "in_kind", f"use:{number}", "GPU", name))
        usage.append(UsageDay(day, SKUS[number % companies % 3], hours * HOUR, name))
        used[name] += hours * HOUR
    marks = [
        Valuation(
            name, quarter_end(code), EOK + place * 1_000_000, 50_000_000, "이정표 점검", reference=f"{name}:{code}"
        )
        for name in names
        for place, code in enumerate(codes[-8:])
    ]
    rows = ReportRows(
        fund=Fund(
            "견본 전략펀드",
            "Sample Strategy Fund",
            "contractual",
            first,
            (Investor("CASH", "현금출자사", "cash", 400 * EOK), Investor("GPU", "현물출자사", "in_kind", 400 * EOK)),
        ),
        quarter=Quarter(codes[-1], quarter_end(codes[-2]) + timedelta(days=1), ends_on),
        version=1,
        status="draft",
        as_of=ends_on,
        flows=tuple(flows),
        marks=tuple(marks),
        gpu=tuple(_line(sku, codes[-1], sum(used[name] for name in names[place::3])) for place, sku in enumerate(SKUS)),
        gpu_awards=tuple(_award(name, SKUS[place % 3], used[name], ends_on) for place, name in enumerate(names)),
        usage_by_day=tuple(usage),
        lapses=(),
    )
    return ReportRows(
        **{field: getattr(rows, field) for field in rows.__slots__} | {"holdings": _holdings(rows, names)}
    )


def _line(sku: str, code: str, used: int) -> GpuLine:
    return GpuLine(sku, code, "seoul", 4 * used, 2 * used, used, 0, used, RATE_KRW)


def _award(name: str, sku: str, used: int, on: date) -> GpuAward:
    ends = on + timedelta(days=90)
    return GpuAward(name, name, f"견본기업 {name}", sku, 2 * used, used, 0, used, used * RATE_KRW, RATE_KRW, ends)


def _holdings(rows: ReportRows, names: list[str]) -> tuple[Holding, ...]:
    in_kind = dict.fromkeys(names, 0)
    own: dict[str, list[Flow]] = {name: [] for name in names}
    for flow in rows.flows:
        if flow.company:
            own[flow.company].append(flow)
            in_kind[flow.company] += flow.amount_krw if flow.basis == "in_kind" else 0
    last = {mark.company: mark for mark in rows.marks}
    found = []
    for name in names:
        known = ReportRows(rows.fund, rows.quarter, 1, "draft", rows.as_of, tuple(own[name]), (last[name],))
        value = sum(carried_value(known, name, basis, rows.as_of) for basis in ("cash", "in_kind"))
        words = (name, name, f"견본기업 {name}", "제조", "대전", "중소기업", "전환우선주", date(2022, 1, 1))
        found.append(Holding(*words, EOK, in_kind[name], value, "이정표 점검", "active", 0, EOK))
    return tuple(found)


def large_report(folder: Path, companies: int, quarters: int, transfers: int, repetitions: int) -> Case:
    """Build all files of a large fund, beside Typst on the same two documents and XlsxWriter on the same cells."""
    rows = large_rows(companies, quarters, transfers)
    seen = preview(rows)
    parts = [
        (seen.sections, dict(seen.charts)),
        (company_sections(seen.figures, "ko"), company_charts(seen.figures, "ko")),
    ]
    words = [
        json.dumps(
            _printable(_document(seen.figures, sections, charts, seen.inputs_sha256, "ko")),
            ensure_ascii=False,
            sort_keys=True,
        )
        for sections, charts in parts
    ]
    sheets = _plain_sheets(seen.figures, seen.sections)
    return Case(
        what="build a large report",
        store="",
        n=transfers,
        unit="s",
        run=lambda: clock(lambda: build(rows, folder / "large")),
        floors={"typst and XlsxWriter alone": lambda: clock(lambda: (*map(_typeset, words), _write_sheets(sheets)))},
        repetitions=repetitions,
    )


def _typeset(words: str) -> None:
    made = typst.compile(
        resources.files("reports").joinpath("templates", "report.typ").read_bytes(),
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"report": words},
        format="pdf",
        pdf_standards=list(STANDARDS),
    )
    assert made.startswith(b"%PDF")


def _plain_sheets(figures: Figures, sections: tuple[Section, ...]) -> list[list[list[str | float]]]:
    """Return every cell of the workbook as text or number, row by row."""
    return [
        [[_plain(cell) for cell in row.cells] for table in section.tables for row in table.rows]
        for section in (*sections, *ilpa_sections(figures, "ko"))
    ]


def _plain(cell: Cell) -> str | float:
    if cell is None or isinstance(cell, str | date):
        return str(cell or "")
    return float(cell)


def _write_sheets(sheets: list[list[list[str | float]]]) -> None:
    book = xlsxwriter.Workbook(BytesIO(), {"in_memory": True})
    for rows in sheets:
        sheet = book.add_worksheet()
        for place, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                if isinstance(cell, str):
                    sheet.write_string(place, column, cell)
                else:
                    sheet.write_number(place, column, cell)
    book.close()


def rates_of_return(series: int, repetitions: int) -> Case:
    """Find the rates of many series of 26 flows with all guards, beside pyxirr's one rate for each."""
    chance = random.Random(20_260_930)  # noqa: S311 - invented flows, not cryptography
    funds = [_series(chance) for _ in range(series)]
    columns = [([day for day, _ in flows], [amount for _, amount in flows]) for flows in funds]

    def ours() -> None:
        assert len(xirr_of_each(funds)) == series

    def bare() -> None:
        assert len([pyxirr.xirr(days, amounts) for days, amounts in columns]) == series

    return Case(
        what="rates of return, 26 flows each",
        store="",
        n=series,
        unit="s",
        run=lambda: clock(ours),
        floors={"pyxirr alone, no guards": lambda: clock(bare)},
        repetitions=repetitions,
    )


def _series(chance: random.Random) -> list[tuple[date, int]]:
    """Return ten calls, fifteen distributions and what is left; one fund in seven calls again after it has paid."""
    start = date(2015, 1, 1) + timedelta(days=chance.randrange(3_000))
    signs = [-1] * 9 + [1] * 15
    if chance.random() < 1 / 7:
        chance.shuffle(signs)
    days = sorted(chance.sample(range(1, 3_650), len(signs)))
    flows = [(start, -chance.randrange(1, 10**10))]
    flows += [
        (start + timedelta(days=day), sign * chance.randrange(1, 10**10)) for day, sign in zip(days, signs, strict=True)
    ]
    return [*flows, (start + timedelta(days=3_650 + chance.randrange(200)), chance.randrange(3 * 10**10))]


@contextmanager
def dashboard(store: SqliteStore, folder: Path, repetitions: int) -> Iterator[list[Case]]:
    """Open the partners' dashboard of the demonstration; 95th percentiles of its requests and of the bare page's."""
    with copied(store, "demonstration") as database:
        database.transaction(_add_partner)
        settings = Settings.from_environment({"FUND_HOME": str(folder / "partners")})
        client = signed_in(create_app(settings, database), EMAIL)
        act = partial(open_page, client, "/partners/")
        act()  # draws the charts, which stay by their data
        change = partial(commit_something, database)
        change()
        # What it takes to answer: as many statements as draw it, also where it is remembered and sends but one.
        bare = partial(open_page, bare_site(database, statements(database, act)), "/")
        yield [
            Case(
                what=f"{page}, 95th percentile",
                store=store.name,
                n=1,
                unit="ms",
                run=partial(_percentile, act, before),
                floors={"a bare page, as many statements": partial(_percentile, bare, before)},
                repetitions=repetitions,
            )
            for page, before in (("partners' dashboard", change), ("dashboard again", _nothing))
        ]


def _nothing() -> None:
    pass


def _percentile(act: Callable[[], object], before: Callable[[], object]) -> float:
    """Return the 95th percentile of some requests, in seconds; `before` each of them, off the clock."""

    def once() -> float:
        before()
        return clock(act)

    return quantiles([once() for _ in range(_REQUESTS)], n=20, method="inclusive")[-1]


def _add_partner(session: Session) -> None:
    create_person(
        session,
        actor=SYSTEM,
        at=datetime.now(UTC),
        email=EMAIL,
        name="견본 출자자",
        roles=["partner"],
        investor="kt",
        password_hash=hash_password(PASSWORD),
    )
