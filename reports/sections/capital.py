"""Sections 3 and 4: performance, net and gross, and the dated flows behind it."""

from datetime import date

from reports import metrics
from reports.benchmark import MOST_DAYS_OLD, NoMarket
from reports.figures import Figures
from reports.formats import Locale, quarter_name, say
from reports.rows import Flow
from reports.sections.model import Column, Formula, Row, Section, Table
from reports.sections.wording import (
    basis_word,
    company_names,
    flow_word,
    in_kind_word,
    investor_names,
    pocket_names,
    rate_cell,
    rate_notes,
)

_LEAST_GUESS = -0.999999


def performance(figures: Figures, locale: Locale) -> Section:
    """Net by basis, gross by realised and unrealised, earlier quarters, and the flows each rate was found from."""
    return Section(
        number=3,
        key="performance",
        title=say(locale, "성과", "Performance"),
        tables=(_net(figures, locale), _gross(figures, locale), *_market(figures, locale), _history(figures, locale)),
        charts=("multiples",) if len(figures.history) > 1 else (),
        paragraphs=(
            say(
                locale,
                "총성과는 개별 투자 원금을 분모로 하고 보수·비용을 뺀 흐름만 씁니다(Granular). 합계·현금·출자자 기준은 "
                "따로 세며, 합계 가치를 현금 납입만으로 나누지 않습니다.",
                "Gross figures use flows between fund and companies only, without fees and expenses (granular method). "
                "The total, cash and investor bases are kept apart; total value is never divided by cash alone.",
            ),
        ),
    )


def _net(figures: Figures, locale: Locale) -> Table:
    names = pocket_names(figures.rows, locale)
    bases = [
        ("total", say(locale, "합계", "Total"), figures.total),
        ("cash", say(locale, "현금 기준", "Cash basis"), figures.cash),
        *((code, names[code], measures) for code, measures in figures.investors),
    ]
    rows, formulas, notes = [], list[Formula](), list[str]()
    for key, label, measures in bases:
        m = measures.multiples
        rows.append(
            Row(
                key,
                (
                    label,
                    m.paid_in_krw,
                    m.distributed_krw,
                    m.nav_krw,
                    m.tvpi,
                    m.dpi,
                    m.rvpi,
                    rate_cell(measures.irr, locale),
                ),
                next((f.references for f in figures.listed if f.key == f"{key}.irr"), ()),
                strong=key == "total",
            )
        )
        if m.paid_in_krw:
            formulas += [
                Formula(key, "tvpi", "([distributed]+[nav])/[paid_in]"),
                Formula(key, "dpi", "[distributed]/[paid_in]"),
                Formula(key, "rvpi", "[nav]/[paid_in]"),
            ]
        notes += rate_notes(label, measures.irr, locale)
    return Table(
        "net",
        say(locale, "순성과 (출자자 기준)", "Net, to investors"),
        (
            Column("basis", say(locale, "기준", "Basis"), wide=True),
            Column("paid_in", say(locale, "납입", "Paid-in"), "krw"),
            Column("distributed", say(locale, "분배", "Distributed"), "krw"),
            Column("nav", "NAV", "krw"),
            Column("tvpi", "TVPI", "ratio"),
            Column("dpi", "DPI", "ratio"),
            Column("rvpi", "RVPI", "ratio"),
            Column("irr", "IRR", "percent"),
        ),
        tuple(rows),
        tuple(notes),
        tuple(formulas),
    )


def _gross(figures: Figures, locale: Locale) -> Table:
    words = {
        "realised": say(locale, "회수 완료", "Realised"),
        "unrealised": say(locale, "보유 중", "Unrealised"),
        "total": say(locale, "합계", "Total"),
    }
    rows, formulas, notes = [], list[Formula](), list[str]()
    for key, gross in figures.gross:
        cells = (gross.invested_krw, gross.proceeds_krw, gross.fair_value_krw, gross.moic)
        rate = rate_cell(gross.irr, locale) if gross.invested_krw else None
        rows.append(Row(key, (words[key], *cells, rate), strong=key == "total"))
        if gross.invested_krw:
            formulas.append(Formula(key, "moic", "([proceeds]+[fair_value])/[invested]"))
            notes += rate_notes(words[key], gross.irr, locale)
    return Table(
        "gross",
        say(locale, "총성과 (펀드와 기업 사이)", "Gross, fund to companies"),
        (
            Column("group", say(locale, "구분", "Group"), wide=True),
            Column("invested", say(locale, "투자 원금", "Invested"), "krw"),
            Column("proceeds", say(locale, "회수", "Proceeds"), "krw"),
            Column("fair_value", say(locale, "공정가치", "Fair value"), "krw"),
            Column("moic", "MOIC", "ratio"),
            Column("irr", "IRR", "percent"),
        ),
        tuple(rows),
        tuple(notes),
        tuple(formulas),
    )


