"""One section a company, for the confidential file: what it got, what it is worth and why, and what it still owes."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from reports.charts import Chart, draw_own_burndown
from reports.figures import Figures, SkuTotal, own_use
from reports.formats import Locale, say
from reports.rows import Flow, GpuAward, Holding, Valuation
from reports.sections import capital, deals, gpu
from reports.sections.model import Column, Formula, Row, Section, Table
from reports.sections.wording import status_word


def company_sections(figures: Figures, locale: Locale) -> tuple[Section, ...]:
    """Sections of all awards in the order of the schedule of investments."""
    holdings = figures.rows.holdings
    owned = zip(holdings, _each(figures, holdings), strict=True)
    return tuple(_company(own, holding, n, locale) for n, (holding, own) in enumerate(owned, 1))


def company_charts(figures: Figures, locale: Locale) -> dict[str, Chart]:
    """The drawings of all company pages by key: how each company's GPU time is used up."""
    drawn = (
        draw_own_burndown(own, locale, number)
        for number, own in enumerate(_each(figures, figures.rows.holdings), 1)
        if _told_apart(own)
    )
    return {chart.key: chart for chart in drawn}


def company_page(figures: Figures, number: int, locale: Locale) -> tuple[Section, Chart | None]:
    """One company's section, by its place in the schedule of investments from 1, with its drawing if it has one."""
    holding = figures.rows.holdings[number - 1]
    (own,) = _each(figures, (holding,))
    chart = draw_own_burndown(own, locale, number) if _told_apart(own) else None
    return _company(own, holding, number, locale), chart


def _told_apart(own: Figures) -> bool:
    """Whether there is a line to draw: GPU time whose use can be told from that of others."""
    return any(outlook.projection is not None for outlook in own.outlooks)


def _company(own: Figures, holding: Holding, number: int, locale: Locale) -> Section:
    tables = [_facts(holding, locale), _money(holding, locale), _marks(own, locale)]
    if own.rows.gpu_awards:
        tables.append(gpu.by_award(own, locale))
    tables.append(capital.schedule(own, locale))
    tables.append(deals.conditions(own, locale))
    return Section(
        number=number,
        key=f"company-{number}",
        title=f"{holding.company_name} · {holding.award}",
        charts=(f"gpu_burndown-{number}",) if _told_apart(own) else (),
        tables=tuple(replace(table, key=f"{table.key}-{number}") for table in tables),
    )


def _each(figures: Figures, holdings: Sequence[Holding]) -> list[Figures]:
    """The same figures with the rows of one company each, so that tables of the report serve a page of it."""
    rows = figures.rows
    flows, marks = defaultdict[str | None, list[Flow]](list), defaultdict[str, list[Valuation]](list)
    for flow in rows.flows:
        flows[flow.company].append(flow)
    for mark in rows.marks:
        marks[mark.company].append(mark)
    used = dict(zip(rows.gpu_awards, own_use(rows, rows.gpu_awards), strict=True))
    owned = []
    for holding in holdings:
        outlooks = tuple(outlook for outlook in figures.outlooks if outlook.award.award == holding.award)
        told = [outlook.award for outlook in outlooks if outlook.projection is not None]
        kept = replace(
            rows,
            flows=tuple(flows[holding.company]),
            marks=tuple(marks[holding.company]),
            gpu_awards=tuple(award for award in rows.gpu_awards if award.award == holding.award),
            conditions=tuple(one for one in rows.conditions if one.award == holding.award),
            usage_by_day=tuple(use for award in told for use in used[award]),
        )
        owned.append(replace(figures, rows=kept, outlooks=outlooks, skus=tuple(_total(award) for award in told)))
    return owned


def _total(award: GpuAward) -> SkuTotal:
    hours = (award.allocated_hours_e4, award.allocated_hours_e4, award.used_hours_e4)
    states = (*hours, award.expired_hours_e4, award.remaining_hours_e4)
    return SkuTotal(award.sku, *states, *(state * award.unit_price_krw for state in states))


def _facts(holding: Holding, locale: Locale) -> Table:
    lines = (
        ("status", say(locale, "상태", "Status"), status_word(holding.status, locale)),
        ("instrument", say(locale, "수단", "Instrument"), holding.instrument),
        ("invested_on", say(locale, "투자일", "Invested"), holding.invested_on.isoformat()),
        ("size", say(locale, "의결일 기업 규모", "Size class on the decision date"), holding.size_class),
        ("sector", say(locale, "적용산업", "Sector"), holding.sector),
        ("region", say(locale, "지역", "Region"), holding.region),
    )
    return Table(
        "facts",
        say(locale, "개요", "Overview"),
        (Column("item", say(locale, "항목", "Item")), Column("value", say(locale, "내용", "Content"), wide=True)),
        tuple(Row(key, (label, value)) for key, label, value in lines),
    )


def _money(holding: Holding, locale: Locale) -> Table:
    invested = holding.cash_cost_krw + holding.in_kind_cost_krw
    moic = Fraction(holding.proceeds_krw + holding.fair_value_krw, invested) if invested else None
    cells = (
        holding.committed_krw,
        holding.cash_cost_krw,
        holding.in_kind_cost_krw,
        holding.proceeds_krw,
        holding.fair_value_krw,
        moic,
    )
    return Table(
        "money",
        say(locale, "투자와 가치", "Investment and value"),
        (
            Column("committed", say(locale, "현금 약정", "Cash committed"), "krw", "cash"),
            Column("cash_cost", say(locale, "현금 원가", "Cash cost"), "krw", "cash"),
            Column("in_kind_cost", say(locale, "현물 원가", "In-kind cost"), "krw", "gpu"),
            Column("proceeds", say(locale, "회수", "Proceeds"), "krw"),
            Column("fair_value", say(locale, "공정가치", "Fair value"), "krw"),
            Column("moic", "MOIC", "ratio"),
        ),
        (Row("now", cells),),
        formulas=(Formula("now", "moic", "([proceeds]+[fair_value])/([cash_cost]+[in_kind_cost])"),)
        if invested
        else (),
    )


def _marks(own: Figures, locale: Locale) -> Table:
    marks = sorted(own.rows.marks, key=lambda mark: mark.as_of, reverse=True)
    rows = []
    for number, mark in enumerate(marks, 1):
        whole = mark.fair_value_cash_krw + mark.fair_value_in_kind_krw
        words = (mark.technique, " · ".join(text for text in (mark.reason, mark.calibration_note) if text))
        money = (mark.fair_value_cash_krw, mark.fair_value_in_kind_krw, whole)
        rows.append(Row(f"mark{number}", (mark.as_of, *money, *words), (mark.reference,)))
    return Table(
        "valuations",
        say(locale, "평가 이력", "Valuations"),
        (
            Column("as_of", say(locale, "평가일", "Marked"), "date"),
            Column("cash", say(locale, "현금분", "Bought by cash"), "krw", "cash"),
            Column("in_kind", say(locale, "현물분", "Bought in kind"), "krw", "gpu"),
            Column("fair_value", say(locale, "공정가치", "Fair value"), "krw"),
            Column("technique", say(locale, "방법", "Technique")),
            Column("reason", say(locale, "이유와 보정", "Reason and calibration"), wide=True),
        ),
        tuple(rows),
        formulas=tuple(Formula(row.key, "fair_value", "[cash]+[in_kind]") for row in rows),
        empty=say(locale, "아직 평가하지 않아 원가로 봅니다.", "Not valued yet: carried at cost."),
    )
