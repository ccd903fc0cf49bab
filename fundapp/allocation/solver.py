"""Solve the award as a mixed-integer programme, reproducibly.

The instance is sorted before it becomes a model, the engine runs on one thread to a gap of 1e-6, and the model holds
nothing but the instance, so the same content gives the same plan in whatever order it arrives.

Hours in a plan are whole. A small instance is solved with whole hours throughout. A large one is solved first with
divisible hours, which settles who is awarded, which ticket and which SKUs; then again with those choices fixed and
whole hours. The gap reported compares the whole-hour plan with the bound of the first solve, so it stays honest.

Ties: when two applicants have the same score, and handing the whole award of one to the other (or exchanging theirs)
is lawful and costs the objective nothing, the better award goes to the lower application number. The exchange is
judged in exact arithmetic, so it can never override a real difference, however small.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import inf

import numpy as np
import scipy
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, linprog, milp

from .greedy import greedy, judge, minimum_first
from .model import Model
from .rules import (
    Applicant,
    Baseline,
    Instance,
    Plan,
    PlanInfeasible,
    PlannedAward,
    ShadowPrices,
    award_points,
    gpu_value_krw,
    objective_points,
    rates_krw,
    violations,
)

GAP = 1e-6
#: Above so many hour variables the whole-hour model is solved in two steps.
WHOLE_HOUR_COLUMNS = 120
#: Engine tolerances could break a share by a fraction of a won; each retry keeps this many hours' value clear of it.
SHARE_MARGINS = (0.0, 1e-4, 1e-2, 1.0)
SOLVER_VERSION = f"HiGHS in scipy {scipy.__version__}"

_SETTLED = (0, 1)  # optimal, or stopped at a limit


def solve(instance: Instance, *, gap: float = GAP, time_limit_seconds: float | None = None) -> Plan:
    """Propose the awards with the greatest objective.

    Args:
        instance: Applicants, capacities and terms, in any order.
        gap: Relative gap at which the engine may stop.
        time_limit_seconds: Stop early with the best plan so far; such a plan need not be reproducible.

    Returns:
        A lawful plan, never below a lawful baseline.

    Raises:
        PlanInfeasible: If no plan holds every term, which only `must_award` can bring about.
    """
    started = time.perf_counter()
    baselines = {
        "greedy": judge(greedy(instance), instance),
        "minimum_first": judge(minimum_first(instance), instance),
    }
    _require_possible(instance)
    awards, bound = _optimise(instance, gap, time_limit_seconds)
    awards = _best(awards, list(baselines.values()), instance)
    if awards is None:
        raise PlanInfeasible(_reason(instance))
    awards = _settle_ties(awards, instance)
    points = objective_points(awards, instance)
    prices = shadow_prices(instance)
    bound = max(min(bound, prices.bound), float(points))
    return Plan(
        awards=awards,
        objective=round(float(points), 6),
        bound=round(bound, 6),
        gap=(bound - float(points)) / float(points) if points else 0.0,
        seconds=time.perf_counter() - started,
        instance_sha256=instance.sha256(),
        solver_version=SOLVER_VERSION,
        prices=prices,
        baseline=baselines,
    )


def _require_possible(instance: Instance) -> None:
    known = {applicant.code for applicant in instance.applicants}
    for code in instance.terms.must_award:
        if code not in known:
            raise PlanInfeasible(f"{code} must be awarded but is not among the applicants")


def _reason(instance: Instance) -> str:
    codes = ", ".join(sorted(instance.terms.must_award))
    if not codes:
        return "no plan was found within the time allowed"
    return f"cash, capacity, minimum hours and quotas cannot all hold while {codes} must be awarded"


def _optimise(instance: Instance, gap: float, limit: float | None) -> tuple[tuple[PlannedAward, ...] | None, float]:
    """Return lawful awards (or None when there are none) and an upper bound on the objective."""
    bound = inf
    for margin in SHARE_MARGINS:
        model = Model(instance, share_margin=margin)
        if not model.cost:
            return (), 0.0
        result = _solve_whole(model, gap, limit)
        if result is None:
            continue
        values, reached = result
        bound = reached if margin == 0.0 else bound
        awards = _read(model, values)
        if not violations(awards, instance):
            return awards, bound
    return None, bound


def _solve_whole(model: Model, gap: float, limit: float | None) -> tuple[np.ndarray, float] | None:
    """Solve with whole hours; return the values and the bound, or None when there is no such plan."""
    whole = np.array(model.whole, dtype=np.int64)
    hour_columns = [g for own in model.columns for g in own.hours.values()]
    if len(hour_columns) <= WHOLE_HOUR_COLUMNS:
        result = _milp(model, whole, gap, limit)
        return None if result is None else (result.x, -result.mip_dual_bound)
    divisible = whole.copy()
    divisible[hour_columns] = 0
    first = _milp(model, divisible, gap, limit)
    if first is None:
        return None
    low, high = np.array(model.low), np.array(model.high)
    settled = np.flatnonzero(divisible)
    low[settled] = high[settled] = np.round(first.x[settled])
    second = _milp(model, whole, gap, limit, low=low, high=high)
    if second is None:
        # The choices held only with fractions of an hour: pay for the full model.
        second = _milp(model, whole, gap, limit)
    return None if second is None else (second.x, -first.mip_dual_bound)


def _milp(
    model: Model,
    whole: np.ndarray,
    gap: float,
    limit: float | None,
    *,
    low: np.ndarray | None = None,
    high: np.ndarray | None = None,
) -> OptimizeResult | None:
    row_low, row_high = model.row_bounds()
    bounds = Bounds(
        np.array(model.low) if low is None else low,
        np.array(model.high) if high is None else high,
    )
    result = milp(
        -np.array(model.cost),
        integrality=whole,
        bounds=bounds,
        constraints=LinearConstraint(model.matrix(), row_low, row_high),
        options={"mip_rel_gap": gap} if limit is None else {"mip_rel_gap": gap, "time_limit": limit},
    )
    return result if result.status in _SETTLED and result.x is not None else None


def _read(model: Model, values: np.ndarray) -> tuple[PlannedAward, ...]:
    awards = []
    for own in model.columns:
        if round(values[own.chosen]) != 1:
            continue
        krw = next((ticket for ticket, z in own.tickets.items() if round(values[z]) == 1), 0)
        hours: dict[str, dict[str, int]] = defaultdict(dict)
        for (sku, quarter), g in sorted(own.hours.items()):
            if round(values[g]) > 0:
                hours[sku][quarter] = round(values[g])
        awards.append(PlannedAward(own.applicant.code, krw, dict(hours)))
    return tuple(awards)


def _best(
    awards: tuple[PlannedAward, ...] | None, baselines: Sequence[Baseline], instance: Instance
) -> tuple[PlannedAward, ...] | None:
    """Prefer the engine's plan; a lawful baseline wins only if it is better, as after an early stop."""
    best, best_points = awards, Fraction(-1) if awards is None else objective_points(awards, instance)
    for baseline in baselines:
        points = objective_points(baseline.awards, instance)
        if not baseline.breaches and points > best_points:
            best, best_points = baseline.awards, points
    return best


