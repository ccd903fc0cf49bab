"""The printed report: one JSON document of strings, which `typesetting` sets as pages."""

import itertools
from datetime import timedelta
from fractions import Fraction

from reports.charts import Chart
from reports.charts.palette import FONT, LIGHT
from reports.figures import Figures
from reports.formats import Locale, Scale, long_date, percent, quarter_name, round_e4, say, won
from reports.rows import ReportRows, SignOff
from reports.sections.model import NUMERIC, Row, Section, Table, cell_text, kind_of, unit_label
from reports.sections.wording import basis_word, in_kind_word, status_word
from reports.typesetting import Document, set_pages

SUBMISSION_DAYS = 60
PRINTED_ROWS = 80
SHORT_LINES = 16
HEAD_LINES = 3
_NARROW = frozenset({"contributions"})
_HASH_GROUP = 4


def render_pdf(
    figures: Figures, sections: tuple[Section, ...], charts: dict[str, Chart], sha256: str, locale: Locale
) -> bytes:
    """Set the report as a tagged A4 PDF.

    Raises:
        typst.TypstError: the template and its data do not fit each other.
    """
    document = _document(figures, sections, charts, sha256, locale)
    return set_pages("report.typ", document, figures.rows.as_of)


def render_companies(
    figures: Figures, sections: tuple[Section, ...], charts: dict[str, Chart], sha256: str, locale: Locale
) -> bytes:
    """Set the pages of companies as a file of their own: what they tell is theirs, and not every reader's.

    Raises:
        typst.TypstError: the template and its data do not fit each other.
    """
    document = _document(figures, sections, charts, sha256, locale)
    rows = figures.rows
    fund = say(locale, rows.fund.name_ko, rows.fund.name_en)
    name = quarter_name(rows.quarter.code, locale)
    document["title"] = say(locale, f"{fund} {name} 기업별 현황", f"{fund}: companies in {name}")
    document["words"]["report"] = say(locale, "기업별 현황", "Company pages")
    document["foot"]["left"] = say(
        locale, f"{fund} {name} 기업별 현황 · 기업 비밀, 배포 금지", f"{fund}, {name} · company secrets, do not pass on"
    )
    return set_pages("report.typ", document, rows.as_of)


def _document(
    figures: Figures, sections: tuple[Section, ...], charts: dict[str, Chart], sha256: str, locale: Locale
) -> Document:
    rows = figures.rows
    fund = say(locale, rows.fund.name_ko, rows.fund.name_en)
    name = quarter_name(rows.quarter.code, locale)
    status = version_label(rows, locale)
    as_of = rows.as_of
    return {
        "lang": locale,
        "region": say(locale, "KR", "GB"),
        "font": FONT,
        "colours": LIGHT,
        "title": say(locale, f"{fund} {name} 보고서", f"{fund} report for {name}"),
        "author": fund,
        "date": {"year": as_of.year, "month": as_of.month, "day": as_of.day},
        "words": {
            "report": say(locale, "출자자 보고서", "Report to investors"),
            "contents": say(locale, "차례", "Contents"),
            "basis": say(locale, "이 보고서의 기준", "Basis of this report"),
            "cash": say(locale, "현금", "cash"),
            "gpu": in_kind_word(rows, locale),
            "none": say(locale, "없음", "Nothing to report"),
        },
        "foot": {
            "left": say(locale, f"{fund} {name} 보고서 · 대외비", f"{fund}, {name} · confidential"),
            "right": f"SHA-256 {short_hash(sha256)} · {status}",
            "as_of": as_of.isoformat(),
        },
        "cover": _cover(figures, sha256, locale),
        "sections": _sections(sections, charts, locale),
    }


def short_hash(sha256: str) -> str:
    """First eight and last four digits, as the foot of each page shows them."""
    return f"{sha256[:_HASH_GROUP]} {sha256[_HASH_GROUP : 2 * _HASH_GROUP]} … {sha256[-_HASH_GROUP:]}"


def version_label(rows: ReportRows, locale: Locale) -> str:
    """초안 3판 · 승인 전, Version 3 · approved."""
    word = status_word(rows.status, locale)
    if rows.status == "approved":
        return say(locale, f"제{rows.version}판 · 승인", f"Version {rows.version} · approved")
    return say(locale, f"{word} · 제{rows.version}판 · 승인 전", f"{word} · version {rows.version} · not approved")


