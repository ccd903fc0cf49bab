"""What a plan is, and what it is worth: exact arithmetic, no solver.

The solver proposes in floating point; what a plan is worth is a rational number that anybody can compute again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from fundapp.allocation.rules.instance import (
    FULL_SCORE_TENTHS,
    OBJECTIVE_POINTS,
    PERMILLE,
    Applicant,
    Hours,
    Instance,
    rates_krw,
    request_value_krw,
)


@dataclass(frozen=True, slots=True)
class PlannedAward:
    """What the plan gives one applicant.

    Attributes:
        code: The applicant.
        krw: Cash in won: one of its tickets, or 0.
        gpu_hours: ``{sku: {quarter: whole hours}}``, positive entries only.
    """

    code: str
    krw: int
    gpu_hours: Hours


@dataclass(frozen=True, slots=True)
class Baseline:
    """A rule of thumb to hold the plan against.

    Attributes:
        awards: What the rule would give.
        objective: In points, comparable with the plan's.
        breaches: Terms it breaks (the rules are blind to quotas); empty when it could be adopted.
    """

    awards: tuple[PlannedAward, ...]
    objective: float
    breaches: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShadowPrices:
    """Marginal worth in the relaxed problem: an indication of scarcity, never a figure to minute.

    They overstate what a real change would bring, because the relaxation may split awards; solve again for that.

    Attributes:
        gpu: Points for 100 more hours, ``{sku: {quarter: points}}``.
        cash: Points for 100 million won more.
        quotas: Points for one percentage point of relief, by term: ``sector_cap:<sector>``, ``sme_floor``,
            ``non_capital_floor``, ``own_cap``, ``quota:<tag>``.
        codev: Points for one day more of the delivery centre, by quarter.
        bound: Objective of the relaxation, in points.
    """

    gpu: Mapping[str, Mapping[str, float]]
    cash: float
    quotas: Mapping[str, float]
    bound: float
    codev: Mapping[str, float] = field(default_factory=dict)
    indication: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """A proposal for the committee.

    Attributes:
        awards: Sorted by code.
        objective: Points, of :data:`OBJECTIVE_POINTS`; computed exactly, rounded here.
        bound: No plan can exceed this many points.
        gap: (bound - objective) / objective, at least 0.
        seconds: Wall time of the solve.
        instance_sha256: Digest of the instance it answers.
        solver_version: Engine and version.
        prices: Shadow prices of the relaxation.
        baseline: ``greedy`` and ``minimum_first``.
        seed: Of the engine's own draws; HiGHS through SciPy always starts from 0.
    """

    awards: tuple[PlannedAward, ...]
    objective: float
    bound: float
    gap: float
    seconds: float
    instance_sha256: str
    solver_version: str
    prices: ShadowPrices
    baseline: Mapping[str, Baseline]
    seed: int = 0


def flat_hours(award: PlannedAward) -> Iterator[tuple[str, str, int]]:
    """Yield (SKU, quarter, hours) of an award."""
    for sku, quarters in award.gpu_hours.items():
        for quarter, hours in quarters.items():
            yield sku, quarter, hours


def gpu_value_krw(award: PlannedAward, rates: Mapping[tuple[str, str], int]) -> int:
    """Return the imputed value of an award's GPU time, in won; hours outside every pool are worth nothing."""
    return sum(hours * rates.get((sku, quarter), 0) for sku, quarter, hours in flat_hours(award))


def award_points(applicant: Applicant, krw: int, value_krw: int, instance: Instance) -> Fraction:
    """Return what one award adds to the objective, exactly, in points.

    score × [α (first half + w × second half) / GPU scale + (1 − α) × cash / cash scale], where the first half runs to
    half of the request's value.

    Args:
        applicant: Who would receive it.
        krw: Cash in won.
        value_krw: Imputed GPU value in won.
        instance: For the scales and the weights.
    """
    terms = instance.terms
    half = Fraction(request_value_krw(applicant, rates_krw(instance)), 2)
    first = min(Fraction(value_krw), half)
    weighted = first + (value_krw - first) * Fraction(terms.second_half_weight_permille, PERMILLE)
    alpha = Fraction(terms.alpha_permille, PERMILLE)
    gpu = alpha * weighted / terms.gpu_scale_krw if terms.gpu_scale_krw else Fraction(0)
    cash = (1 - alpha) * Fraction(krw, terms.cash_scale_krw) if terms.cash_scale_krw else Fraction(0)
    return Fraction(applicant.score_tenths, FULL_SCORE_TENTHS) * OBJECTIVE_POINTS * (gpu + cash)


def smallest_share(awards: Sequence[PlannedAward], instance: Instance) -> Fraction:
    """Return the smallest part of its request's value that anybody with GPU time gets; 0 where nobody has any."""
    rates = rates_krw(instance)
    known = {applicant.code: applicant for applicant in instance.applicants}
    shares = [
        Fraction(value, request_value_krw(known[award.code], rates))
        for award in awards
        if (value := gpu_value_krw(award, rates))
    ]
    return min(shares, default=Fraction(0))


def objective_points(awards: Sequence[PlannedAward], instance: Instance) -> Fraction:
    """Return the exact objective of a set of awards, in points."""
    rates = rates_krw(instance)
    known = {a.code: a for a in instance.applicants}
    points = sum((award_points(known[w.code], w.krw, gpu_value_krw(w, rates), instance) for w in awards), Fraction(0))
    fairness = instance.terms.fairness_permille
    if fairness:
        points += Fraction(OBJECTIVE_POINTS * fairness, PERMILLE) * smallest_share(awards, instance)
    return points
