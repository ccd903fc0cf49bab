"""Sections 6 and 7: the schedule of investments, and why values changed."""

from datetime import timedelta
from fractions import Fraction

from reports import metrics
from reports.figures import Figures
from reports.formats import Locale, say
from reports.rows import Valuation
from reports.sections.model import Column, Formula, Row, Section, Table, column_sum, sum_rows
from reports.sections.wording import company_names, in_kind_word, status_word


def schedule_of_investments(figures: Figures, locale: Locale) -> Section:
    """Cost in cash and in kind, fair value, multiple, technique and status of every award; mix of the portfolio."""
    return Section(
        number=6,
        key="holdings",
        title=say(locale, "투자 명세", "Schedule of investments"),
        tables=(_holdings(figures, locale), _mix(figures, locale)),
        charts=("mix",) if figures.rows.mix else (),
    )


def _holdings(figures: Figures, locale: Locale) -> Table:
    rows = []
    for h in figures.rows.holdings:
        invested = h.cash_cost_krw + h.in_kind_cost_krw
        moic = Fraction(h.proceeds_krw + h.fair_value_krw, invested) if invested else None
        money = (h.cash_cost_krw, h.in_kind_cost_krw, h.proceeds_krw, h.fair_value_krw)
        words = (h.technique, status_word(h.status, locale))
        rows.append(Row(h.award, (h.company_name, h.instrument, h.invested_on, *money, moic, *words), (h.award,)))
    sums = [column_sum(rows, n) for n in range(3, 7)]
    moic = Fraction(sums[2] + sums[3], sums[0] + sums[1]) if sums[0] + sums[1] else None
    total = Row("total", (say(locale, "합계", "Total"), None, None, *sums, moic, None, None), strong=True)
    live = tuple(
        f for column in ("cash_cost", "in_kind_cost", "proceeds", "fair_value") for f in sum_rows(column, "total", rows)
    )
    live += tuple(
        Formula(row.key, "moic", "([proceeds]+[fair_value])/([cash_cost]+[in_kind_cost])")
        for row in (*rows, total)
        if row.cells[7] is not None
    )
    return Table(
        "holdings",
        say(locale, "종목별", "By investment"),
        (
            Column("company", say(locale, "기업", "Company"), wide=True),
            Column("instrument", say(locale, "수단", "Instrument")),
            Column("invested_on", say(locale, "투자일", "Invested"), "date"),
            Column("cash_cost", say(locale, "현금 원가", "Cash cost"), "krw", "cash"),
            Column("in_kind_cost", say(locale, "현물 원가", "In-kind cost"), "krw", "gpu"),
            Column("proceeds", say(locale, "회수", "Proceeds"), "krw"),
            Column("fair_value", say(locale, "공정가치", "Fair value"), "krw"),
            Column("moic", "MOIC", "ratio"),
            Column("technique", say(locale, "평가 방법", "Technique")),
            Column("status", say(locale, "상태", "Status")),
        ),
        (*rows, total) if rows else (),
        formulas=live,
        empty=say(locale, "아직 투자한 기업이 없습니다.", "No investments yet."),
        whole=True,
    )


def _mix(figures: Figures, locale: Locale) -> Table:
    kinds = {
        "size": say(locale, "기업 규모", "Size class"),
        "sector": say(locale, "적용산업", "Sector"),
        "region": say(locale, "지역", "Region"),
    }
    rows = tuple(
        Row(f"{m.kind}-{m.label}", (kinds[m.kind], m.label, m.companies, m.cash_krw, m.in_kind_krw))
        for m in figures.rows.mix
    )
    return Table(
        "mix",
        say(locale, "구성", "Mix"),
        (
            Column("kind", say(locale, "구분", "By")),
            Column("label", say(locale, "분류", "Class"), wide=True),
            Column("companies", say(locale, "기업 수", "Companies"), "count"),
            Column("cash", say(locale, "현금", "Cash"), "krw", "cash"),
            Column("in_kind", say(locale, "GPU 현물", "GPU in kind"), "krw", "gpu"),
        ),
        rows,
        empty=say(locale, "구성을 나눌 기업이 없습니다.", "Nothing to divide yet."),
    )


def value_changes(figures: Figures, locale: Locale) -> Section:
    """The bridge from opening to closing value, and each company's change with its reason."""
    return Section(
        number=7,
        key="valuation",
        title=say(locale, "가치 변동과 이유", "Value changes and reasons"),
        tables=(_bridge(figures, locale), _marks(figures, locale)),
        charts=("value_bridge",),
    )