def _settle_ties(awards: tuple[PlannedAward, ...], instance: Instance) -> tuple[PlannedAward, ...]:
    """Hand awards down to lower application numbers of the same score wherever that costs nothing."""
    held = {award.code: award for award in awards}
    moved = True
    while moved:
        moved = False
        for earlier, later in _same_score(instance):
            if later.code in held and _prefers(earlier, later, held, instance):
                swapped = _exchange(held, earlier.code, later.code)
                if not violations(tuple(swapped.values()), instance):
                    held, moved = swapped, True
    return tuple(held[code] for code in sorted(held))


def _same_score(instance: Instance) -> Iterator[tuple[Applicant, Applicant]]:
    groups: dict[int, list[Applicant]] = defaultdict(list)
    for applicant in instance.applicants:
        groups[applicant.score_tenths].append(applicant)
    for group in groups.values():
        for place, earlier in enumerate(group):
            for later in group[place + 1 :]:
                yield earlier, later


def _exchange(held: dict[str, PlannedAward], earlier: str, later: str) -> dict[str, PlannedAward]:
    swapped = dict(held)
    given, back = held[later], held.get(earlier)
    swapped[earlier] = PlannedAward(earlier, given.krw, given.gpu_hours)
    if back is None:
        del swapped[later]
    else:
        swapped[later] = PlannedAward(later, back.krw, back.gpu_hours)
    return swapped