def _market(figures: Figures, locale: Locale) -> tuple[Table, ...]:
    """The comparison with an index, where the operator has loaded one."""
    benchmark = figures.rows.benchmark
    if benchmark is None:
        return ()
    names = {
        "total": say(locale, "합계", "Total"),
        "cash": say(locale, "현금 기준", "Cash basis"),
        **pocket_names(figures.rows, locale),
    }
    rows, formulas, notes = [], list[Formula](), list[str]()
    for key, result in figures.market:
        held = result.reason is None
        paid, returned = (round(result.contributions), round(result.distributions)) if held else (None, None)
        cell = result.ks_pme if held else say(locale, "산출 불가", "n/a")
        rows.append(Row(key, (names[key], paid, returned, result.nav_krw, cell), strong=key == "total"))
        if held:
            formulas.append(Formula(key, "ks_pme", "([distributed]+[nav])/[paid_in]"))
        elif result.reason in {"index_too_short", "index_too_old"}:
            notes.append(_no_market(names[key], result.reason, locale))
    named = f"{benchmark.name} ({benchmark.source})"
    until = benchmark.levels[-1].day.isoformat() if benchmark.levels else "—"
    notes.append(
        say(
            locale,
            f"지수: {named}, 쓴 마지막 날 {until}. 1배보다 크면 같은 날 지수에 넣었을 때보다 나은 성과입니다.",
            f"Index: {named}, last day used {until}. Above 1 the fund did better than the index would have.",
        )
    )
    return (
        Table(
            "market",
            say(locale, "공개시장 비교 (KS-PME)", "Against a public market (KS-PME)"),
            (
                Column("basis", say(locale, "기준", "Basis"), wide=True),
                Column("paid_in", say(locale, "지수로 늘린 납입", "Contributions in the index"), "krw"),
                Column("distributed", say(locale, "지수로 늘린 분배", "Distributions in the index"), "krw"),
                Column("nav", "NAV", "krw"),
                Column("ks_pme", "KS-PME", "ratio"),
            ),
            tuple(rows),
            tuple(notes),
            tuple(formulas),
        ),
    )


def _no_market(name: str, reason: NoMarket | None, locale: Locale) -> str:
    """Why a basis cannot be compared with the index."""
    if reason == "index_too_old":
        return say(
            locale,
            f"{name} KS-PME: 기준일이나 흐름이 있는 날의 지수가 {MOST_DAYS_OLD}일보다 오래되었습니다.",
            f"{name} KS-PME: for the reporting day or a flow the index is more than {MOST_DAYS_OLD} days old.",
        )
    return say(
        locale,
        f"{name} KS-PME: 첫 흐름이 지수의 첫날보다 이릅니다.",
        f"{name} KS-PME: flows begin before the index does.",
    )


def _history(figures: Figures, locale: Locale) -> Table:
    rows = tuple(
        Row(
            point.code,
            (
                quarter_name(point.code, locale),
                point.cash_in_krw,
                point.in_kind_in_krw,
                point.distributed_krw,
                point.multiples.nav_krw,
                point.multiples.tvpi,
                point.multiples.dpi,
            ),
        )
        for point in figures.history
    )
    return Table(
        "history",
        say(locale, "분기별 추이", "By quarter"),
        (
            Column("quarter", say(locale, "분기", "Quarter"), wide=True),
            Column("cash_in", say(locale, "현금 납입", "Cash in"), "krw", "cash"),
            Column("in_kind_in", in_kind_word(figures.rows, locale), "krw", "gpu"),
            Column("distributed", say(locale, "분배", "Distributed"), "krw"),
            Column("nav", "NAV", "krw"),
            Column("tvpi", "TVPI", "ratio"),
            Column("dpi", "DPI", "ratio"),
        ),
        rows,
    )


def cash_flows(figures: Figures, locale: Locale) -> Section:
    """Every dated flow since inception by kind, and the series each rate of return was found from."""
    return Section(
        number=4,
        key="flows",
        title=say(locale, "현금 흐름", "Cash flows"),
        tables=(_j_curve(figures, locale), schedule(figures, locale), _series(figures, locale)),
        charts=("contributions", *(("j_curve",) if len(figures.history) > 1 else ())),
    )


def _j_curve(figures: Figures, locale: Locale) -> Table:
    rows = []
    for point in figures.history:
        m = point.multiples
        net = m.distributed_krw - m.paid_in_krw
        cells = (m.paid_in_krw, m.distributed_krw, net, m.nav_krw, net + m.nav_krw)
        rows.append(Row(point.code, (quarter_name(point.code, locale), *cells)))
    live = tuple(
        formula
        for row in rows
        for formula in (
            Formula(row.key, "net", "[distributed]-[paid_in]"),
            Formula(row.key, "worth", "[net]+[nav]"),
        )
    )
    return Table(
        "j-curve",
        say(locale, "누적 흐름과 남은 가치", "Cumulative flows and value left"),
        (
            Column("quarter", say(locale, "분기", "Quarter"), wide=True),
            Column("paid_in", say(locale, "누적 납입", "Paid-in so far"), "krw"),
            Column("distributed", say(locale, "누적 분배", "Distributed so far"), "krw"),
            Column("net", say(locale, "순흐름", "Net flow"), "krw"),
            Column("nav", "NAV", "krw"),
            Column("worth", say(locale, "순흐름 + NAV", "Net flow + NAV"), "krw"),
        ),
        tuple(rows),
        formulas=live,
    )


