"""An allocation plan as a page shows it: sums by SKU and quarter, who gets what, what is scarce."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fundapp.allocation.queries import PlannedRow, PlanPage, Workbench
from fundapp.allocation.rules import Hours
from fundapp.core.quantities import HOUR, imputed_value
from fundapp.core.quantities import gpu_hours as quantity
from fundapp.web.operations.plan_words import GROUPS, name_setting
from fundapp.web.shell.formats import money, quarter
from fundapp.web.shell.language import current_locale, gettext, lazy

BASELINES: Mapping[str, Any] = {
    "greedy": lazy("점수 순으로 전량"),
    "minimum_first": lazy("최소 필요량부터"),
}
TERMS: Mapping[str, Any] = {
    "sector_cap_permille": lazy("한 업종 상한"),
    "own_cap_permille": lazy("기업당 상한"),
    "reserve_permille": lazy("예비량"),
    "fairness_permille": lazy("고른 배정"),
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
    """One SKU and quarter; whole hours.

    Attributes:
        planned: What the plan, with the choices over it, awards.
        capacity: What is free before it.
        reserve: The part of it that should stay free.
        wanted: What all applicants ask for.
    """

    sku: str
    quarter: str
    planned: int
    capacity: int
    reserve: int
    wanted: int

    @property
    def over(self) -> int:
        """Hours that the plan takes of the reserve, or that do not exist."""
        return max(0, self.planned - (self.capacity - self.reserve))

    @property
    def left(self) -> int:
        """What the plan leaves, in ten-thousandths of an hour."""
        return int((self.capacity - self.planned) * HOUR)


@dataclass(frozen=True, slots=True)
class Line:
    """One company of a plan; hours in ten-thousandths, value in ten-thousandths of a won.

    Attributes:
        value_e4: Imputed value of the hours that are to be asked for.
        chosen_krw: Cash to ask the committee for: the choice where there is one, else the recommendation.
        chosen_e4: Hours likewise.
        reason: Why it is not the recommendation.
        pinned: Whether the next solve keeps it.
    """

    row: PlannedRow
    requested_e4: int
    recommended_e4: int
    skus: str
    value_e4: int
    most_krw: int
    chosen_krw: int
    chosen_e4: int
    reason: str
    pinned: bool

    @property
    def chosen(self) -> bool:
        """Whether it gets anything."""
        return bool(self.chosen_krw or self.chosen_e4)

    @property
    def tags(self) -> tuple[str, ...]:
        """The groups of a quota that it belongs to, by name."""
        return tuple(str(GROUPS.get(tag, tag)) for tag in self.row.tags)

    @property
    def tickets(self) -> tuple[int, ...]:
        """Amounts to choose among, the present one with them."""
        return tuple(sorted({0, *self.row.tickets, self.row.recommended_krw, self.chosen_krw}))


@dataclass(frozen=True, slots=True)
class Price:
    """What one more of something is worth, in millionths of an objective point; `subject` names it for a solve."""

    text: str
    micro: int
    tone: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a rule of thumb reaches, in permille of the plan, and the names of the settings that it does not keep."""

    label: str
    permille: int
    broken: tuple[str, ...]


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


