"""What stands beside a plan as its page shows it: settings to turn, a verdict on amounts, answers found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fundapp.allocation.queries import PlanPage, RunRow, Workbench
from fundapp.allocation.rules import (
    Breach,
    PlannedAward,
    Terms,
    choose,
    firm,
    flat_hours,
)
from fundapp.core.quantities import HOUR
from fundapp.web.operations.forms.plans import KRW_UNIT, codev_field, hours_field, quota_field
from fundapp.web.operations.plan_words import GROUPS, band_words, name_breach, name_setting, objective_words
from fundapp.web.shell.language import gettext

_BAND_LOW, _BAND_HIGH = 0.05, 0.95
_MOST_COLUMNS = 120
_MICRO = 1_000_000
_EDGES = 6
"""Companies shown on either side of the cut-off."""


@dataclass(frozen=True, slots=True)
class Knob:
    """A setting to turn.

    Attributes:
        name: Its field in the form.
        label: What people call it.
        value: As the field has it.
        least, most, step: Of the slider.
        unit: After the number.
        binding: Whether it stands in the way now; None where that is not known.
    """

    name: str
    label: str
    value: Decimal
    least: int
    most: int
    step: int
    unit: str
    binding: bool | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What amounts over a plan come to.

    Attributes:
        firm: Settings that no reason sets aside.
        soft: Settings that are not kept and need their reason.
        permille: Worth, of the recommendation's.
        krw: Cash.
        hours_e4: GPU time in ten-thousandths of an hour.
    """

    firm: tuple[str, ...]
    soft: tuple[str, ...]
    permille: int
    krw: int
    hours_e4: int


@dataclass(frozen=True, slots=True)
class QuotaPrice:
    """What a quota costs, solved again without it; points in millionths, the share in ppm."""

    label: str
    micro: int
    ppm: int
    hours_lost: int
    shrinks: bool


@dataclass(frozen=True, slots=True)
class Edge:
    """A company near the cut-off; points in millionths."""

    number: str
    company: str
    awarded: bool
    micro: int


@dataclass(frozen=True, slots=True)
class Odds:
    """How often a company wins over draws of scores from their bands."""

    number: str
    company: str
    wins: int
    draws: int
    awarded: bool
    low: int
    high: int

    @property
    def sure(self) -> bool:
        """Whether it wins, or loses, in nearly all draws."""
        share = self.wins / self.draws
        return share <= _BAND_LOW or share >= _BAND_HIGH


@dataclass(frozen=True, slots=True)
class Cliff:
    """The companies by how often they win: a wall where a cut-off can be believed, a slope where it cannot.

    Attributes:
        shown: Most wins first; of a large call those around the slope only.
        ever: How many win in nearly all draws.
        never: How many win in next to none.
    """

    shown: tuple[Odds, ...]
    ever: int
    unsure: int
    never: int

    @property
    def whole(self) -> bool:
        """Whether every company is shown."""
        return len(self.shown) == self.ever + self.unsure + self.never