def _cover(figures: Figures, sha256: str, locale: Locale) -> Document:
    rows = figures.rows
    fund = say(locale, rows.fund.name_ko, rows.fund.name_en)
    investors = ", ".join(investor.name for investor in rows.fund.investors)
    as_of = long_date(rows.as_of, locale)
    return {
        "fund": fund,
        "period": f"{rows.quarter.starts_on} – {rows.quarter.ends_on}",
        "quarter": quarter_name(rows.quarter.code, locale),
        "line": say(
            locale, f"{fund} · 출자자 {investors} · 기준일 {as_of}", f"{fund} · investors {investors} · as of {as_of}"
        ),
        "status": version_label(rows, locale),
        "approved": rows.status == "approved",
        "sign_offs": _sign_offs(rows, locale),
        "cards": [_cash_card(figures, locale), _gpu_card(figures, locale)],
        "basis": _basis(figures, sha256, locale),
    }


def _sign_offs(rows: ReportRows, locale: Locale) -> list[Document]:
    given: dict[str, SignOff] = {sign.role: sign for sign in rows.sign_offs}
    roles = (("prepared", "작성", "Prepared"), ("reviewed", "검토", "Reviewed"), ("approved", "승인", "Approved"))
    boxes = []
    for role, korean, english in roles:
        sign = given.get(role) or SignOff("prepared")
        on = sign.signed_on.strftime("%m-%d") if sign.signed_on else ""
        boxes.append({"role": say(locale, korean, english), "name": sign.name, "on": on})
    return boxes


def _names_of(figures: Figures, kind: str) -> str:
    return ", ".join(investor.name for investor in figures.rows.fund.investors if investor.kind == kind)


def _share(part: int, whole: int) -> float:
    return min(100.0, float(Fraction(part * 100, whole))) if whole else 0.0


def _split(text: str) -> tuple[str, str]:
    # 78.0억 → 78.0 and 억: the number is set large, its unit small.
    for unit in ("만원", "억", "원", "bn", "m"):
        if text.endswith(unit):
            return text.removesuffix(unit), unit
    return text, ""


def _cash_card(figures: Figures, locale: Locale) -> Document:
    m = figures.cash.multiples
    amount, unit = _split(won(m.paid_in_krw, locale))
    share = percent(m.pic or 0, 0)
    added = won(figures.bridge.cash_in_krw, locale)
    return {
        "tone": "cash",
        "title": f"{basis_word('cash', locale)} · {_names_of(figures, 'cash')}",
        "amount": amount,
        "unit": f"{unit} {say(locale, '납입', 'paid in')}",
        "line": say(
            locale,
            f"약정 {won(m.committed_krw, locale)}의 {share} · 이번 분기 +{added}",
            f"{share} of {won(m.committed_krw, locale)} committed · +{added} this quarter",
        ),
        "parts": [{"tone": "cash", "share": _share(m.paid_in_krw, m.committed_krw), "hatched": False}],
        "note": say(
            locale,
            f"미납입 약정 {won(m.committed_krw - m.paid_in_krw, locale)}",
            f"{won(m.committed_krw - m.paid_in_krw, locale)} unfunded",
        ),
    }


def _gpu_card(figures: Figures, locale: Locale) -> Document:
    m = figures.in_kind.multiples
    at_delivery = figures.rows.fund.recognition_policy == "at_delivery"
    # Recognised at grant, what waits to be used is paid in already and must not be drawn twice.
    unused = round_e4(sum(sku.remaining_krw_e4 for sku in figures.skus)) if at_delivery else 0
    amount, unit = _split(won(m.paid_in_krw, locale))
    share = percent(m.pic or 0, 0)
    added = won(figures.bridge.in_kind_in_krw, locale)
    return {
        "tone": "gpu",
        "title": f"{basis_word('in_kind', locale)} · {_names_of(figures, 'in_kind')}",
        "amount": amount,
        "unit": f"{unit} {_recognised(figures, locale)}",
        "line": say(
            locale,
            f"약정 {won(m.committed_krw, locale)}의 {share} · 이번 분기 +{added}",
            f"{share} of {won(m.committed_krw, locale)} committed · +{added} this quarter",
        ),
        "parts": [
            {"tone": "gpu", "share": _share(m.paid_in_krw, m.committed_krw), "hatched": False},
            {
                "tone": "gpu",
                "share": min(100 - _share(m.paid_in_krw, m.committed_krw), _share(unused, m.committed_krw)),
                "hatched": True,
            },
        ],
        "note": ""
        if not at_delivery
        else say(
            locale,
            f"빗금은 배정했으나 아직 쓰지 않은 {won(unused, locale)} 상당",
            f"Hatched: allocated and not yet used, {won(unused, locale)} equivalent",
        ),
    }


def _recognised(figures: Figures, locale: Locale) -> str:
    if figures.rows.fund.recognition_policy == "at_delivery":
        return say(locale, "상당 인도", "equivalent delivered")
    return say(locale, "상당 배정", "equivalent granted")


