"""What if: the same call under other settings, solved again; what it costs, who enters, who leaves, and how sure.

Scenarios keep the scales of the objective of the instance they come from, so their points can be compared.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from typing import Any

from fundapp.allocation.rules import FULL_SCORE_TENTHS, PERMILLE, Instance, Plan, Quota, Setting, Terms, typed_terms
from fundapp.allocation.solver import Count, solve, uncounted
from fundapp.allocation.solver.draws import win_counts


@dataclass(frozen=True, slots=True)
class Changes:
    """What a scenario sets otherwise.

    Attributes:
        terms: Fields of `Terms` by name.
        hours: Hours on offer by (SKU, quarter).
    """

    terms: Mapping[str, object] = field(default_factory=dict)
    hours: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        """Write it as JSON: hours by `sku quarter`."""
        terms = {name: _plain(value) for name, value in self.terms.items()}
        return {"terms": terms, "hours": {f"{sku} {quarter}": h for (sku, quarter), h in self.hours.items()}}


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return value


def read_changes(document: Mapping[str, Any]) -> Changes:
    """Read changes from their JSON."""
    hours = {}
    for slot, some in document.get("hours", {}).items():
        sku, quarter = slot.rsplit(" ", 1)
        hours[sku, quarter] = some
    return Changes(typed_terms(document.get("terms", {})), hours)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two plans side by side.

    Attributes:
        entered: Codes that the second awards and the first does not.
        left: Codes that the first awards and the second does not.
        changed: Codes that both award, with another amount.
        points: Objective of the second less that of the first.
        share: The same as a part of the first's; 0 where that is 0.
    """

    entered: tuple[str, ...]
    left: tuple[str, ...]
    changed: tuple[str, ...]
    points: float
    share: float


@dataclass(frozen=True, slots=True)
class Priced:
    """What one setting costs: the plan without it, solved again.

    Attributes:
        setting: Which.
        points: Points that the setting costs.
        share: The same as a part of the objective without it.
        hours_lost: GPU-hours that are awarded less because of it; negative where it awards more.
    """

    setting: Setting
    points: float
    share: float
    hours_lost: int


def with_changes(instance: Instance, changes: Changes) -> Instance:
    """Return the instance under other settings.

    Raises:
        ValueError: If a setting is unknown or out of range.
    """
    known = Terms.__dataclass_fields__
    unknown = sorted(set(changes.terms) - set(known))
    if unknown:
        raise ValueError(f"no such term: {unknown[0]}")
    offered = {(pool.sku, pool.quarter) for pool in instance.capacities}
    for sku, quarter in sorted(set(changes.hours) - offered):
        raise ValueError(f"no such pool: {sku} {quarter}")
    return replace(
        instance,
        capacities=tuple(
            replace(pool, hours=changes.hours.get((pool.sku, pool.quarter), pool.hours)) for pool in instance.capacities
        ),
        terms=replace(instance.terms, **changes.terms),  # type: ignore[arg-type]  # names are checked, values check themselves
    )


#: What "a little more" is, for a price that is computed exactly.
MORE_KRW, MORE_HOURS, MORE_DAYS, MORE_PERMILLE = 10_000_000, 1_000, 1, 10


def a_little_more(instance: Instance, subject: str) -> Changes:
    """Return the change that a shadow price speaks of, so that it can be computed exactly.

    Args:
        instance: Whose settings.
        subject: `cash`, `gpu:<SKU>:<quarter>`, `codev:<quarter>`, `own_cap`, `sector_cap`, `sme_floor`,
            `non_capital_floor` or `quota:<tag>`; a cap is raised and a floor lowered by a percentage point.

    Raises:
        ValueError: if there is no such thing in the instance.
    """
    terms = instance.terms
    kind, _, rest = subject.partition(":")
    if subject == "cash":
        return Changes({"budget_krw": terms.budget_krw + MORE_KRW})
    if kind == "gpu":
        sku, _, quarter = rest.rpartition(":")
        for pool in instance.capacities:
            if (pool.sku, pool.quarter) == (sku, quarter):
                return Changes(hours={(sku, quarter): pool.hours + MORE_HOURS})
    if kind == "codev" and rest in terms.codev_days:
        return Changes({"codev_days": {**terms.codev_days, rest: terms.codev_days[rest] + MORE_DAYS}})
    if kind == "quota" and any(quota.tag == rest for quota in terms.quotas):
        return Changes({"quotas": tuple(_eased(q) if q.tag == rest else q for q in terms.quotas)})
    if kind in {"own_cap", "sector_cap"}:
        name = f"{kind}_permille"
        return Changes({name: min(PERMILLE, getattr(terms, name) + MORE_PERMILLE)})
    if kind in {"sme_floor", "non_capital_floor"}:
        name = f"{kind}_permille"
        return Changes({name: max(0, getattr(terms, name) - MORE_PERMILLE)})
    raise ValueError(f"nothing to have more of: {subject}")