def draw_cliff(odds: Iterable[Odds]) -> Cliff:
    """Sum draws up for the picture of them."""
    ranked = sorted(odds, key=lambda one: (-one.wins, -(one.low + one.high), one.number))
    ever = sum(one.sure and one.wins * 2 > one.draws for one in ranked)
    never = sum(one.sure and one.wins * 2 <= one.draws for one in ranked)
    first, last = 0, len(ranked)
    if last > _MOST_COLUMNS:
        around = max(0, (_MOST_COLUMNS - (last - ever - never)) // 2)
        first, last = max(0, ever - around), min(last, last - never + around)
    return Cliff(tuple(ranked[first:last]), ever, len(ranked) - ever - never, never)


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything beside a plan."""

    knobs: tuple[Knob, ...]
    groups: tuple[Knob, ...]
    pools: tuple[tuple[str, str, str, int], ...]
    codev: tuple[tuple[str, str, int], ...]
    verdict: Verdict
    words: tuple[str, ...]
    open_runs: tuple[RunRow, ...]
    refused: tuple[RunRow, ...]
    quotas: tuple[QuotaPrice, ...] | None
    edges: tuple[Edge, ...]
    odds: tuple[Odds, ...] | None
    cliff: Cliff | None
    odds_gap_ppm: int
    band_words: tuple[str, ...]
    exact: Mapping[str, Mapping[str, Any]]


def show_bench(
    page: PlanPage,
    bench: Workbench,
    names: Mapping[str, str],
    *,
    found: Sequence[Breach] | None = None,
    points: float | None = None,
    chosen: Sequence[PlannedAward] | None = None,
) -> Desk:
    """Lay out what stands beside a plan.

    Args:
        page: The plan.
        bench: What stands beside it.
        names: Company by application number.
        found: Breaches of amounts that are being typed; those of the kept choices when not given.
        points: Their worth, likewise.
        chosen: The amounts themselves, likewise.
    """
    chosen = choose(bench.awards.values(), bench.choices.values()) if chosen is None else chosen
    done = {(run.kind, run.subject): run.found for run in reversed(bench.runs) if run.state == "done"}
    priced, drawn = done.get(("quotas", "")), done.get(("sensitivity", ""))
    odds = None if drawn is None else _odds(drawn, names, bench)
    return Desk(
        knobs=list_knobs(bench.instance.terms, page.prices),
        groups=list_groups(bench.instance.terms, page.prices),
        pools=tuple(
            (pool.sku, pool.quarter, hours_field(pool.sku, pool.quarter), pool.hours)
            for pool in bench.instance.capacities
        ),
        codev=tuple((name, codev_field(name), days) for name, days in bench.instance.terms.codev_days.items()),
        verdict=_verdict(page, names, bench.breaches if found is None else found, bench, points, chosen),
        words=tuple(objective_words(bench.instance.terms)),
        open_runs=tuple(run for run in bench.runs if run.is_open),
        refused=tuple(run for run in bench.runs if run.state == "refused" and run.kind != "why"),
        quotas=None if priced is None else _quotas(priced, names),
        edges=() if priced is None else _edges(priced, names),
        odds=odds,
        cliff=None if not odds else draw_cliff(odds),
        odds_gap_ppm=0 if drawn is None else round(drawn["gap"] * _MICRO),
        band_words=tuple(band_words(bench.bands, bench.lone_band_tenths)),
        exact={subject: _named(answer, names) for (kind, subject), answer in done.items() if kind == "exact"},
    )


def _named(answer: Mapping[str, Any], names: Mapping[str, str]) -> Mapping[str, Any]:
    lists = {key: [names.get(code, code) for code in answer[key]] for key in ("entered", "left", "changed")}
    return {**answer, **lists}


def _verdict(
    page: PlanPage,
    names: Mapping[str, str],
    found: Sequence[Breach],
    bench: Workbench,
    points: float | None,
    chosen: Sequence[PlannedAward],
) -> Verdict:
    hard = firm(found)
    worth = bench.points if points is None else points
    return Verdict(
        firm=tuple(dict.fromkeys(name_breach(breach, names) for breach in hard)),
        soft=tuple(dict.fromkeys(name_breach(breach, names) for breach in found if breach not in hard)),
        permille=round(Decimal(str(worth)) * 1000 / Decimal(str(page.objective))) if page.objective else 1000,
        krw=sum(award.krw for award in chosen),
        hours_e4=sum(hours for award in chosen for _, _, hours in flat_hours(award)) * HOUR,
    )


def list_knobs(terms: Terms, prices: Mapping[str, Any]) -> tuple[Knob, ...]:
    """Return the settings that every call has; without prices none is known to stand in the way."""
    man = terms.budget_krw // KRW_UNIT
    quotas = prices.get("quotas", {})
    scarce = any(points > 0 for quarters in prices.get("gpu", {}).values() for points in quarters.values())
    step = 1000

    def share(name: str, label: str, permille: int, most: int, *, binding: bool | None) -> Knob:
        return Knob(name, label, Decimal(permille) / 10, 0, most, 1, "%", binding)

    def bound(kind: str) -> bool:
        return any(points > 0 for name, points in quotas.items() if name.partition(":")[0] == kind)

    return (
        Knob(
            "budget",
            gettext("현금 한도"),
            Decimal(man),
            0,
            max(step, -(-man * 2 // step) * step),
            step,
            gettext("만원"),
            prices.get("cash", 0) > 0,
        ),
        share("reserve", gettext("예비량"), terms.reserve_permille, 50, binding=scarce and terms.reserve_permille > 0),
        share("own_cap", gettext("기업당 상한"), terms.own_cap_permille, 100, binding=bound("own_cap")),
        share("sector_cap", gettext("한 업종 상한"), terms.sector_cap_permille, 100, binding=bound("sector_cap")),
        share("sme_floor", gettext("중소기업 최소"), terms.sme_floor_permille, 100, binding=bound("sme_floor")),
        share(
            "non_capital_floor",
            gettext("비수도권 최소"),
            terms.non_capital_floor_permille,
            100,
            binding=bound("non_capital_floor"),
        ),
        share("fairness", gettext("고른 배정"), terms.fairness_permille, 100, binding=None),
        share("alpha", gettext("GPU의 비중"), terms.alpha_permille, 100, binding=None),
    )


def list_groups(terms: Terms, prices: Mapping[str, Any]) -> tuple[Knob, ...]:
    """Return the shares of the call's own groups, likewise."""
    quotas = prices.get("quotas", {})
    return tuple(
        Knob(
            quota_field(quota),
            gettext("%(group)s 최소", group=str(GROUPS.get(quota.tag, quota.tag)))
            if quota.direction == "at_least"
            else gettext("%(group)s 상한", group=str(GROUPS.get(quota.tag, quota.tag))),
            Decimal(quota.permille) / 10,
            0,
            100,
            1,
            "%",
            quotas.get(f"quota:{quota.tag}", 0) > 0,
        )
        for quota in terms.quotas
    )


def _quotas(found: Mapping[str, Any], names: Mapping[str, str]) -> tuple[QuotaPrice, ...]:
    plain = {"sector_cap": gettext("한 업종 상한"), "own_cap": gettext("기업당 상한")}
    return tuple(
        QuotaPrice(
            plain.get(row["kind"]) or name_setting(row["kind"], row["subject"], names),
            round(row["points"] * _MICRO),
            round(row["share"] * _MICRO),
            row["hours_lost"],
            row["shrinks"],
        )
        for row in found["quotas"]
    )


def _edges(found: Mapping[str, Any], names: Mapping[str, str]) -> tuple[Edge, ...]:
    rows = found["margins"]
    shown = [*[row for row in rows if row["awarded"]][:_EDGES], *[row for row in rows if not row["awarded"]][:_EDGES]]
    return tuple(
        Edge(row["code"], names.get(row["code"], row["code"]), row["awarded"], round(row["points"] * _MICRO))
        for row in shown
    )


def _odds(found: Mapping[str, Any], names: Mapping[str, str], bench: Workbench) -> tuple[Odds, ...]:
    rows = [
        Odds(
            code,
            names.get(code, code),
            wins,
            found["draws"],
            code in bench.awards,
            *found["bands"].get(code, (0, 0)),
        )
        for code, wins in found["wins"].items()
    ]
    return tuple(sorted(rows, key=lambda row: (-row.wins, row.number)))
