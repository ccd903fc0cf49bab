"""Section 2: each investor's account for the quarter, the year and since inception (ILPA A.1 and A.2)."""

from datetime import date

from reports import metrics
from reports.figures import SCALED, Figures
from reports.formats import Locale, say
from reports.rows import Investor
from reports.sections.model import Column, Formula, Row, Section, Table, Tone, column_sum

_LINES = (
    ("opening", "기초 순자산가치", "Opening NAV", 1),
    ("cash_in", "납입 – 현금", "Contributions – cash", 1),
    ("in_kind_in", "납입 – 현물", "Contributions – non-cash", 1),
    ("distributed", "분배", "Distributions", -1),
    ("fees", "보수", "Management fees", -1),
    ("expenses", "비용", "Expenses", -1),
    ("support", "지분 없는 지원", "Support without equity", -1),
    ("realised", "실현 손익", "Realised gain", 1),
    ("unrealised", "미실현 손익", "Unrealised gain", 1),
    ("closing", "기말 순자산가치", "Closing NAV", 1),
)


def investor_accounts(figures: Figures, locale: Locale) -> Section:
    """Total and each investor: NAV reconciliation and what remains of the commitment."""
    tables = [_reconciliation(figures, None, locale)]
    tables += [_reconciliation(figures, investor, locale) for investor in figures.rows.fund.investors]
    return Section(
        number=2,
        key="accounts",
        title=say(locale, "출자자별 계정", "Investor accounts"),
        tables=(*tables, _commitments(figures, locale)),
    )


def _reconciliation(figures: Figures, investor: Investor | None, locale: Locale) -> Table:
    code = "total" if investor is None else investor.code
    bridges = dict(figures.accounts)[code]
    name = say(locale, "펀드 합계", "Total fund") if investor is None else investor.name
    tone: Tone = "" if investor is None else "cash" if investor.kind == "cash" else "gpu"
    columns = (
        Column("line", say(locale, "항목", "Line"), wide=True),
        Column("qtd", say(locale, "이번 분기", "QTD"), "krw", tone),
        Column("ytd", say(locale, "올해", "YTD"), "krw", tone),
        Column("itd", say(locale, "설립 이후", "ITD"), "krw", tone),
    )
    body = tuple(
        Row(
            key,
            (say(locale, korean, english), *(sign * getattr(bridge, f"{key}_krw") for bridge in bridges)),
            _references(figures, key, investor),
            strong=key in {"opening", "closing"},
        )
        for key, korean, english, sign in _LINES
    )
    formulas = tuple(
        Formula("closing", column, f"SUM([{column}@opening:unrealised])") for column in ("qtd", "ytd", "itd")
    )
    return Table(f"account-{code}", name, columns, body, formulas=formulas)


def _references(figures: Figures, line: str, investor: Investor | None) -> tuple[str, ...]:
    kinds = {
        "cash_in": ("contribution", "cash"),
        "in_kind_in": ("contribution", "in_kind"),
        "distributed": ("distribution", ""),
        "fees": ("fee", ""),
        "expenses": ("expense", ""),
        "support": ("support", ""),
        "realised": ("proceeds", ""),
    }
    if line not in kinds:
        return ()
    kind, basis = kinds[line]
    return tuple(
        flow.reference
        for flow in figures.rows.flows
        if flow.kind == kind
        and (not basis or flow.basis == basis)
        and (investor is None or flow.investor == investor.code or (not flow.investor and flow.basis == investor.kind))
    )


def lapsed(figures: Figures, investor: Investor, after: date, until: date) -> int:
    """Value in won of an investor's GPU time that lapsed with `after < date <= until` and comes off its commitment.

    Each day's running total is rounded, so that quarters add up. Under recognition at grant it was paid in before.
    Reports frozen without dated lapses lay them at the end of the pool's quarter and share them by commitment.
    """
    rows = figures.rows
    if investor.kind != "in_kind" or rows.fund.recognition_policy != "at_delivery":
        return 0
    dated = rows.lapses

    def by(day: date) -> int:
        if dated is not None:
            own = (row for row in dated if row.investor == investor.code and row.lapsed_on <= day)
            return (sum(row.value_krw_e4 for row in own) + SCALED // 2) // SCALED
        peers = sum(peer.committed_krw for peer in rows.fund.investors if peer.kind == investor.kind) or 1
        lines = (line for line in rows.gpu if day >= rows.as_of or metrics.quarter_end(line.period) <= day)
        value = sum(line.expired_hours_e4 * line.unit_price_krw for line in lines)
        return (value + SCALED // 2) // SCALED * investor.committed_krw // peers

    return by(until) - by(after)


def _commitments(figures: Figures, locale: Locale) -> Table:
    measures = dict(figures.investors)
    rows = []
    for investor in figures.rows.fund.investors:
        m = measures[investor.code].multiples
        gone = lapsed(figures, investor, date.min, figures.rows.as_of)
        unfunded = m.committed_krw - m.paid_in_krw - gone
        rows.append(Row(investor.code, (investor.name, m.committed_krw, -m.paid_in_krw, -gone, unfunded)))
    total = Row(
        "total",
        (say(locale, "합계", "Total"), *(column_sum(rows, n) for n in range(1, 5))),
        strong=True,
    )
    live = tuple(Formula(row.key, "unfunded", "[committed]+[paid_in]+[lapsed]") for row in (*rows, total))
    return Table(
        "commitments",
        say(locale, "약정과 미납입", "Commitments"),
        (
            Column("investor", say(locale, "출자자", "Investor"), wide=True),
            Column("committed", say(locale, "약정", "Committed"), "krw"),
            Column("paid_in", say(locale, "납입", "Contributions"), "krw"),
            Column("lapsed", say(locale, "만료·해제", "Expired or released"), "krw"),
            Column("unfunded", say(locale, "미납입 약정", "Unfunded"), "krw"),
        ),
        (*rows, total),
        (
            say(
                locale,
                "만료된 GPU시간은 납입에 넣지 않고 약정에서 뺍니다.",
                "Lapsed GPU time is no contribution; it comes off the commitment.",
            )
            if figures.rows.fund.recognition_policy == "at_delivery"
            else say(
                locale,
                "GPU시간은 배정할 때 납입으로 세며, 만료분은 비용입니다.",
                "GPU time is a contribution when granted; what lapses is an expense.",
            ),
        ),
        live,
    )