def schedule(figures: Figures, locale: Locale) -> Table:
    """Every dated flow, deliveries of a month in one line."""
    companies, investors = company_names(figures.rows), investor_names(figures.rows)
    rows = tuple(
        Row(
            f"flow{number}",
            (
                group[-1].effective_on,
                flow_word(group[0].kind, locale),
                basis_word(group[0].basis, locale),
                investors.get(group[0].investor, ""),
                companies.get(group[0].company or "", group[0].company or ""),
                sum(flow.amount_krw for flow in group),
                group[0].reference + (f" +{len(group) - 1}" if len(group) > 1 else ""),
            ),
            tuple(flow.reference for flow in group),
        )
        for number, group in enumerate(_by_month(figures.rows.flows), 1)
    )
    return Table(
        "schedule",
        say(locale, "일자별 명세", "Dated schedule"),
        (
            Column("date", say(locale, "효력일", "Effective"), "date"),
            Column("kind", say(locale, "종류", "Kind")),
            Column("basis", say(locale, "재원", "Capital")),
            Column("investor", say(locale, "출자자", "Investor")),
            Column("company", say(locale, "기업", "Company"), wide=True),
            Column("amount", say(locale, "금액", "Amount"), "krw"),
            Column("reference", say(locale, "원장 근거", "Ledger reference")),
        ),
        rows,
        (
            say(
                locale,
                "GPU 인도는 납입이면서 투자이며, 기업마다 한 달치를 한 줄로 모았습니다. 음수는 앞선 흐름의 취소입니다.",
                "A GPU delivery is contribution and investment at once; a company's deliveries of a month share "
                "a line. A negative amount reverses an earlier flow.",
            )
            if figures.rows.fund.recognition_policy == "at_delivery"
            else say(
                locale,
                "GPU 배정은 납입, 인도는 투자, 만료는 비용입니다. 음수는 앞선 흐름의 취소입니다.",
                "A grant of GPU time is a contribution, its delivery an investment, its lapse an expense. A negative "
                "amount reverses an earlier flow.",
            ),
        ),
        empty=say(locale, "아직 흐름이 없습니다.", "No flows yet."),
    )


def _by_month(flows: tuple[Flow, ...]) -> list[list[Flow]]:
    # Deliveries are recorded daily; a line for each would bury every other flow.
    groups: dict[tuple[object, ...], list[Flow]] = {}
    for number, flow in enumerate(flows):
        month = (flow.effective_on.year, flow.effective_on.month, flow.investor, flow.company)
        groups.setdefault(month if metrics.is_delivery(flow) else (number,), []).append(flow)
    return sorted(groups.values(), key=lambda group: group[-1].effective_on)


def _series(figures: Figures, locale: Locale) -> Table:
    names = pocket_names(figures.rows, locale)
    rows, formulas = list[Row](), list[Formula]()
    results = list[Row]()
    on = figures.rows.as_of
    chosen: list[tuple[str, str, list[tuple[date, int]]]] = [
        (
            "total",
            say(locale, "합계", "Total"),
            metrics.investor_flows(figures.rows, on, "total", "", figures.total.multiples.nav_krw),
        ),
    ]
    chosen += [
        (code, names[code], metrics.investor_flows(figures.rows, on, "total", code, m.multiples.nav_krw))
        for code, m in figures.investors
    ]
    rates = {"total": figures.total.irr, **{code: m.irr for code, m in figures.investors}}
    for key, label, flows in chosen:
        block = [Row(f"{key}-{n}", (label, day, amount, None)) for n, (day, amount) in enumerate(flows)]
        rows += block
        rate = rates[key].rate
        if rate is None or rates[key].reason is not None:
            continue
        # The yearly rate is what a spreadsheet's XIRR gives, whatever the report prints.
        results.append(Row(f"{key}-irr", (label, None, "IRR", rate)))
        span = f"{block[0].key}:{block[-1].key}"
        # From the usual guess of a tenth, spreadsheets miss steep rates or find none; from nearby they come to it.
        guess = max(round(rate, 6), _LEAST_GUESS)
        formulas.append(Formula(f"{key}-irr", "rate", f"XIRR([amount@{span}],[date@{span}],{guess:.6f})"))
    return Table(
        "irr-series",
        say(locale, "IRR 산정 흐름 (순, 기말 NAV 포함)", "Flows behind the net IRR, closing NAV last"),
        (
            Column("basis", say(locale, "기준", "Basis")),
            Column("date", say(locale, "일자", "Date"), "date"),
            Column("amount", say(locale, "금액", "Amount"), "krw"),
            Column("rate", say(locale, "연 IRR", "Yearly IRR"), "percent"),
        ),
        (*rows, *results),
        (
            say(
                locale,
                "스프레드시트의 XIRR이 0.000000298%를 보이면 해를 찾지 못한 것입니다. 저장된 값이 맞습니다.",
                "A spreadsheet XIRR of 0.000000298% means that no rate was found; the stored value holds.",
            ),
        ),
        tuple(formulas),
    )
