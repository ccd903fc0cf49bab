"""Sections 9 and 10: compliance, then notes, policies and errata."""

from fractions import Fraction

from reports.figures import Figures
from reports.formats import Locale, percent, quarter_name, say
from reports.sections.model import Column, Listing, Row, Section, Table

_BASIS_POINTS = 10_000


def compliance(figures: Figures, locale: Locale) -> Section:
    """Mandate ratios, size class on the decision date, conflicts and overdue reports."""
    rows = figures.rows
    return Section(
        number=9,
        key="compliance",
        title=say(locale, "준수 사항", "Compliance"),
        tables=(_limits(figures, locale), _sizes(figures, locale), _obligations(figures, locale)),
        paragraphs=(
            say(
                locale,
                f"이해충돌 신고 {rows.conflicts_declared}건, 회피·제척 {rows.recusals}건.",
                f"Conflicts declared: {rows.conflicts_declared}. Recusals: {rows.recusals}.",
            ),
        ),
    )


def _limits(figures: Figures, locale: Locale) -> Table:
    rows = []
    for n, limit in enumerate(figures.rows.limits, 1):
        actual = Fraction(limit.numerator_krw, limit.denominator_krw) if limit.denominator_krw else None
        bound = Fraction(limit.limit_bp, _BASIS_POINTS)
        at_most = limit.bound == "at_most"
        kept = actual is None or (actual <= bound if at_most else actual >= bound)
        word = say(locale, "이하", "at most") if at_most else say(locale, "이상", "at least")
        text = f"{percent(bound)} {word}" if locale == "ko" else f"{word} {percent(bound)}"
        verdict = say(locale, "충족", "Kept") if kept else say(locale, "벗어남", "Breached")
        rows.append(Row(f"limit{n}", (limit.label, actual, text, verdict)))
    return Table(
        "limits",
        say(locale, "한도와 의무 비율", "Limits and mandate ratios"),
        (
            Column("label", say(locale, "항목", "Item"), wide=True),
            Column("actual", say(locale, "현재", "Actual"), "percent"),
            Column("bound", say(locale, "기준", "Limit")),
            Column("verdict", say(locale, "판정", "Result")),
        ),
        tuple(rows),
        empty=say(locale, "규약에 정한 비율이 없습니다.", "The agreement sets no ratios."),
    )


def _sizes(figures: Figures, locale: Locale) -> Table:
    return Table(
        "sizes",
        say(locale, "의결일 기준 기업 규모", "Size class on the decision date"),
        (
            Column("class", say(locale, "규모", "Class"), wide=True),
            Column("companies", say(locale, "기업 수", "Companies"), "count"),
        ),
        tuple(Row(m.label, (m.label, m.companies)) for m in figures.rows.mix if m.kind == "size"),
        empty=say(locale, "의결한 기업이 없습니다.", "No decisions yet."),
    )


def _obligations(figures: Figures, locale: Locale) -> Table:
    as_of = figures.rows.as_of
    rows = []
    for n, duty in enumerate(figures.rows.obligations, 1):
        days = (as_of - duty.due_on).days if duty.done_on is None and duty.due_on < as_of else None
        rows.append(Row(f"duty{n}", (duty.owner, duty.label, duty.due_on, duty.done_on, days)))
    return Table(
        "obligations",
        say(locale, "보고 의무", "Reports owed"),
        (
            Column("owner", say(locale, "제출자", "By")),
            Column("label", say(locale, "보고", "Report"), wide=True),
            Column("due_on", say(locale, "기한", "Due"), "date"),
            Column("done_on", say(locale, "제출", "Done"), "date"),
            Column("late", say(locale, "지난 일수", "Days late"), "days"),
        ),
        tuple(rows),
        empty=say(locale, "밀린 보고가 없습니다.", "Nothing overdue."),
        whole=True,
    )


def notes(figures: Figures, locale: Locale) -> Section:
    """Definitions, policies in force, differences from earlier quarters, errata."""
    rows = figures.rows
    own = tuple(remark.text for remark in rows.remarks if remark.kind == "note")
    errata = tuple(remark.text for remark in rows.remarks if remark.kind == "erratum")
    return Section(
        number=10,
        key="notes",
        title=say(locale, "주석과 정정", "Notes and errata"),
        tables=(_definitions(locale), _published(figures, locale)),
        listings=(
            Listing("policies", say(locale, "정책", "Policies"), "plain", (*_policies(figures, locale), *own)),
            Listing(
                "errata",
                say(locale, "정정", "Errata"),
                "plain",
                errata or (say(locale, "앞선 분기에 대한 정정이 없습니다.", "No errata to earlier quarters."),),
            ),
        ),
    )


