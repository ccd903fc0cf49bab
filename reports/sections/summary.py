"""Section 1: the whole quarter on one page."""

from collections.abc import Callable
from fractions import Fraction

from reports.figures import Figures
from reports.formats import Locale, decimal_text, hours, multiple, percent, quarter_name, say, signed, won
from reports.metrics import Measures, Multiples
from reports.rows import RemarkKind
from reports.sections.model import Cell, Column, Kind, Listing, Row, Section, Table, Tone
from reports.sections.wording import rate_cell, rate_notes

_LOW_USE = Fraction(1, 2)


def one_page(figures: Figures, locale: Locale) -> Section:
    """Measures on every basis, highlights and lowlights, and what changed."""
    return Section(
        number=1,
        key="summary",
        title=say(locale, "한 장 요약", "One-page summary"),
        tables=(headline_table(figures, locale), _changes(figures, locale)),
        listings=(
            Listing("highlights", say(locale, "잘된 점", "Highlights"), "good", highlights(figures, locale)),
            Listing("lowlights", say(locale, "우려되는 점", "Lowlights"), "bad", lowlights(figures, locale)),
        ),
        charts=("contributions", "value_bridge"),
    )


def headline_table(figures: Figures, locale: Locale) -> Table:
    """Committed, paid-in, distributions, NAV, multiples and rate of return by basis."""
    investors = figures.rows.fund.investors
    tones: dict[str, Tone] = {"cash": "cash", "in_kind": "gpu"}
    columns = [
        Column("measure", say(locale, "기준", "Basis"), wide=True),
        Column("total", say(locale, "합계", "Total"), "krw"),
        *(
            Column(
                i.code,
                f"{i.name} {_short_basis(i.kind, locale)}",
                "krw",
                tones[i.kind],
            )
            for i in investors
        ),
        Column("previous", say(locale, "전분기 합계", "Total last quarter"), "krw"),
    ]
    bases = [figures.total, *(measures for _, measures in figures.investors), figures.previous]
    money: list[tuple[str, str, Callable[[Multiples], Cell], Kind]] = [
        ("committed", say(locale, "약정", "Committed"), lambda m: m.committed_krw, "krw"),
        ("paid_in", say(locale, "납입 (PI)", "Paid-in (PI)"), lambda m: m.paid_in_krw, "krw"),
        ("distributed", say(locale, "분배 (D)", "Distributions (D)"), lambda m: m.distributed_krw, "krw"),
        ("nav", "NAV", lambda m: m.nav_krw, "krw"),
        ("tvpi", "TVPI", lambda m: m.tvpi, "ratio"),
        ("dpi", "DPI", lambda m: m.dpi, "ratio"),
        ("rvpi", "RVPI", lambda m: m.rvpi, "ratio"),
        ("pic", say(locale, "PIC (납입/약정)", "PIC (paid-in/committed)"), lambda m: m.pic, "percent"),
    ]
    rows = [
        Row(
            key,
            (label, *(take(b.multiples) if b else None for b in bases)),
            _trail(figures, key),
            kind,
            strong=key == "nav",
        )
        for key, label, take, kind in money
    ]
    annual = figures.total.irr.annualised or figures.total.irr.rate is None
    label = (
        say(locale, "IRR (순, 연)", "Net IRR (yearly)")
        if annual
        else say(locale, "IRR (순, 기간)", "Net return (period)")
    )
    rates: list[Cell] = [rate_cell(b.irr, locale) if b else None for b in bases]
    rows.append(Row("irr", (label, *rates), _trail(figures, "irr"), "percent"))
    return Table("headline", say(locale, "성과 요약", "Measures"), tuple(columns), tuple(rows), _notes(figures, locale))


def _short_basis(kind: str, locale: Locale) -> str:
    return say(locale, "현금", "cash") if kind == "cash" else say(locale, "현물", "in kind")


def _trail(figures: Figures, measure: str) -> tuple[str, ...]:
    return next((f.references for f in figures.listed if f.key == f"total.{measure}"), ())


def _notes(figures: Figures, locale: Locale) -> tuple[str, ...]:
    named: list[tuple[str, Measures]] = [(say(locale, "합계", "Total"), figures.total)]
    names = {investor.code: investor.name for investor in figures.rows.fund.investors}
    named += [(names[code], measures) for code, measures in figures.investors]
    notes = [note for label, measures in named for note in rate_notes(label, measures.irr, locale)]
    if figures.tvpi_low is not None and figures.tvpi_high is not None:
        least, most = sorted((figures.tvpi_low, figures.tvpi_high))
        low, high = decimal_text(least, 2), multiple(most, locale)
        if least < 0:
            low, high = f"{low} ", f" {high}"  # a dash and a minus side by side are hard to tell apart
        notes.append(
            say(
                locale,
                f"GPU 단가를 ±20% 바꾸면 합계 TVPI는 {low}–{high}.",
                f"With the GPU rate moved by ±20%, total TVPI is {low}–{high}.",
            )
        )
    return tuple(notes)