def _basis(figures: Figures, sha256: str, locale: Locale) -> list[tuple[str, str]]:
    fund = figures.rows.fund
    due = figures.rows.quarter.ends_on + timedelta(days=SUBMISSION_DAYS)
    at_delivery = fund.recognition_policy == "at_delivery"
    recognition = (
        say(
            locale,
            "실제 인도한 GPU시간 × 출자일 단가. 만료분은 납입에 넣지 않음",
            "GPU-hours delivered × rate at contribution; lapsed time is not paid-in",
        )
        if at_delivery
        else say(locale, "배정할 때 인식하고 쓰는 만큼 상각", "recognised on grant and amortised on use")
    )
    if fund.rate_basis:
        recognition += f" ({fund.rate_basis})"
    return [
        (
            say(locale, "통화와 단위", "Currency and units"),
            say(
                locale,
                "대한민국 원. 표마다 단위를 적었고, 원 단위 값은 별첨 XLSX와 JSON",
                "Korean won. Units stand at each table; full won in the workbook and JSON",
            ),
        ),
        (say(locale, "GPU 현물 인식", "GPU in kind"), recognition),
        (
            say(locale, "평가", "Valuation"),
            say(locale, "IPEV 2025. 종목별 방법과 변동 사유는 7장", "IPEV 2025. Techniques and reasons in section 7"),
        ),
        (
            say(locale, "성과 산정", "Performance"),
            say(
                locale,
                "설립 이후 일별 현금흐름 IRR. 총성과는 개별 투자 원금 기준(Granular)",
                "Daily-flow IRR since inception; gross by the granular method",
            ),
        ),
        (
            say(locale, "제출 기한", "Due"),
            say(locale, f"{due} (분기 말 뒤 {SUBMISSION_DAYS}일)", f"{due} ({SUBMISSION_DAYS} days after quarter-end)"),
        ),
        (say(locale, "입력 SHA-256", "Inputs SHA-256"), sha256),
    ]


def _sections(sections: tuple[Section, ...], charts: dict[str, Chart], locale: Locale) -> list[Document]:
    """Every section on a page of its own, except the short one that follows a short one."""
    short = [not section.charts and sum(map(_lines, section.tables)) <= SHORT_LINES for section in sections]
    joined = [False, *(now and before for before, now in itertools.pairwise(short))]
    return [
        _section(section, charts, locale) | {"joined": joins} for section, joins in zip(sections, joined, strict=False)
    ]


def _lines(table: Table) -> int:
    """How many lines a table takes, about: its heads, its rows or the sentence in their place."""
    return len(table.rows) + HEAD_LINES if table.rows else HEAD_LINES


def _section(section: Section, charts: dict[str, Chart], locale: Locale) -> Document:
    return {
        "number": section.number,
        "key": section.key,
        "title": section.title,
        "paragraphs": list(section.paragraphs),
        "tables": [_table(table, locale) for table in section.tables],
        "listings": [
            {"title": listing.title, "tone": listing.tone, "items": list(listing.items)} for listing in section.listings
        ],
        "charts": [_chart(charts[key]) for key in section.charts],
    }


def _chart(chart: Chart) -> Document:
    return {
        "key": chart.key,
        "title": chart.title,
        "note": chart.note,
        "sentence": chart.sentence,
        "svg": chart.print_svg,
        "narrow": chart.key in _NARROW,
    }


def _table(table: Table, locale: Locale) -> Document:
    scale = table.scale(locale)
    columns = [
        {
            "label": column.label,
            "unit": unit_label(column, scale, locale),
            "numeric": column.kind in NUMERIC,
            "tone": column.tone,
            "wide": column.wide,
        }
        for column in table.columns
    ]
    rows = table.rows if table.whole or len(table.rows) <= PRINTED_ROWS else ()
    units = {str(column["unit"]) for column in columns} - {""}
    elsewhere = say(
        locale,
        f"{len(table.rows):,}행이어서 별첨 XLSX와 CSV에만 싣습니다.",
        f"{len(table.rows):,} rows: in the workbook and CSV only.",
    )
    one_unit = len(units) == 1 and not any(column.kind == "days" for column in table.columns)
    return {
        "title": table.title,
        "unit": next(iter(units)) if one_unit else "",
        "one_unit": one_unit,
        "columns": columns,
        "rows": [{"cells": _cells(table, row, scale, locale), "strong": row.strong} for row in rows],
        "footnotes": list(table.footnotes),
        "empty": elsewhere if table.rows else table.empty,
    }


def _cells(table: Table, row: Row, scale: Scale, locale: Locale) -> list[str]:
    return [
        cell_text(cell, kind_of(row, column), scale, locale, plus=row.signed)
        for column, cell in zip(table.columns, row.cells, strict=True)
    ]