def _eased(quota: Quota) -> Quota:
    step = MORE_PERMILLE if quota.direction == "at_most" else -MORE_PERMILLE
    return replace(quota, permille=min(PERMILLE, max(0, quota.permille + step)))


def compare(first: Plan, second: Plan) -> Comparison:
    """Put two plans side by side."""
    before, after = ({award.code: award for award in plan.awards} for plan in (first, second))
    points = second.objective - first.objective
    return Comparison(
        entered=tuple(sorted(after.keys() - before.keys())),
        left=tuple(sorted(before.keys() - after.keys())),
        changed=tuple(sorted(code for code in before.keys() & after.keys() if before[code] != after[code])),
        points=round(points, 6),
        share=points / first.objective if first.objective else 0.0,
    )


def price_quotas(instance: Instance, plan: Plan, *, count: Count = uncounted) -> list[Priced]:
    """Solve again without each quota that is on, dearest first: what it really costs, not only at the margin.

    Args:
        instance: What was divided.
        plan: Its plan.
        count: Hears how many quotas are priced.
    """
    found = []
    settings = _without_each(instance.terms)
    for number, (setting, changes) in enumerate(settings, start=1):
        without = solve(replace(instance, terms=replace(instance.terms, **changes)))  # type: ignore[arg-type]
        points = max(0.0, without.objective - plan.objective)
        found.append(
            Priced(
                setting,
                round(points, 6),
                points / without.objective if without.objective else 0.0,
                awarded_hours(without) - awarded_hours(plan),
            )
        )
        count(number, len(settings))
    return sorted(found, key=lambda priced: (-priced.points, priced.setting))


def _without_each(terms: Terms) -> list[tuple[Setting, dict[str, object]]]:
    found: list[tuple[Setting, dict[str, object]]] = []
    if terms.sector_cap_permille < PERMILLE:
        found.append((Setting("sector_cap"), {"sector_cap_permille": PERMILLE}))
    if terms.own_cap_permille < PERMILLE:
        found.append((Setting("own_cap"), {"own_cap_permille": PERMILLE}))
    if terms.sme_floor_permille:
        found.append((Setting("sme_floor"), {"sme_floor_permille": 0}))
    if terms.non_capital_floor_permille:
        found.append((Setting("non_capital_floor"), {"non_capital_floor_permille": 0}))
    quotas = terms.quotas
    found += [(Setting("quota", one.tag), {"quotas": tuple(q for q in quotas if q != one)}) for one in quotas]
    return found


def awarded_hours(plan: Plan) -> int:
    """Return the GPU-hours that a plan awards."""
    return sum(hours for award in plan.awards for quarters in award.gpu_hours.values() for hours in quarters.values())


#: A quota that costs this part of the objective, or of the hours, is said to shrink the programme.
SHRINKS_FROM = 0.01


def shrinking(plan: Plan, priced: Sequence[Priced]) -> list[Priced]:
    """Return the quotas that shrink the programme: they never make it impossible, they leave hours unused."""
    hours = awarded_hours(plan)
    return [p for p in priced if p.share >= SHRINKS_FROM or p.hours_lost > SHRINKS_FROM * (hours + p.hours_lost)]


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """How often each company wins when scores are drawn from their bands.

    Attributes:
        draws: How many.
        seed: Of the draws.
        wins: By code, in how many draws it was awarded.
        gap: Relative gap within which each draw was solved.
    """

    draws: int
    seed: int
    wins: Mapping[str, int]
    gap: float


def draw_scores(instance: Instance, bands: Mapping[str, tuple[int, int]], *, draws: int, seed: int) -> list[list[int]]:
    """Draw scores, uniformly from each band, in tenths; a code without a band keeps its score.

    Args:
        instance: Whose applicants, in the order of their codes.
        bands: By code, the lowest and the highest score in tenths.
        draws: How many rows to draw.
        seed: Of the draws; the same seed gives the same rows.
    """
    dice = random.Random(seed)  # noqa: S311 - a simulation that anybody can repeat
    given = [bands.get(a.code, (a.score_tenths, a.score_tenths)) for a in instance.applicants]
    return [[min(FULL_SCORE_TENTHS, max(0, dice.randint(low, high))) for low, high in given] for _ in range(draws)]


def sensitivity(
    instance: Instance,
    bands: Mapping[str, tuple[int, int]],
    *,
    draws: int = 200,
    seed: int = 0,
    count: Count = uncounted,
) -> Sensitivity:
    """Say how often each company wins over draws from the scores' bands.

    Args:
        instance: What to divide.
        bands: By code, the lowest and the highest score in tenths.
        draws: How many.
        seed: Of the draws.
        count: Hears how many are done.
    """
    rows = draw_scores(instance, bands, draws=draws, seed=seed)
    wins, gap = win_counts(instance, rows, count=count)
    return Sensitivity(draws, seed, wins, gap)
