"""Solve the award as a mixed-integer programme, reproducibly.

The instance is sorted before it becomes a model, the engine runs on one thread to a gap of 1e-6, and the model holds
nothing but the instance, so the same content gives the same plan in whatever order it arrives.

Hours in a plan are whole. A small instance, and one in blocks, is solved with whole hours throughout. Another is
solved first with divisible hours, which settles who is awarded, which ticket and which SKUs; then the winners' hours
are found whole. The gap reported compares the whole-hour plan with the bound of the first solve, so it stays honest.
"""

from __future__ import annotations

import numpy as np

from fundapp.allocation.greedy import greedy, judge, minimum_first
from fundapp.allocation.model import Model
from fundapp.allocation.rules import (
    Instance,
    Plan,
    PlanInfeasible,
    PlannedAward,
    objective_points,
    violations,
)
from fundapp.allocation.solver.conflicts import find_conflict, own_conflict
from fundapp.allocation.solver.engine import SOLVER_VERSION, Programme, Relaxed, programme, relax, settle
from fundapp.allocation.solver.finishing import SHARE_MARGINS, finish, read_awards, settle_ties
from fundapp.allocation.solver.opening import better, first_answer
from fundapp.allocation.solver.prices import name_prices, shadow_prices
from fundapp.allocation.solver.searching import Count, Progress, SolveCancelled, Tell, Watch, search, uncounted
from fundapp.allocation.solver.sifting import relax_sifted
from fundapp.allocation.solver.wishing import rough_wishes

__all__ = [
    "GAP",
    "SOLVER_VERSION",
    "Count",
    "Progress",
    "SolveCancelled",
    "Tell",
    "shadow_prices",
    "solve",
    "uncounted",
]

GAP = 1e-6
#: Up to so many hour variables the model is solved with whole hours throughout.
WHOLE_HOUR_COLUMNS = 120
#: Its gap: small enough that plans which differ at all seldom differ by less.
EXACT_GAP = 1e-9
#: From so many applicants on it is worth having a good answer before the search begins.
OPENING_FROM = 500


def solve(
    instance: Instance, *, gap: float = GAP, time_limit_seconds: float | None = None, tell: Tell | None = None
) -> Plan:
    """Propose the awards with the greatest objective.

    Args:
        instance: Applicants, capacities and terms, in any order.
        gap: Relative gap at which the engine may stop.
        time_limit_seconds: Stop early with the best plan so far; such a plan need not be reproducible.
        tell: Hears of progress and says whether to go on.

    Returns:
        A lawful plan, never below a lawful baseline.

    Raises:
        PlanInfeasible: If no plan holds every term; it names the smallest set of settings in conflict.
        SolveCancelled: If `tell` wants no more.
    """
    watch = Watch(tell, time_limit_seconds)
    conflict = own_conflict(instance)
    if conflict:
        raise PlanInfeasible(conflict)
    wishes = rough_wishes(instance) if len(instance.applicants) >= OPENING_FROM else None
    least = judge(minimum_first(instance), instance)
    known = None if least.breaches else least.awards
    if wishes is not None:
        known = better(known, first_answer(instance, wishes), instance)
        watch.say("opened", _points(known, instance))
    most = judge(greedy(instance), instance)
    known = known if most.breaches else better(known, most.awards, instance)
    model = Model(instance)
    given = programme(model)
    relaxed = (
        relax(given)
        if wishes is None
        else relax_sifted(model, given, np.array([wishes[own.applicant.code].worth for own in model.columns]))
    )
    if relaxed is None:
        raise PlanInfeasible(find_conflict(instance))
    watch.say("relaxed", _points(known, instance), relaxed.objective)
    awards, bound = _awards(instance, model, given, relaxed, known, gap, watch)
    if awards is None:
        raise PlanInfeasible(() if watch.over() else find_conflict(instance))
    awards = settle_ties(awards, instance)
    points = objective_points(awards, instance)
    prices = shadow_prices(instance) if model.cut else name_prices(model, given, relaxed)
    bound = max(min(bound, prices.bound), float(points))
    watch.say("finished", float(points), bound)
    return Plan(
        awards=awards,
        objective=round(float(points), 6),
        bound=round(bound, 6),
        gap=(bound - float(points)) / float(points) if points else 0.0,
        seconds=watch.seconds(),
        instance_sha256=instance.sha256(),
        solver_version=SOLVER_VERSION,
        prices=prices,
        baseline={"greedy": most, "minimum_first": least},
    )


def _points(awards: tuple[PlannedAward, ...] | None, instance: Instance) -> float | None:
    return None if awards is None else float(objective_points(awards, instance))


def _awards(
    instance: Instance,
    model: Model,
    given: Programme,
    relaxed: Relaxed,
    known: tuple[PlannedAward, ...] | None,
    gap: float,
    watch: Watch,
) -> tuple[tuple[PlannedAward, ...] | None, float]:
    """Return the best lawful awards (None when there are none) and a bound on any plan's points."""
    hours = model.hour_columns()
    throughout = len(hours) <= WHOLE_HOUR_COLUMNS or model.block > 1
    whole = np.array(model.whole, dtype=np.int64) if throughout else model.divisible()
    exact = min(gap, EXACT_GAP) if throughout and model.block == 1 else gap
    found = search(model, given, relaxed, whole, gap=exact, watch=watch)
    awards = None if found is None else finish(instance, model, found.x, anywhere=throughout)
    if throughout and found is not None:
        # Finishing looks near one of many plans of equal worth; what was found with whole hours may be better still.
        itself = read_awards(model, found.x)
        if not violations(itself, instance) and _exceeds(itself, awards, instance, gap):
            awards = itself
    if awards is None:
        # The choices held only with fractions of an hour, or within a tolerance: pay for whole hours throughout.
        awards = _careful(instance, gap, watch)
    return better(awards, known, instance), relaxed.objective if found is None else found.bound


def _careful(instance: Instance, gap: float, watch: Watch) -> tuple[PlannedAward, ...] | None:
    for margin in SHARE_MARGINS:
        model = Model(instance, share_margin=margin)
        settled = settle(programme(model), np.array(model.whole, dtype=np.int64), gap=gap, limit=watch.left())
        if settled is None:
            continue
        awards = finish(instance, model, settled.x) or read_awards(model, settled.x)
        if not violations(awards, instance):
            return awards
    return None


def _exceeds(
    one: tuple[PlannedAward, ...], other: tuple[PlannedAward, ...] | None, instance: Instance, gap: float
) -> bool:
    """Say whether one is better by more than the gap: within it, the plan that the winners alone decide stands."""
    if other is None:
        return True
    return float(objective_points(one, instance)) > float(objective_points(other, instance)) * (1 + gap)