def _prefers(earlier: Applicant, later: Applicant, held: dict[str, PlannedAward], instance: Instance) -> bool:
    """Tell whether an exchange gives the earlier number more and the objective no less."""
    rates = rates_krw(instance)

    def points(applicant: Applicant, award: PlannedAward | None) -> Fraction:
        if award is None:
            return Fraction(0)
        return award_points(applicant, award.krw, gpu_value_krw(award, rates), instance)

    given, back = held[later.code], held.get(earlier.code)
    if later.code in instance.terms.must_award and back is None:
        return False
    before = points(later, given) + points(earlier, back)
    after = points(earlier, given) + points(later, back)
    more = back is None or _size(given, rates) > _size(back, rates)
    return more and after >= before


def _size(award: PlannedAward, rates: dict[tuple[str, str], int]) -> tuple[int, int, str]:
    """Order awards by total value, then cash, then a spelling of the hours: a total order, so exchanging ends."""
    value = gpu_value_krw(award, rates)
    return (
        award.krw + value,
        award.krw,
        repr(sorted((s, sorted(q.items())) for s, q in award.gpu_hours.items())),
    )


def shadow_prices(instance: Instance) -> ShadowPrices:
    """Price capacity, cash and quotas by the duals of the linear relaxation.

    Args:
        instance: What to price.

    Returns:
        Points for 100 hours, 100 million won and one percentage point. The relaxation may split tickets and awards, so
        these overstate a real change; when it has no solution at all every price is 0 and the bound infinite.
    """
    model = Model(instance, tighten=False)
    if not model.cost:
        return ShadowPrices({}, 0.0, {}, 0.0)
    row_low, row_high = model.row_bounds()
    matrix = model.matrix()
    equal = row_low == row_high
    upper = ~equal & np.isfinite(row_high)
    lower = ~equal & ~np.isfinite(row_high)
    rows = scipy.sparse.vstack([matrix[upper], -matrix[lower]]).tocsr()
    result = linprog(
        -np.array(model.cost),
        A_ub=rows,
        b_ub=np.concatenate([row_high[upper], -row_low[lower]]),
        A_eq=matrix[equal] if equal.any() else None,
        b_eq=row_high[equal] if equal.any() else None,
        bounds=list(zip(model.low, model.high, strict=True)),
        method="highs",
    )
    if result.status != 0 or result.x is None or result.fun is None:
        return ShadowPrices({}, 0.0, {}, inf)
    duals = dict(zip(np.flatnonzero(upper).tolist(), (-result.ineqlin.marginals).tolist(), strict=False))
    return _name_prices(model, result.x, duals, -result.fun)


def _name_prices(model: Model, values: np.ndarray, duals: dict[int, float], bound: float) -> ShadowPrices:
    gpu: dict[str, dict[str, float]] = defaultdict(dict)
    quotas: dict[str, float] = defaultdict(float)
    cash = 0.0
    awarded = float(sum(values[half] for own in model.columns for half in own.halves or ()))
    pool = model.instance.pool_value_krw / model.unit_krw
    for row, dual in duals.items():
        kind, *rest = model.labels[row].split(":", 2)
        if kind == "capacity":
            gpu[rest[0]][rest[1]] = round(dual * 100, 6) + 0.0
        elif kind == "cash":
            cash = round(dual * 100_000_000 / model.cash_unit_krw, 6) + 0.0
        elif kind in {"sector_cap", "sme_floor", "non_capital_floor"}:
            quotas[model.labels[row]] = round(dual * awarded / 100, 6) + 0.0
        elif kind == "own_cap":
            quotas["own_cap"] += dual * pool / 100
    return ShadowPrices(
        gpu={sku: dict(quarters) for sku, quarters in gpu.items()},
        cash=cash,
        quotas={name: round(price, 6) + 0.0 for name, price in quotas.items()},
        bound=bound,
    )