def show_plan(page: PlanPage, bench: Workbench) -> PlanShown:
    """Sum a plan up, with the choices over it. Applications out of the viewer's sight are in none of the sums."""
    rates = {(slot["sku"], slot["quarter"]): int(slot["rate_krw"]) for slot in page.capacities}
    hours = {row.number: chosen_hours(row, bench) for row in page.rows}
    lines = [_line(row, bench, hours[row.number], rates) for row in page.rows]
    lines.sort(key=lambda line: (not line.chosen, -(line.row.score_tenths or 0), line.row.number))
    heat = _heat(page, hours)
    cells = [cell for _, row in heat for cell in row]
    prices = _prices(page.prices)
    return PlanShown(
        quarters=tuple(sorted({quarter_ for _, quarter_ in rates})),
        heat=heat,
        lines=tuple(lines),
        chosen=sum(line.chosen for line in lines),
        krw=sum(line.chosen_krw for line in lines),
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


def chosen_hours(row: PlannedRow, bench: Workbench) -> Hours:
    """Return the hours to ask the committee for: the choice where there is one, else the recommendation."""
    choice = bench.choices.get(row.number)
    return row.recommended_hours if choice is None else choice.gpu_hours


def _heat(page: PlanPage, chosen: Mapping[str, Hours]) -> tuple[tuple[str, tuple[Cell, ...]], ...]:
    planned: defaultdict[tuple[str, str], int] = defaultdict(int)
    wanted: defaultdict[tuple[str, str], int] = defaultdict(int)
    held: defaultdict[tuple[str, str], int] = defaultdict(int)
    for row in page.rows:
        for found, hours in ((planned, chosen[row.number]), (wanted, row.requested_hours)):
            for sku, quarters in hours.items():
                for quarter_, part in quarters.items():
                    found[sku, quarter_] += part
    for commitment in page.commitments:
        held[commitment["sku"], commitment["quarter"]] += int(commitment["hours"])
    reserve = int(page.terms.get("reserve_permille", 0))
    by_sku: defaultdict[str, list[Cell]] = defaultdict(list)
    for slot in sorted(page.capacities, key=lambda slot: (slot["sku"], slot["quarter"])):
        key, whole = (slot["sku"], slot["quarter"]), int(slot["hours"])
        kept = -(-whole * reserve // _WHOLE)
        by_sku[slot["sku"]].append(Cell(*key, planned[key], max(0, whole - held[key]), kept, wanted[key]))
    return tuple((sku, tuple(cells)) for sku, cells in sorted(by_sku.items(), reverse=True))


def _line(row: PlannedRow, bench: Workbench, hours: Hours, rates: Mapping[tuple[str, str], int]) -> Line:
    choice = bench.choices.get(row.number)
    value = sum(
        imputed_value(quantity(sku.upper(), some), rates.get((sku, quarter_), 0)).minor
        for sku, quarters in hours.items()
        for quarter_, some in quarters.items()
    )
    return Line(
        row=row,
        requested_e4=_total_e4(row.requested_hours),
        recommended_e4=_total_e4(row.recommended_hours),
        skus=" · ".join(sku.upper() for sku in sorted(row.requested_hours)),
        value_e4=value,
        most_krw=max(row.tickets, default=0),
        chosen_krw=row.recommended_krw if choice is None else choice.krw,
        chosen_e4=_total_e4(hours),
        reason="" if choice is None else choice.reason,
        pinned=choice is not None and choice.pinned,
    )


def _total_e4(hours: Hours) -> int:
    return int(sum(part for quarters in hours.values() for part in quarters.values()) * HOUR)


def _micro(points: float) -> int:
    return int(Decimal(str(points)) * 1_000_000)


def _prices(prices: Mapping[str, Any]) -> list[Price]:
    """Return marginal worths, dearest first, per 10 million won and per 1,000 hours so that they compare."""
    found = [Price(gettext("현금을 1,000만원 더 쓰면"), _micro(prices["cash"]) // 10, "cash", "cash")]
    for sku, quarters in prices["gpu"].items():
        for name, points in quarters.items():
            text = gettext(
                "%(quarter)s %(sku)s 1,000시간을 더 구하면",
                quarter=quarter(name, current_locale()),
                sku=sku.upper(),
            )
            found.append(Price(text, _micro(points) * 10, "gpu", f"gpu:{sku}:{name}"))
    for name, points in prices["quotas"].items():
        kind, _, sector = name.partition(":")
        if kind == "quota":
            text = gettext("%(group)s 비중 조건을 1%%p 늦추면", group=str(GROUPS.get(sector, sector)))
        elif sector:
            text = gettext("%(sector)s 업종 상한을 1%%p 올리면", sector=sector)
        else:
            text = str(_QUOTAS.get(kind, kind))
        subject = "sector_cap" if kind == "sector_cap" else name
        found.append(Price(text, _micro(points), "", subject))
    for name, points in prices.get("codev", {}).items():
        text = gettext("%(quarter)s 공동 개발 일수를 하루 늘리면", quarter=quarter(name, current_locale()))
        found.append(Price(text, _micro(points), "", f"codev:{name}"))
    return sorted(found, key=lambda price: -price.micro)


def _baselines(page: PlanPage) -> tuple[Baseline, ...]:
    whole = Decimal(str(page.objective))
    companies = {row.number: row.company for row in page.rows}
    return tuple(
        Baseline(
            str(BASELINES.get(name, name)),
            int(Decimal(str(found["objective"])) * _WHOLE / whole) if whole else _WHOLE,
            _broken(found, companies),
        )
        for name, found in page.baseline.items()
    )


def _broken(found: Mapping[str, Any], companies: Mapping[str, str]) -> tuple[str, ...]:
    if found["breaches"] and "broken" not in found:  # kept before the settings were
        return (gettext("비중 조건"),)
    return tuple(name_setting(kind, subject, companies) for kind, subject in found.get("broken", ()))


def _terms(terms: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    shown = [(gettext("현금 한도"), money(int(terms["budget_krw"]), current_locale()))]
    for name, label in TERMS.items():
        permille = int(terms.get(name, 0))
        off = permille == (_WHOLE if name in _CAPS else 0)
        shown.append((str(label), gettext("없음") if off else f"{Decimal(permille) / 10:g}%"))
    for quota in terms.get("quotas", ()):
        group = str(GROUPS.get(quota["tag"], quota["tag"]))
        least = quota["direction"] == "at_least"
        label = gettext("%(group)s 최소", group=group) if least else gettext("%(group)s 상한", group=group)
        shown.append((label, f"{Decimal(quota['permille']) / 10:g}%"))
    for quarter_, days in terms.get("codev_days", {}).items():
        label = gettext("%(quarter)s 공동 개발", quarter=quarter(quarter_, current_locale()))
        shown.append((label, gettext("%(days)s일", days=days)))
    return tuple(shown)
