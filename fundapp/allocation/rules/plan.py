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
from fundapp.allocation.rules.settings import Setting

Rates = Mapping[tuple[str, str], int]


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
        broken: Those terms by name, so that a page can say them in its reader's language.
    """

    awards: tuple[PlannedAward, ...]
    objective: float
    breaches: tuple[str, ...]
    broken: tuple[Setting, ...] = ()


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
    return Fraction(_parts(applicant, krw, value_krw, instance, rates_krw(instance)), _whole(instance))


def _parts(applicant: Applicant, krw: int, value_krw: int, instance: Instance, rates: Rates) -> int:
    """Count an award's points in parts of which `_whole` make one: sums of whole numbers cost a tenth of fractions."""
    terms = instance.terms
    gpu_scale, cash_scale = terms.gpu_scale_krw or 1, terms.cash_scale_krw or 1
    twice_first = min(2 * value_krw, request_value_krw(applicant, rates))
    later = (2 * value_krw - twice_first) * terms.second_half_weight_permille
    gpu = terms.alpha_permille * (twice_first * PERMILLE + later) * cash_scale if terms.gpu_scale_krw else 0
    cash = (PERMILLE - terms.alpha_permille) * 2 * PERMILLE * krw * gpu_scale if terms.cash_scale_krw else 0
    return applicant.score_tenths * OBJECTIVE_POINTS * (gpu + cash)


def _whole(instance: Instance) -> int:
    terms = instance.terms
    return FULL_SCORE_TENTHS * PERMILLE * PERMILLE * 2 * (terms.gpu_scale_krw or 1) * (terms.cash_scale_krw or 1)


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
    parts = sum(_parts(known[w.code], w.krw, gpu_value_krw(w, rates), instance, rates) for w in awards)
    points = Fraction(parts, _whole(instance))
    fairness = instance.terms.fairness_permille
    if fairness:
        points += Fraction(OBJECTIVE_POINTS * fairness, PERMILLE) * smallest_share(awards, instance)
    return points
