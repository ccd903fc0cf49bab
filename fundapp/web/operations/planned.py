"""An allocation plan as a page shows it: sums by SKU and quarter, who gets what, what is scarce."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fundapp.allocation.queries import PlannedRow, PlanPage
from fundapp.core.quantities import HOUR, imputed_value
from fundapp.core.quantities import gpu_hours as quantity
from fundapp.web.shell.formats import quarter
from fundapp.web.shell.language import current_locale, gettext, lazy

BASELINES: Mapping[str, Any] = {
    "greedy": lazy("점수 순으로 전량"),
    "minimum_first": lazy("최소 필요량부터"),
}
TERMS: Mapping[str, Any] = {
    "sector_cap_permille": lazy("한 업종 상한"),
    "own_cap_permille": lazy("기업당 상한"),
    "sme_floor_permille": lazy("중소기업 최소"),
    "non_capital_floor_permille": lazy("비수도권 최소"),
}
_QUOTAS: Mapping[str, Any] = {
    "own_cap": lazy("기업당 상한을 1%p 올리면"),
    "sme_floor": lazy("중소기업 최소 비중을 1%p 낮추면"),
    "non_capital_floor": lazy("비수도권 최소 비중을 1%p 낮추면"),
}
_CAPS = frozenset({"sector_cap_permille", "own_cap_permille"})
_WHOLE = 1000
_MOST_PRICES = 6


@dataclass(frozen=True, slots=True)
class Cell:
    """One SKU and quarter; whole hours."""

    sku: str
    quarter: str
    planned: int
    capacity: int

    @property
    def left(self) -> int:
        """What the plan leaves, in ten-thousandths of an hour."""
        return int((self.capacity - self.planned) * HOUR)


@dataclass(frozen=True, slots=True)
class Line:
    """One company of a plan; hours in ten-thousandths, value in ten-thousandths of a won."""

    row: PlannedRow
    requested_e4: int
    recommended_e4: int
    skus: str
    value_e4: int
    most_krw: int

    @property
    def chosen(self) -> bool:
        """Whether it gets anything."""
        return bool(self.row.recommended_krw or self.recommended_e4)


@dataclass(frozen=True, slots=True)
class Price:
    """What one more of something is worth, in millionths of an objective point."""

    text: str
    micro: int
    tone: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a rule of thumb reaches, in permille of the plan."""

    label: str
    permille: int
    breaches: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanShown:
    """Everything a plan's page shows besides the plan itself."""

    quarters: tuple[str, ...]
    heat: tuple[tuple[str, tuple[Cell, ...]], ...]
    lines: tuple[Line, ...]
    chosen: int
    krw: int
    budget_krw: int
    hours_e4: int
    capacity_e4: int
    value_e4: int
    prices: tuple[Price, ...]
    idle: int
    baselines: tuple[Baseline, ...]
    terms: tuple[tuple[str, str], ...]
    gap_ppm: int


def show_plan(page: PlanPage) -> PlanShown:
    """Sum a plan up. Applications out of the viewer's sight are in none of the sums."""
    rates = {(slot["sku"], slot["quarter"]): int(slot["rate_krw"]) for slot in page.capacities}
    lines = [_line(row, rates) for row in page.rows]
    lines.sort(key=lambda line: (not line.chosen, -(line.row.score_tenths or 0), line.row.number))
    heat = _heat(page)
    cells = [cell for _, row in heat for cell in row]
    prices = _prices(page.prices)
    return PlanShown(
        quarters=tuple(sorted({quarter_ for _, quarter_ in rates})),
        heat=heat,
        lines=tuple(lines),
        chosen=sum(line.chosen for line in lines),
        krw=sum(row.recommended_krw for row in page.rows),
        budget_krw=int(page.terms["budget_krw"]),
        hours_e4=sum(cell.planned for cell in cells) * HOUR,
        capacity_e4=sum(cell.capacity for cell in cells) * HOUR,
        value_e4=sum(line.value_e4 for line in lines),
        prices=tuple(price for price in prices if price.micro > 0)[:_MOST_PRICES],
        idle=sum(price.micro <= 0 for price in prices),
        baselines=_baselines(page),
        terms=_terms(page.terms),
        gap_ppm=int(Decimal(str(page.gap)) * 1_000_000),
    )


