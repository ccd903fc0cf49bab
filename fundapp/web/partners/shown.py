"""What the fund's page shows, put together from a dashboard: bars, key figures, the heat table, things to see to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from markupsafe import Markup

from fundapp.core.quantities import round_to_won
from fundapp.reporting.queries import Dashboard
from fundapp.web.shell.formats import DASH, hours, hours_dense, money, percent, quarter_dense, times
from fundapp.web.shell.language import current_locale, gettext

BASES = ("total", "kt", "microsoft")
MEASURES = ("committed", "paid_in", "distributed", "nav", "tvpi", "dpi", "rvpi", "pic", "irr")
_MONEY = frozenset({"committed", "paid_in", "distributed", "nav"})
_RATES = frozenset({"pic", "irr"})
_MOST_TASKS = 5


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a chain: an amount of the whole, with a note. `tone` colours it."""

    label: str
    amount_krw: int
    whole_krw: int
    tone: str
    note: str


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure in the bases shown; `texts` and `trails` run in the order of the bases."""

    key: str
    label: str
    meaning: str
    texts: tuple[str, ...]
    trails: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class HeatCell:
    """Use of the pools of one SKU in one quarter, in ten-thousandths of an hour; None where there is no pool."""

    delivered_e4: int
    allocated_e4: int
    text: str
    small: str


@dataclass(frozen=True, slots=True)
class Heat:
    """SKU by quarter; a cell is None where no pool exists."""

    quarters: tuple[str, ...]
    rows: tuple[tuple[str, tuple[HeatCell | None, ...]], ...]


@dataclass(frozen=True, slots=True)
class Risk:
    """GPU time of a funded company that will lapse unused at the present pace."""

    company: str
    sku: str
    hours: str
    days: int
    expires_on: date


def multiple(ratio: Fraction) -> str:
    """Return a multiple in words: `1.16배`."""
    return times(ratio.numerator, ratio.denominator, current_locale())


def drawn(svg: str) -> Markup:
    """Return a chart for the page. It is drawn by our own renderer, which escapes every text and keeps no script."""
    return Markup(svg)  # noqa: S704


def cash_chain(board: Dashboard) -> tuple[Bar, ...]:
    """Return cash from promise to company."""
    cash, whole = board.cash, board.cash.committed_krw
    unpaid = gettext("미납입 %(won)s", won=_won(whole - cash.paid_in_krw))
    waiting = gettext("%(won)s 집행 대기", won=_won(cash.awarded_krw - cash.disbursed_krw))
    companies = len({one.company_name for one in board.holdings})
    distributed = dict(board.by_investor)["kt"].distributed_krw if "kt" in dict(board.by_investor) else 0
    held = gettext("표결 중 예약 %(won)s 뺌", won=_won(cash.held_krw)) if cash.held_krw else ""
    return (
        Bar(gettext("약정"), whole, whole, "cash-3", "100%"),
        Bar(gettext("납입"), cash.paid_in_krw, whole, "cash-2", f"{percent(cash.paid_in_krw, whole, 0)} · {unpaid}"),
        Bar(gettext("투자 승인"), cash.awarded_krw, whole, "cash-2", gettext("%(n)s개 기업", n=companies)),
        Bar(gettext("투자 집행"), cash.disbursed_krw, whole, "cash", waiting),
        Bar(gettext("회수·분배"), distributed, whole, "cash", "" if distributed else gettext("아직 없음")),
        Bar(gettext("여력"), cash.headroom_krw, whole, "hatch-cash", held or percent(cash.headroom_krw, whole, 0)),
    )


def gpu_chain(board: Dashboard) -> tuple[Bar, ...]:
    """Return GPU time from contribution to use, at its imputed value, hours beside it."""
    gpu, skus = board.gpu, board.skus
    whole = round_to_won(gpu.contributed_krw_e4)
    allocated = round_to_won(sum(one.allocated_krw_e4 for one in skus))
    unused = round_to_won(sum(one.remaining_krw_e4 for one in skus))
    expired = round_to_won(sum(one.expired_krw_e4 for one in skus))
    left = sum(one.remaining_hours_e4 for one in skus)
    part = gettext("배정의 %(share)s", share=percent(gpu.delivered_hours_e4, gpu.allocated_hours_e4, 0))
    lapsed = gettext("%(hours)s · 납입에 넣지 않음", hours=_hours(gpu.expired_hours_e4))
    return (
        Bar(gettext("풀 출자"), whole, whole, "gpu-3", _hours(gpu.contributed_hours_e4)),
        Bar(gettext("배정"), allocated, whole, "gpu-2", _hours(gpu.allocated_hours_e4)),
        Bar(
            gettext("인도(사용)"),
            round_to_won(gpu.delivered_krw_e4),
            whole,
            "gpu",
            f"{_hours(gpu.delivered_hours_e4)} · {part}",
        ),
        Bar(gettext("배정 잔여"), unused, whole, "hatch-gpu", _hours(left)),
        Bar(gettext("만료"), expired, whole, "mute", lapsed if expired else gettext("없음")),
        Bar(gettext("여력"), round_to_won(gpu.headroom_krw_e4), whole, "gpu-2", _hours(gpu.headroom_hours_e4)),
    )


def measures(board: Dashboard, bases: Sequence[str]) -> tuple[Measure, ...]:
    """Return the measures in some bases, with the key of each figure's trail where it has one."""
    words = _meanings()
    return tuple(
        Measure(
            key,
            *words[key],
            tuple(_measure_text(board, base, key) for base in bases),
            tuple(f"{base}.{key}" if key != "committed" and base in board.measures else None for base in bases),
        )
        for key in MEASURES
    )