def _policies(figures: Figures, locale: Locale) -> tuple[str, ...]:
    at_delivery = figures.rows.fund.recognition_policy == "at_delivery"
    recognition = (
        say(
            locale,
            "GPU 현물은 인도한 때 인도한 GPU시간에 출자일 단가를 곱해 인식합니다. 약정과 배정은 비망 기록이고, "
            "만료된 시간은 납입에 넣지 않습니다.",
            "GPU time is recognised on delivery, at hours delivered times the rate fixed at contribution. Commitment "
            "and allocation are memoranda; lapsed time is never paid-in.",
        )
        if at_delivery
        else say(
            locale,
            "GPU 현물은 배정한 때 선급 자산으로 인식하고 쓰는 만큼 상각하며 만료분은 비용으로 텁니다.",
            "GPU time is recognised on grant as a prepaid asset, amortised on use and written off on expiry.",
        )
    )
    return (
        recognition,
        say(
            locale,
            "공정가치는 IPEV 평가 기준(2025년 12월판)에 따르며, 평가일 뒤에 넣은 돈은 원가로 더합니다.",
            "Fair values follow the IPEV Guidelines (December 2025); what went in after a mark is added at cost.",
        ),
        say(
            locale,
            "현금 분기는 한국 시간 날짜로, GPU 기간은 UTC 날짜로 나눕니다.",
            "Cash quarters follow the date in Seoul, GPU periods the UTC day.",
        ),
        say(
            locale,
            "차입이 없으므로 차입 포함·제외 수익률은 같아 따로 싣지 않습니다.",
            "There is no borrowing, so returns with and without a facility are equal and shown once.",
        ),
    )


def _definitions(locale: Locale) -> Table:
    lines = (
        ("TVPI", "(분배 + NAV) ÷ 납입", "(distributions + NAV) ÷ paid-in"),
        ("DPI", "분배 ÷ 납입", "distributions ÷ paid-in"),
        ("RVPI", "NAV ÷ 납입", "NAV ÷ paid-in"),
        ("PIC", "납입 ÷ 약정", "paid-in ÷ committed"),
        (
            "KS-PME",
            "(지수로 늘린 분배 + NAV) ÷ 지수로 늘린 납입",
            "(distributions in the index + NAV) ÷ contributions in the index",
        ),
        ("MOIC", "(회수 + 공정가치) ÷ 투자 원금", "(proceeds + fair value) ÷ invested"),
        (
            "IRR",
            "Σ 흐름 ÷ (1+r)^(일수/365) = 0인 r. 1년 미만이면 기간 수익률",
            "r with Σ flow ÷ (1+r)^(days/365) = 0; the period's return when under a year",
        ),
    )
    return Table(
        "definitions",
        say(locale, "용어", "Definitions"),
        (Column("term", say(locale, "지표", "Measure")), Column("meaning", say(locale, "산식", "Formula"), wide=True)),
        tuple(Row(term, (term, say(locale, korean, english))) for term, korean, english in lines),
    )


def _published(figures: Figures, locale: Locale) -> Table:
    points = {point.code: point.multiples for point in figures.history}
    rows = []
    for line in figures.rows.published:
        today = points.get(line.quarter)
        now = today.nav_krw if today else None
        shift = now - line.nav_krw if now is not None else None
        name = quarter_name(line.quarter, locale)
        rows.append(Row(line.quarter, (name, line.version, line.nav_krw, now, shift)))
    return Table(
        "published",
        say(locale, "앞선 보고서와의 차이", "Against earlier reports"),
        (
            Column("quarter", say(locale, "분기", "Quarter"), wide=True),
            Column("version", say(locale, "판", "Version"), "count"),
            Column("printed", say(locale, "보고한 NAV", "NAV as printed"), "krw"),
            Column("today", say(locale, "다시 산정한 NAV", "NAV as reckoned now"), "krw"),
            Column("shift", say(locale, "차이", "Difference"), "krw"),
        ),
        tuple(rows),
        empty=say(locale, "앞선 보고서가 없습니다.", "No earlier report."),
    )