def _heat(page: PlanPage) -> tuple[tuple[str, tuple[Cell, ...]], ...]:
    planned: defaultdict[tuple[str, str], int] = defaultdict(int)
    for row in page.rows:
        for sku, quarters in row.recommended_hours.items():
            for quarter_, hours in quarters.items():
                planned[sku, quarter_] += hours
    by_sku: defaultdict[str, list[Cell]] = defaultdict(list)
    for slot in sorted(page.capacities, key=lambda slot: (slot["sku"], slot["quarter"])):
        key = (slot["sku"], slot["quarter"])
        by_sku[slot["sku"]].append(Cell(*key, planned[key], int(slot["hours"])))
    return tuple((sku, tuple(cells)) for sku, cells in sorted(by_sku.items(), reverse=True))


def _line(row: PlannedRow, rates: Mapping[tuple[str, str], int]) -> Line:
    requested = sum(sum(quarters.values()) for quarters in row.requested_hours.values())
    recommended = sum(sum(quarters.values()) for quarters in row.recommended_hours.values())
    value = sum(
        imputed_value(quantity(sku.upper(), hours), rates.get((sku, quarter_), 0)).minor
        for sku, quarters in row.recommended_hours.items()
        for quarter_, hours in quarters.items()
    )
    return Line(
        row=row,
        requested_e4=requested * HOUR,
        recommended_e4=recommended * HOUR,
        skus=" · ".join(sku.upper() for sku in sorted(row.requested_hours)),
        value_e4=value,
        most_krw=max(row.tickets, default=0),
    )


def _micro(points: Any) -> int:  # noqa: ANN401 - JSON
    return round(Decimal(str(points)) * 1_000_000)


def _prices(prices: Mapping[str, Any]) -> list[Price]:
    """Return marginal worths, dearest first, per 10 million won and per 1,000 hours so that they compare."""
    found = [Price(gettext("현금을 1,000만원 더 쓰면"), _micro(prices["cash"]) // 10, "cash")]
    for sku, quarters in prices["gpu"].items():
        for name, points in quarters.items():
            text = gettext(
                "%(quarter)s %(sku)s 1,000시간을 더 구하면",
                quarter=quarter(name, current_locale()),
                sku=sku.upper(),
            )
            found.append(Price(text, _micro(points) * 10, "gpu"))
    for name, points in prices["quotas"].items():
        kind, _, sector = name.partition(":")
        if kind == "quota":
            text = gettext("%(group)s 비중 조건을 1%%p 늦추면", group=sector)
        elif sector:
            text = gettext("%(sector)s 업종 상한을 1%%p 올리면", sector=sector)
        else:
            text = str(_QUOTAS.get(kind, kind))
        found.append(Price(text, _micro(points), ""))
    return sorted(found, key=lambda price: -price.micro)


def _baselines(page: PlanPage) -> tuple[Baseline, ...]:
    whole = Decimal(str(page.objective))
    return tuple(
        Baseline(
            str(BASELINES.get(name, name)),
            int(Decimal(str(found["objective"])) * _WHOLE / whole) if whole else _WHOLE,
            tuple(found["breaches"]),
        )
        for name, found in page.baseline.items()
    )


def _terms(terms: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    shown = []
    for name, label in TERMS.items():
        permille = int(terms.get(name, 0))
        off = permille == (_WHOLE if name in _CAPS else 0)
        shown.append((str(label), gettext("없음") if off else f"{Decimal(permille) / 10:g}%"))
    return tuple(shown)