def _measure_text(board: Dashboard, base: str, key: str) -> str:
    measured = board.measures.get(base)
    if measured is None:
        return DASH
    if key in _MONEY:
        amount: int = getattr(measured.multiples, f"{key}_krw")
        return _won(amount)
    ratio = measured.irr.shown if key == "irr" else getattr(measured.multiples, key)
    if ratio is None:
        return gettext("산출 보류") if key == "irr" else DASH
    exact = Fraction(ratio).limit_denominator(10**15)
    if key in _RATES:
        return percent(exact.numerator, exact.denominator)
    return times(exact.numerator, exact.denominator, current_locale())


def _meanings() -> dict[str, tuple[str, str]]:
    return {
        "committed": (gettext("약정"), gettext("규약에서 내기로 한 금액입니다.")),
        "paid_in": (
            gettext("납입 (PI)"),
            gettext("실제로 낸 현금과, 실제로 인도한 GPU시간에 협약 단가를 곱한 금액입니다. 만료분은 넣지 않습니다."),
        ),
        "distributed": (gettext("분배 (D)"), gettext("출자자에게 돌려준 금액입니다.")),
        "nav": (gettext("순자산가치 (NAV)"), gettext("보유 투자의 공정가치와 남은 현금에서 비용을 뺀 값입니다.")),
        "tvpi": ("TVPI", gettext("(분배 + NAV) ÷ 납입. 낸 돈이 지금 몇 배의 가치인지 말합니다.")),
        "dpi": ("DPI", gettext("분배 ÷ 납입. 낸 돈 가운데 실제로 돌려받은 몫입니다.")),
        "rvpi": ("RVPI", gettext("NAV ÷ 납입. 아직 돌려받지 않은 가치의 몫입니다.")),
        "pic": ("PIC", gettext("납입 ÷ 약정. 약속한 금액 가운데 이미 낸 몫입니다.")),
        "irr": (
            gettext("IRR (순)"),
            gettext("일자별 흐름과 기말 NAV의 현재가치 합을 0으로 만드는 연 수익률입니다. 90일 미만이면 보류합니다."),
        ),
    }


def heat(board: Dashboard) -> Heat:
    """Return delivered to allocated time by SKU and pool quarter; regions are added up."""
    quarters = tuple(sorted({line.period for line in board.pools}))
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for line in board.pools:
        delivered, allocated = sums.get((line.sku, line.period), (0, 0))
        sums[line.sku, line.period] = (delivered + line.delivered_hours_e4, allocated + line.allocated_hours_e4)
    rows = []
    for sku in sorted({line.sku for line in board.pools}):
        cells = tuple(_heat_cell(sums[sku, name]) if (sku, name) in sums else None for name in quarters)
        rows.append((sku.upper(), cells))
    return Heat(tuple(quarter_dense(name) for name in quarters), tuple(rows))


def _heat_cell(amounts: tuple[int, int]) -> HeatCell:
    delivered, allocated = amounts
    small = f"{hours_dense(delivered, current_locale())} / {hours_dense(allocated, current_locale())}"
    return HeatCell(delivered, allocated, percent(delivered, allocated, 0), small)


def risks(board: Dashboard) -> list[Risk]:
    """Return the grants that will lapse with most time unused at the pace of the last 28 days."""
    found = [
        (outlook.projection.at_risk_hours_e4, outlook)
        for outlook in board.outlooks
        if outlook.projection is not None and outlook.projection.at_risk_hours_e4
    ]
    found.sort(key=lambda pair: (-(pair[0] or 0), pair[1].award.company_name))
    return [
        Risk(
            outlook.award.company_name,
            outlook.award.sku.upper(),
            _hours(at_risk or 0),
            (outlook.award.expires_on - board.as_of).days,
            outlook.award.expires_on,
        )
        for at_risk, outlook in found[:_MOST_TASKS]
        if outlook.award.expires_on is not None
    ]


def _won(amount_krw: int) -> str:
    return money(amount_krw, current_locale())


def _hours(value_e4: int) -> str:
    return hours(round(value_e4, -4), current_locale())