def _remarks(figures: Figures, kind: RemarkKind) -> list[str]:
    return [remark.text for remark in figures.rows.remarks if remark.kind == kind]


def highlights(figures: Figures, locale: Locale) -> tuple[str, ...]:
    """The preparers' words first, then what the figures say for themselves."""
    found = _remarks(figures, "highlight")
    bridge = figures.bridge
    if bridge.realised_krw > 0:
        gain = won(bridge.realised_krw, locale)
        found.append(say(locale, f"실현 이익 {gain}.", f"Realised gain of {gain}."))
    if bridge.unrealised_krw > 0:
        gain = won(bridge.unrealised_krw, locale)
        found.append(say(locale, f"공정가치가 {gain} 늘었습니다.", f"Fair value rose by {gain}."))
    for sku in figures.skus:
        if sku.utilisation is not None and sku.utilisation >= _LOW_USE:
            used = percent(sku.utilisation, 0)
            found.append(say(locale, f"{sku.sku} 사용률 {used}.", f"{sku.sku} utilisation {used}."))
    return tuple(found)


def lowlights(figures: Figures, locale: Locale) -> tuple[str, ...]:
    """Likewise for what should worry a reader: losses, low use, time at risk, overdue duties."""
    found = _remarks(figures, "lowlight")
    if figures.bridge.closing_krw < 0:
        nav = won(figures.bridge.closing_krw, locale)
        found.append(say(locale, f"순자산가치가 0보다 작은 {nav}입니다.", f"Net asset value is below zero, at {nav}."))
    for amount, words in (
        (figures.bridge.realised_krw, ("실현 손실", "Realised loss")),
        (figures.bridge.unrealised_krw, ("공정가치 감소", "Fair value fell by")),
    ):
        if amount < 0:
            found.append(f"{say(locale, *words)} {won(-amount, locale)}.")
    for sku in figures.skus:
        if sku.utilisation is not None and sku.utilisation < _LOW_USE:
            used, rest = percent(sku.utilisation, 0), hours(sku.remaining_hours_e4, locale)
            found.append(
                say(
                    locale,
                    f"{sku.sku} 사용률 {used}. 배정하고 쓰지 않은 {rest}이 남았습니다.",
                    f"{sku.sku} utilisation {used}; {rest} allocated and unused.",
                )
            )
    risk = sum(o.projection.at_risk_hours_e4 or 0 for o in figures.outlooks if o.projection)
    if risk:
        text = hours(risk, locale)
        found.append(
            say(locale, f"지금 속도라면 {text}이 쓰이지 못하고 만료됩니다.", f"At the present pace {text} will lapse.")
        )
    late = sum(o.done_on is None and o.due_on < figures.rows.as_of for o in figures.rows.obligations)
    if late:
        found.append(say(locale, f"기한이 지난 보고 {late}건.", f"Overdue reports: {late}."))
    return tuple(found)


def _changes(figures: Figures, locale: Locale) -> Table:
    rows = [
        Row(f"change{n}", (say(locale, "변경", "Change"), text))
        for n, text in enumerate(_remarks(figures, "change"), 1)
    ]
    for line in figures.rows.published:
        point = next((p for p in figures.history if p.code == line.quarter), None)
        if point is not None and point.multiples.nav_krw != line.nav_krw:
            shift = signed(won(point.multiples.nav_krw - line.nav_krw, locale))
            name = quarter_name(line.quarter, locale)
            then, now = won(line.nav_krw, locale), won(point.multiples.nav_krw, locale)
            text = say(
                locale,
                f"{name} NAV를 {then}에서 {now}으로 다시 산정 ({shift})",
                f"{name} NAV restated from {then} to {now} ({shift})",
            )
            rows.append(Row(f"restated-{line.quarter}", (say(locale, "정정", "Restatement"), text)))
    rows += [
        Row(f"{kind}{n}", (say(locale, *words), text))
        for kind, words in (("erratum", ("정정", "Erratum")), ("request", ("결정 요청", "Decision wanted")))
        for n, text in enumerate(_remarks(figures, "erratum" if kind == "erratum" else "request"), 1)
    ]
    return Table(
        "changes",
        say(locale, "전분기와 달라진 점", "What changed since last quarter"),
        (Column("kind", say(locale, "구분", "Kind")), Column("text", say(locale, "내용", "Content"), wide=True)),
        tuple(rows),
        empty=say(locale, "달라진 점이 없습니다.", "Nothing changed."),
    )
