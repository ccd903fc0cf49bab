"""Why this company and not that one: what stood in the way, what it would cost, and what would have changed it."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from fundapp.allocation.model import Columns, Model
from fundapp.allocation.rules import (
    FULL_SCORE_TENTHS,
    Instance,
    Plan,
    PlanInfeasible,
    Setting,
    gpu_value_krw,
    rates_krw,
)
from fundapp.allocation.solver import Count, Tell, solve, uncounted
from fundapp.allocation.solver.engine import Floats, Programme, Relaxed, programme, relax
from fundapp.allocation.solver.pricing import own_wishes


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a plan awards an applicant or does not.

    Attributes:
        code: The applicant.
        awarded: Whether it is in the plan.
        points: What its best award would add to the objective.
        charges: What that award takes from others, in points by scarce thing, the largest first; an indication.
        binding: What stands in the way: where it cannot be awarded at all, the smallest set of settings that exclude
            it; where it can, the scarce thing that it would have to pay most for.
        possible: Whether any plan could award it.
        loss: Points that the objective loses if it has to be awarded (of an awarded one, if it must not be); solved
            again, exact to the solver's gap. None where it is not possible.
        enters: Who is awarded in its place, or beside it, in that plan.
        leaves: Who would have to leave.
        shrinks: Who would stay with less cash or less GPU value.
    """

    code: str
    awarded: bool
    points: float
    charges: Mapping[Setting, float]
    binding: tuple[Setting, ...]
    possible: bool
    loss: float | None
    enters: tuple[str, ...]
    leaves: tuple[str, ...]
    shrinks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Margin:
    """How near an applicant is to the other side: what it brings less what it takes, in points; an indication."""

    code: str
    awarded: bool
    points: float


def explain(instance: Instance, plan: Plan, code: str, *, tell: Tell | None = None) -> Explanation:
    """Explain one applicant's place.

    Args:
        instance: What was divided.
        plan: Its plan.
        code: The applicant.
        tell: Hears how far the solve with the other decision is.

    Raises:
        KeyError: If there is no such applicant.
    """
    awarded = any(award.code == code for award in plan.awards)
    points, charges = _priced(instance, code)
    terms = instance.terms
    turned = (
        replace(terms, must_not_award=(*terms.must_not_award, code), must_award=_without(terms.must_award, code))
        if awarded
        else replace(terms, must_award=(*terms.must_award, code))
    )
    try:
        other = solve(replace(instance, terms=turned), tell=tell)
    except PlanInfeasible as error:
        excluding = tuple(setting for setting in error.conflict if setting != Setting("must", code))
        return Explanation(code, awarded, points, charges, excluding, possible=False, loss=None, enters=(), leaves=())
    before, after = ({award.code for award in one.awards} for one in (plan, other))
    worth, rates = {award.code: award for award in plan.awards}, rates_krw(instance)
    return Explanation(
        code=code,
        awarded=awarded,
        points=points,
        charges=charges,
        binding=tuple(charges)[:1],
        possible=True,
        loss=round(max(0.0, plan.objective - other.objective), 6),
        enters=tuple(sorted(after - before - {code})),
        leaves=tuple(sorted(before - after - {code})),
        shrinks=tuple(
            sorted(
                award.code
                for award in other.awards
                if award.code in before - {code}
                and (
                    award.krw < worth[award.code].krw
                    or gpu_value_krw(award, rates) < gpu_value_krw(worth[award.code], rates)
                )
            )
        ),
    )


def _without(codes: tuple[str, ...], code: str) -> tuple[str, ...]:
    return tuple(other for other in codes if other != code)


def _priced(instance: Instance, code: str) -> tuple[float, dict[Setting, float]]:
    model = Model(instance)
    given = programme(model)
    own = next((columns for columns in model.columns if columns.applicant.code == code), None)
    if own is None:
        raise KeyError(code)
    relaxed = relax(given)
    wishes = None if relaxed is None else own_wishes(model, given, relaxed.prices)
    if relaxed is None or wishes is None:
        return 0.0, {}
    return _charge(model, given, relaxed, own, wishes)


def _charge(
    model: Model, given: Programme, relaxed: Relaxed, own: Columns, wishes: Floats
) -> tuple[float, dict[Setting, float]]:
    """Return what an applicant's wish brings, and what it pays for each scarce thing."""
    columns = np.array(sorted(own.all()), dtype=np.int64)
    taken = given.rows[:, columns] @ wishes[columns]
    charges: dict[Setting, float] = defaultdict(float)
    for row in np.flatnonzero(np.abs(relaxed.prices * taken) > 0):
        label = model.labels[row]
        if label is not None and label.kind in model.SHARED:
            charges[label] += float(relaxed.prices[row] * taken[row])
    ordered = sorted(charges.items(), key=lambda pair: (-pair[1], pair[0]))
    return round(float(given.cost[columns] @ wishes[columns]), 6), {s: round(c, 6) for s, c in ordered if c > 0}


def margins(instance: Instance, plan: Plan) -> list[Margin]:
    """Return every applicant by how little would have turned its place, the nearest first; an indication."""
    model = Model(instance)
    given = programme(model)
    relaxed = relax(given)
    wishes = None if relaxed is None else own_wishes(model, given, relaxed.prices)
    if relaxed is None or wishes is None:
        return []
    winners = {award.code for award in plan.awards}
    found = []
    for own in model.columns:
        brings, charges = _charge(model, given, relaxed, own, wishes)
        code = own.applicant.code
        found.append(Margin(code, code in winners, round(brings - sum(charges.values()), 6)))
    return sorted(found, key=lambda margin: (abs(margin.points), margin.code))


#: How often the score that would have been enough is tried at most: once at the top, then by halving.
TRIES = 1 + FULL_SCORE_TENTHS.bit_length()


def needed_score(instance: Instance, code: str, *, count: Count = uncounted) -> int | None:
    """Return the lowest score, in tenths, with which an applicant would be awarded; None where no score is enough.

    More of its own score never takes an applicant out of the best plan, so halving the distance finds it.

    Args:
        instance: What was divided.
        code: The applicant.
        count: Hears how many of at most `TRIES` solves are done.
    """
    tried = itertools.count(1)

    def wins(score: int) -> bool:
        count(next(tried), TRIES)
        applicants = tuple(replace(a, score_tenths=score) if a.code == code else a for a in instance.applicants)
        return any(award.code == code for award in solve(replace(instance, applicants=applicants)).awards)

    if not wins(FULL_SCORE_TENTHS):
        return None
    low, high = -1, FULL_SCORE_TENTHS  # `high` wins, `low` does not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if wins(middle) else (middle, high)
    return high