def _bridge(figures: Figures, locale: Locale) -> Table:
    b = figures.bridge
    lines = (
        ("opening", say(locale, "기초 NAV", "Opening NAV"), b.opening_krw),
        ("cash_in", say(locale, "현금 납입", "Cash in"), b.cash_in_krw),
        ("in_kind_in", in_kind_word(figures.rows, locale), b.in_kind_in_krw),
        ("distributed", say(locale, "분배", "Distributions"), -b.distributed_krw),
        ("realised", say(locale, "실현 손익", "Realised gain"), b.realised_krw),
        ("unrealised", say(locale, "미실현 손익", "Unrealised gain"), b.unrealised_krw),
        ("costs", say(locale, "보수·비용", "Fees and expenses"), -b.costs_krw),
        ("closing", say(locale, "기말 NAV", "Closing NAV"), b.closing_krw),
    )
    trails = {f.key.removeprefix("bridge."): f.references for f in figures.listed if f.key.startswith("bridge.")}
    rows = tuple(
        Row(
            key,
            (label, amount),
            trails.get(key, ()),
            strong=key in {"opening", "closing"},
            signed=key not in {"opening", "closing"},
        )
        for key, label, amount in lines
    )
    return Table(
        "bridge",
        say(locale, "NAV 증감", "Value bridge"),
        (
            Column("line", say(locale, "항목", "Line"), wide=True),
            Column("amount", say(locale, "금액", "Amount"), "krw"),
        ),
        rows,
        (say(locale, "대사 차이 0원.", "The bridge ties: difference KRW 0."),),
        (Formula("closing", "amount", "SUM([amount@opening:costs])"),),
    )


def _marks(figures: Figures, locale: Locale) -> Table:
    rows, names = figures.rows, company_names(figures.rows)
    before = rows.quarter.starts_on - timedelta(days=1)
    values = [metrics.values_by_company(rows, "total", on) for on in (before, rows.as_of)]
    lines, stale = [], 0
    for company in metrics.companies(rows):
        opening, closing = values[0].get(company, 0), values[1].get(company, 0)
        marks = sorted((m for m in rows.marks if m.company == company), key=lambda m: m.as_of)
        last = marks[-1] if marks else None
        unchanged = _unchanged(marks)
        stale += unchanged
        reason = (last.reason or last.calibration_note) if last else say(locale, "원가(최근 투자가격)", "At cost")
        lines.append(
            Row(
                company,
                (
                    names.get(company, company),
                    opening,
                    closing - opening,
                    closing,
                    last.technique if last else say(locale, "원가", "Cost"),
                    last.as_of if last else None,
                    reason + (" *" if unchanged else ""),
                ),
                (last.reference,) if last and last.reference else (),
            )
        )
    notes = [
        say(
            locale,
            "변동에는 이번 분기에 넣은 현금과 GPU가 들어 있습니다.",
            "The change includes cash and GPU time put in this quarter.",
        )
    ]
    if stale:
        notes.append(say(locale, "* 두 번 잇달아 그대로인 평가입니다.", "* Unchanged in two valuations running."))
    return Table(
        "marks",
        say(locale, "기업별 공정가치", "Fair value by company"),
        (
            Column("company", say(locale, "기업", "Company"), wide=True),
            Column("opening", say(locale, "기초", "Opening"), "krw"),
            Column("change", say(locale, "변동", "Change"), "krw"),
            Column("closing", say(locale, "기말", "Closing"), "krw"),
            Column("technique", say(locale, "방법", "Technique")),
            Column("as_of", say(locale, "평가일", "Marked"), "date"),
            Column("reason", say(locale, "이유", "Reason"), wide=True),
        ),
        tuple(lines),
        tuple(notes),
        tuple(Formula(row.key, "closing", "[opening]+[change]") for row in lines),
        say(locale, "평가할 기업이 없습니다.", "Nothing to value yet."),
        whole=True,
    )


def _unchanged(marks: list[Valuation]) -> bool:
    if len(marks) < 2:  # noqa: PLR2004 - two marks make a comparison
        return False
    last, earlier = marks[-1], marks[-2]
    return (last.fair_value_cash_krw, last.fair_value_in_kind_krw) == (
        earlier.fair_value_cash_krw,
        earlier.fair_value_in_kind_krw,
    )
