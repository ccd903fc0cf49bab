"""The report in the layout that investors load: ILPA Reporting Template 2.0 and Performance Template (granular).

Row order and names follow the templates (January 2025 and March 2025). What this fund does not have stands as zero,
because the templates ask for every row; "other" rows say what is in them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from reports import metrics
from reports.figures import Figures, periods
from reports.formats import Locale, say
from reports.metrics import Bridge
from reports.rows import Flow, Investor
from reports.sections.accounts import lapsed
from reports.sections.model import Cell, Column, Formula, Row, Section, Table, Tone
from reports.sections.wording import company_names, investor_names, rate_cell, rate_notes

_PERIODS = ("qtd", "ytd", "itd")
_NAV = (
    "opening",
    "moved",
    "syndication",
    "fees",
    "internal",
    "external",
    "offsets",
    "income",
    "other",
    "realised",
    "unrealised",
)


@dataclass(frozen=True, slots=True)
class _Account:
    """One block of the template over its three periods; `before` is the day before each begins."""

    code: str
    bridges: tuple[Bridge, ...]
    unfunded: tuple[tuple[int, int, int, int], ...]


def ilpa_sections(figures: Figures, locale: Locale) -> tuple[Section, ...]:
    """The two templates as sections of their own, for the workbook."""
    accounts = _accounts(figures)
    return (
        Section(
            11,
            "ilpa-reporting",
            "ILPA Reporting Template 2.0",
            tables=(
                _reporting(figures, accounts, locale),
                _unfunded(figures, accounts, locale),
                _fees(figures, locale),
            ),
        ),
        Section(
            12,
            "ilpa-performance",
            "ILPA Performance Template",
            tables=(_fund_level(figures, locale), _portfolio_level(figures, locale), _flows(figures, locale)),
            paragraphs=(
                say(
                    locale,
                    "Granular 방식. 차입이 없어 차입 포함·제외 수익률은 같습니다.",
                    "Granular methodology. Without a subscription facility, returns with and without it are equal.",
                ),
            ),
        ),
    )


def _accounts(figures: Figures) -> list[_Account]:
    investors = {investor.code: investor for investor in figures.rows.fund.investors}
    starts = periods(figures.rows)
    return [
        _Account(code, bridges, tuple(_commitment(figures, investors.get(code), start) for start in starts))
        for code, bridges in figures.accounts
    ]


def _commitment(figures: Figures, investor: Investor | None, start: date) -> tuple[int, int, int, int]:
    """Total, opening unfunded, contributions and lapses of a period for one investor or all."""
    rows = figures.rows
    if investor is None:
        parts = [_commitment(figures, one, start) for one in rows.fund.investors]
        total, opening, called, gone = (sum(column) for column in zip(*parts, strict=True))
        return total, opening, called, gone
    before = start - timedelta(days=1) if start > date.min else date.min
    paid = metrics.flow_sum(rows, ["contribution"], "total", date.min, before, investor.code)
    called = metrics.flow_sum(rows, ["contribution"], "total", before, rows.as_of, investor.code)
    gone = lapsed(figures, investor, date.min, before) if start > date.min else 0
    opening = investor.committed_krw - paid - gone if start > date.min else investor.committed_krw
    return investor.committed_krw, opening, called, lapsed(figures, investor, before, rows.as_of)


def _moved(bridge: Bridge) -> int:
    return bridge.cash_in_krw + bridge.in_kind_in_krw - bridge.distributed_krw


_LINES: tuple[tuple[str, str, str, Callable[[Bridge], int], str], ...] = (
    (
        "opening",
        "기초 순자산가치 (성과보수 차감 후)",
        "Beginning NAV – net of accrued carry",
        lambda b: b.opening_krw,
        "",
    ),
    ("cash_in", "납입 – 현금", "Contributions – cash", lambda b: b.cash_in_krw, ""),
    ("in_kind_in", "납입 – 비현금", "Contributions – non-cash", lambda b: b.in_kind_in_krw, ""),
    ("cash_out", "분배 – 현금", "Distributions – cash", lambda b: -b.distributed_krw, ""),
    ("in_kind_out", "분배 – 비현금", "Distributions – non-cash", lambda _: 0, ""),
    ("moved", "현금·비현금 흐름 합계", "Total cash / non-cash flows", _moved, "cash_in:in_kind_out"),
    ("syndication", "모집·주선 비용, 지분 이전", "Syndication, placement, transfers", lambda _: 0, ""),
    ("fees_gross", "관리보수 – 총액", "Management fees – gross", lambda b: -b.fees_krw, ""),
    ("rebates", "환급·면제·상계", "Rebates, waivers, offsets", lambda _: 0, ""),
    ("fees", "관리보수 – 순액", "Management fees – net", lambda b: -b.fees_krw, "fees_gross:rebates"),
    ("internal", "특수관계인 비용", "Partnership expenses – related persons", lambda _: 0, ""),
    ("external", "외부 비용", "Partnership expenses – third parties", lambda b: -b.expenses_krw, ""),
    ("offsets", "보수 상계 이월", "Offsets roll-forward", lambda _: 0, ""),
    ("income", "이자·배당 등 수익", "Interest, dividends and other income", lambda _: 0, ""),
    ("other", "기타: 지분 없는 지원", "Other: support without equity", lambda b: -b.support_krw, ""),
    ("realised", "실현 손익", "Realized gain / (loss)", lambda b: b.realised_krw, ""),
    ("unrealised", "미실현 손익 변동", "Change in unrealized gain / (loss)", lambda b: b.unrealised_krw, ""),
    (
        "closing",
        "기말 순자산가치 (성과보수 차감 후)",
        "Ending NAV – net of accrued carry",
        lambda b: b.closing_krw,
        "nav",
    ),
    ("carry", "미지급 성과보수", "Accrued carried interest", lambda _: 0, ""),
    (
        "closing_gross",
        "기말 순자산가치 (성과보수 차감 전)",
        "Ending NAV – gross of accrued carry",
        lambda b: b.closing_krw,
        "sum",
    ),
)


def _columns(figures: Figures, locale: Locale) -> tuple[Column, ...]:
    names = investor_names(figures.rows) | {"total": say(locale, "펀드 합계", "Total fund")}
    tones: dict[str, Tone] = {
        investor.code: "cash" if investor.kind == "cash" else "gpu" for investor in figures.rows.fund.investors
    }
    labels = {"qtd": "QTD", "ytd": "YTD", "itd": "ITD"}
    return tuple(
        Column(f"{code}_{period}", f"{names[code]} {labels[period]}", "krw", tones.get(code, ""))
        for code, _ in figures.accounts
        for period in _PERIODS
    )


def _reporting(figures: Figures, accounts: list[_Account], locale: Locale) -> Table:
    columns = _columns(figures, locale)
    rows, formulas = [], list[Formula]()
    for key, korean, english, take, live in _LINES:
        cells = [take(bridge) for account in accounts for bridge in account.bridges]
        rows.append(Row(key, (say(locale, korean, english), *cells), strong=bool(live)))
        formulas += [Formula(key, column.key, _sum(live, column.key)) for column in columns if live]
    return Table(
        "ilpa-nav",
        say(locale, "A.1 순자산가치 조정", "A.1 NAV reconciliation"),
        (Column("line", say(locale, "항목", "Line"), wide=True), *columns),
        tuple(rows),
        (
            say(
                locale,
                "운용사 계정, 성과보수, 보수 상계가 없어 그 줄은 0이고 GP 열은 두지 않습니다.",
                "Without a GP account, carried interest or offsets those rows are zero and the GP block is left out.",
            ),
            say(
                locale,
                "기타: 지분을 받지 않고 기업에 준 현금과 GPU시간입니다.",
                "Other: cash and GPU time given to companies without equity.",
            ),
        ),
        tuple(formulas),
    )


def _sum(live: str, column: str) -> str:
    if live == "nav":
        parts = _NAV
        return "+".join(f"[{column}@{part}]" for part in parts)
    if live == "sum":
        return f"[{column}@closing]+[{column}@carry]"
    return f"SUM([{column}@{live}])"


def _unfunded(figures: Figures, accounts: list[_Account], locale: Locale) -> Table:
    columns = _columns(figures, locale)
    found = [parts for account in accounts for parts in account.unfunded]
    lines = (
        ("committed", "총 약정", "Total commitment", [total for total, _, _, _ in found]),
        ("opening", "기초 미납입 약정", "Beginning unfunded commitment", [opening for _, opening, _, _ in found]),
        ("called", "납입", "Less: contributions", [-called for _, _, called, _ in found]),
        ("recallable", "재납입 가능 분배", "Plus: recallable distributions", [0] * len(found)),
        ("lapsed", "만료·해제", "Less: expired or released", [-gone for _, _, _, gone in found]),
        ("other", "기타", "Plus / less: other", [0] * len(found)),
    )
    rows = [Row(key, (say(locale, korean, english), *cells)) for key, korean, english, cells in lines]
    closing = [opening - called - gone for _, opening, called, gone in found]
    rows.append(Row("closing", (say(locale, "기말 미납입 약정", "Ending unfunded commitment"), *closing), strong=True))
    return Table(
        "ilpa-unfunded",
        say(locale, "A.2 약정", "A.2 Commitment reconciliation"),
        (Column("line", say(locale, "항목", "Line"), wide=True), *columns),
        tuple(rows),
        (
            say(
                locale,
                "만료·해제: 쓰지 않아 소멸한 GPU시간의 상당액을 소멸한 날에 넣습니다.",
                "Expired or released: GPU time that lapsed unused, at its rate, on the day it lapsed.",
            ),
        ),
        tuple(Formula("closing", column.key, f"SUM([{column.key}@opening:other])") for column in columns),
    )


def _fees(figures: Figures, locale: Locale) -> Table:
    columns = _columns(figures, locale)
    row = Row("fees", (say(locale, "투자기업에서 받은 보수", "Fees from portfolio companies"), *([0] * len(columns))))
    return Table(
        "ilpa-fees",
        say(locale, "B. 투자기업 보수", "B. Fees received from portfolio companies"),
        (Column("line", say(locale, "항목", "Line"), wide=True), *columns),
        (row,),
        (say(locale, "받은 보수가 없습니다.", "No fees are received."),),
    )


def _fund_level(figures: Figures, locale: Locale) -> Table:
    gross, net = dict(figures.gross)["total"], figures.total
    rows = [
        Row("net_irr", (say(locale, "순 IRR", "Net IRR"), rate_cell(net.irr, locale)), kind="percent"),
        Row("net_tvpi", (say(locale, "순 TVPI", "Net TVPI"), net.multiples.tvpi), kind="ratio"),
        Row("gross_irr", (say(locale, "총 IRR", "Gross IRR"), rate_cell(gross.irr, locale)), kind="percent"),
        Row("gross_moic", (say(locale, "총 MOIC", "Gross MOIC"), gross.moic), kind="ratio"),
    ]
    notes = rate_notes(say(locale, "순", "Net"), net.irr, locale)
    notes += rate_notes(say(locale, "총", "Gross"), gross.irr, locale) if gross.invested_krw else ()
    return Table(
        "ilpa-fund-level",
        say(locale, "펀드 수준", "Fund level"),
        (
            Column("measure", say(locale, "지표", "Measure"), wide=True),
            Column("value", say(locale, "설립 이후", "Since inception"), "ratio"),
        ),
        tuple(rows),
        notes,
    )


def _portfolio_level(figures: Figures, locale: Locale) -> Table:
    words = {
        "realised": say(locale, "회수 완료", "Realized"),
        "unrealised": say(locale, "보유 중", "Unrealized"),
        "total": say(locale, "합계", "Total"),
    }
    rows, formulas = [], list[Formula]()
    for key, gross in figures.gross:
        rate = rate_cell(gross.irr, locale) if gross.invested_krw else None
        money = (gross.invested_krw, gross.proceeds_krw, gross.fair_value_krw)
        rows.append(Row(key, (words[key], *money, gross.moic, rate), strong=key == "total"))
        if gross.invested_krw:
            formulas.append(Formula(key, "moic", "([proceeds]+[fair_value])/[invested]"))
    return Table(
        "ilpa-portfolio-level",
        say(locale, "포트폴리오 수준", "Portfolio level"),
        (
            Column("group", say(locale, "구분", "Group"), wide=True),
            Column("invested", say(locale, "투자 원금", "Invested"), "krw"),
            Column("proceeds", say(locale, "회수", "Proceeds"), "krw"),
            Column("fair_value", say(locale, "공정가치", "Fair value"), "krw"),
            Column("moic", "Gross MOIC", "ratio"),
            Column("irr", "Gross IRR", "percent"),
        ),
        tuple(rows),
        formulas=tuple(formulas),
    )


_TYPES = {
    "contribution": ("납입", "Capital contribution"),
    "distribution": ("분배", "Distribution"),
    "fee": ("관리보수", "Management fee"),
    "expense": ("비용", "Partnership expense"),
    "disbursement": ("투자", "Investment"),
    "proceeds": ("회수", "Proceeds"),
    "support": ("지분 없는 지원", "Support without equity"),
}


def _flows(figures: Figures, locale: Locale) -> Table:
    """Every flow with its use, seen from the investors' side of the fund or from the companies' side."""
    companies, investors = company_names(figures.rows), investor_names(figures.rows)
    rows = tuple(
        Row(f"flow{number}", _flow_cells(flow, companies, investors, locale), (flow.reference,))
        for number, flow in enumerate(figures.rows.flows, 1)
    )
    return Table(
        "ilpa-flows",
        say(locale, "흐름", "Cash and non-cash flows"),
        (
            Column("date", say(locale, "효력일", "Effective date"), "date"),
            Column("type", say(locale, "종류", "Transaction type"), wide=True),
            Column("form", say(locale, "현금·비현금", "Cash / non-cash")),
            Column("party", say(locale, "출자자·기업", "Investor or company")),
            Column("amount", say(locale, "금액", "Amount"), "krw"),
        ),
        rows,
        empty=say(locale, "아직 흐름이 없습니다.", "No flows yet."),
    )


def _flow_cells(flow: Flow, companies: dict[str, str], investors: dict[str, str], locale: Locale) -> tuple[Cell, ...]:
    delivered = metrics.is_delivery(flow)
    word = say(locale, *_TYPES[flow.kind])
    if delivered:
        word += say(locale, ": 투자 (GPU 인도)", ": investment (GPU time delivered)")
    parties = [investors.get(flow.investor, ""), companies.get(flow.company or "", flow.company or "")]
    inward = flow.kind in {"contribution", "proceeds"}
    return (
        flow.effective_on,
        word,
        say(locale, "현금", "Cash") if flow.basis == "cash" else say(locale, "비현금", "Non-cash"),
        " → ".join(party for party in parties if party),
        flow.amount_krw if inward else -flow.amount_krw,
    )
