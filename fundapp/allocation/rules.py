"""What the fund believes about dividing cash and GPU time: the instance, the plan, and what makes a plan lawful.

Everything here is exact: won and hours are whole numbers, scores are tenths of a point, shares are permille, and
the objective is a rational number. The solver proposes in floating point; these functions judge it without any.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from fractions import Fraction

PERMILLE = 1000
#: A full-score applicant that took the whole pool and the whole budget would be worth this many points.
OBJECTIVE_POINTS = 1000
FULL_SCORE_TENTHS = 1000

Hours = Mapping[str, Mapping[str, int]]


class PlanInfeasible(ValueError):  # noqa: N818 - the word the committee reads; every error here is one of terms
    """No plan satisfies the terms.

    Attributes:
        reason: One sentence for people, naming the terms in conflict.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _require(condition: object, message: str) -> None:
    if not condition:
        raise ValueError(message)


@dataclass(frozen=True, slots=True, order=True)
class GpuRequest:
    """Hours of one SKU that an applicant asks for in one quarter.

    Attributes:
        sku: GPU model, such as ``H100``.
        quarter: UTC quarter, such as ``2026Q3``.
        hours: Whole GPU-hours, at least 0.
    """

    sku: str
    quarter: str
    hours: int

    def __post_init__(self) -> None:
        _require(self.hours >= 0, f"{self.sku} {self.quarter}: requested hours must not be negative")


@dataclass(frozen=True, slots=True)
class Applicant:
    """One application as the plan sees it.

    An applicant that lists tickets takes exactly one of them or nothing; one that requests GPU time takes at least
    one SKU or nothing. So empty ``tickets`` means GPU only, and empty ``requests`` means cash only.

    Attributes:
        code: Application number: unique in the instance, and the last tie-breaker.
        score_tenths: Score in tenths of a point, 0 to 1000.
        sector: Industry for the sector cap.
        sme: Whether the SME floor counts it.
        non_capital: Whether it sits outside the capital region.
        tickets: Amounts in won that the committee may award.
        requests: GPU hours asked for.
        minimum_hours: For each SKU the fewest hours, over all quarters, that are of any use.
    """

    code: str
    score_tenths: int
    sector: str
    sme: bool
    non_capital: bool
    tickets: tuple[int, ...] = ()
    requests: tuple[GpuRequest, ...] = ()
    minimum_hours: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _require(self.code, "an applicant needs a code")
        _require(0 <= self.score_tenths <= FULL_SCORE_TENTHS, f"{self.code}: score must be 0 to 100.0 points")
        _require(all(ticket > 0 for ticket in self.tickets), f"{self.code}: a ticket must be a positive amount")
        keys = [(request.sku, request.quarter) for request in self.requests]
        _require(len(keys) == len(set(keys)), f"{self.code}: one request for each SKU and quarter")
        _require(all(m >= 0 for m in self.minimum_hours.values()), f"{self.code}: minimum hours are negative")


@dataclass(frozen=True, slots=True, order=True)
class Capacity:
    """Free hours of one pool.

    Attributes:
        sku: GPU model.
        quarter: UTC quarter.
        hours: Whole GPU-hours still free.
        rate_krw: Imputed value of one GPU-hour in won.
    """

    sku: str
    quarter: str
    hours: int
    rate_krw: int

    def __post_init__(self) -> None:
        _require(self.hours >= 0, f"{self.sku} {self.quarter}: capacity must not be negative")
        _require(self.rate_krw > 0, f"{self.sku} {self.quarter}: a pool needs a positive rate")


@dataclass(frozen=True, slots=True)
class Terms:
    """What the call allows.

    Shares are of the GPU value awarded, in permille; a cap of 1000 and a floor of 0 switch a quota off.

    Attributes:
        budget_krw: Cash of the call, in won.
        alpha_permille: Weight of GPU value in the objective; the rest weighs cash.
        sector_cap_permille: Most that one sector may take.
        sme_floor_permille: Least that SMEs must take.
        non_capital_floor_permille: Least that companies outside the capital region must take.
        own_cap_permille: Most of the pool's value (not of what is awarded) that one applicant may take.
        second_half_weight_permille: Weight of GPU value beyond half of a request: diminishing returns.
        must_award: Codes of applicants that any plan has to include.
    """

    budget_krw: int
    alpha_permille: int = 500
    sector_cap_permille: int = PERMILLE
    sme_floor_permille: int = 0
    non_capital_floor_permille: int = 0
    own_cap_permille: int = PERMILLE
    second_half_weight_permille: int = 600
    must_award: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _require(self.budget_krw >= 0, "the budget must not be negative")
        for name, value in asdict(self).items():
            if name.endswith("_permille"):
                _require(0 <= value <= PERMILLE, f"{name} must be 0 to 1000")


@dataclass(frozen=True, slots=True)
class Instance:
    """Everything a plan depends on, in canonical order whatever the order given.

    Attributes:
        applicants: Sorted by code.
        capacities: Sorted by SKU and quarter.
        terms: The call's terms.
    """

    applicants: tuple[Applicant, ...]
    capacities: tuple[Capacity, ...]
    terms: Terms

    def __post_init__(self) -> None:
        codes = [applicant.code for applicant in self.applicants]
        _require(len(codes) == len(set(codes)), "two applicants share a code")
        pools = [(pool.sku, pool.quarter) for pool in self.capacities]
        _require(len(pools) == len(set(pools)), "two capacities share a SKU and quarter")
        object.__setattr__(self, "applicants", tuple(sorted(self.applicants, key=lambda a: a.code)))
        object.__setattr__(self, "capacities", tuple(sorted(self.capacities)))

    @property
    def pool_value_krw(self) -> int:
        """Imputed value of all free hours, in won."""
        return sum(pool.hours * pool.rate_krw for pool in self.capacities)

    def sha256(self) -> str:
        """Digest of the canonical JSON: equal for equal content in any input order."""
        return hashlib.sha256(canonical_json(self).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class PlannedAward:
    """What the plan gives one applicant.

    Attributes:
        code: The applicant.
        krw: Cash in won: one of its tickets, or 0 when it asked for none.
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
            ``non_capital_floor``, ``own_cap``.
        bound: Objective of the relaxation, in points.
    """

    gpu: Mapping[str, Mapping[str, float]]
    cash: float
    quotas: Mapping[str, float]
    bound: float
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


def canonical_json(instance: Instance) -> str:
    """Serialise an instance so that equal content gives equal text.

    Args:
        instance: Already sorted by its own constructor; the inner lists are sorted here.
    """
    body = {
        "applicants": [
            asdict(a)
            | {
                "tickets": sorted(set(a.tickets)),
                "requests": [asdict(r) for r in sorted(a.requests)],
                "minimum_hours": dict(a.minimum_hours),
            }
            for a in instance.applicants
        ],
        "capacities": [asdict(pool) for pool in instance.capacities],
        "terms": asdict(instance.terms) | {"must_award": sorted(set(instance.terms.must_award))},
    }
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def rates_krw(instance: Instance) -> dict[tuple[str, str], int]:
    """Return won for one GPU-hour by (SKU, quarter)."""
    return {(pool.sku, pool.quarter): pool.rate_krw for pool in instance.capacities}


def flat_hours(award: PlannedAward) -> Iterator[tuple[str, str, int]]:
    """Yield (SKU, quarter, hours) of an award."""
    for sku, quarters in award.gpu_hours.items():
        for quarter, hours in quarters.items():
            yield sku, quarter, hours


def gpu_value_krw(award: PlannedAward, rates: Mapping[tuple[str, str], int]) -> int:
    """Return the imputed value of an award's GPU time, in won; hours outside every pool are worth nothing."""
    return sum(hours * rates.get((sku, quarter), 0) for sku, quarter, hours in flat_hours(award))


def request_value_krw(applicant: Applicant, rates: Mapping[tuple[str, str], int]) -> int:
    """Return the imputed value of what an applicant asked for among the pools on offer, in won."""
    return sum(r.hours * rates.get((r.sku, r.quarter), 0) for r in applicant.requests)


def award_points(applicant: Applicant, krw: int, value_krw: int, instance: Instance) -> Fraction:
    """Return what one award adds to the objective, exactly, in points.

    score × [α (first half + w × second half) / pool value + (1 − α) × cash / budget], where the first half runs to half
    of the request's value.

    Args:
        applicant: Who would receive it.
        krw: Cash in won.
        value_krw: Imputed GPU value in won.
        instance: For the pool value, the budget and the weights.
    """
    terms, pool = instance.terms, instance.pool_value_krw
    rates = rates_krw(instance)
    half = Fraction(request_value_krw(applicant, rates), 2)
    first = min(Fraction(value_krw), half)
    weighted = first + (value_krw - first) * Fraction(terms.second_half_weight_permille, PERMILLE)
    alpha = Fraction(terms.alpha_permille, PERMILLE)
    gpu = alpha * weighted / pool if pool else Fraction(0)
    cash = (1 - alpha) * Fraction(krw, terms.budget_krw) if terms.budget_krw else Fraction(0)
    return Fraction(applicant.score_tenths, FULL_SCORE_TENTHS) * OBJECTIVE_POINTS * (gpu + cash)


def objective_points(awards: Sequence[PlannedAward], instance: Instance) -> Fraction:
    """Return the exact objective of a set of awards, in points."""
    rates = rates_krw(instance)
    known = {a.code: a for a in instance.applicants}
    return sum((award_points(known[w.code], w.krw, gpu_value_krw(w, rates), instance) for w in awards), Fraction(0))


def violations(plan: Plan | Sequence[PlannedAward], instance: Instance) -> list[str]:
    """List every term that a plan breaks, in whole-number arithmetic.

    Args:
        plan: A plan, or its awards.
        instance: What it should answer.

    Returns:
        One sentence for each breach; empty when the plan is lawful.
    """
    awards = plan.awards if isinstance(plan, Plan) else tuple(plan)
    known = {applicant.code: applicant for applicant in instance.applicants}
    codes = [award.code for award in awards]
    found = [f"{code}: no such applicant" for code in codes if code not in known]
    found += [f"{code}: awarded twice" for code in sorted({c for c in codes if codes.count(c) > 1})]
    found += [f"{code}: must be awarded" for code in instance.terms.must_award if code not in codes]
    if any(code not in known for code in codes):
        return found
    for award in awards:
        found += _award_violations(award, known[award.code], instance)
    return [*found, *_pool_violations(awards, instance), *share_violations(awards, instance)]


def _award_violations(award: PlannedAward, applicant: Applicant, instance: Instance) -> Iterator[str]:
    if award.krw not in (applicant.tickets or (0,)):
        yield f"{award.code}: {award.krw} won is not one of its tickets"
    wanted = {(r.sku, r.quarter): r.hours for r in applicant.requests}
    taken: dict[str, int] = defaultdict(int)
    for sku, quarter, hours in flat_hours(award):
        taken[sku] += hours
        if not 0 <= hours <= wanted.get((sku, quarter), 0):
            yield f"{award.code}: {hours} hours of {sku} in {quarter} is not within its request"
    for sku, hours in taken.items():
        if hours < applicant.minimum_hours.get(sku, 0):
            yield f"{award.code}: {hours} hours of {sku} is below its minimum"
    if applicant.requests and not any(taken.values()):
        yield f"{award.code}: asked for GPU time and gets none"
    value = gpu_value_krw(award, rates_krw(instance))
    if value * PERMILLE > instance.terms.own_cap_permille * instance.pool_value_krw:
        yield f"{award.code}: GPU value {value} won is above the cap for one applicant"


def _pool_violations(awards: Sequence[PlannedAward], instance: Instance) -> Iterator[str]:
    used: dict[tuple[str, str], int] = defaultdict(int)
    for award in awards:
        for sku, quarter, hours in flat_hours(award):
            used[sku, quarter] += hours
    free = {(pool.sku, pool.quarter): pool.hours for pool in instance.capacities}
    for (sku, quarter), hours in sorted(used.items()):
        if hours > free.get((sku, quarter), 0):
            yield f"{sku} {quarter}: {hours} hours awarded of {free.get((sku, quarter), 0)}"
    cash = sum(award.krw for award in awards)
    if cash > instance.terms.budget_krw:
        yield f"cash: {cash} won awarded of {instance.terms.budget_krw}"


def share_violations(awards: Sequence[PlannedAward], instance: Instance) -> list[str]:
    """List the sector, SME and region quotas that a set of awards breaks."""
    rates, terms = rates_krw(instance), instance.terms
    known = {applicant.code: applicant for applicant in instance.applicants}
    value = {award.code: gpu_value_krw(award, rates) for award in awards}
    total = sum(value.values())
    by_sector: dict[str, int] = defaultdict(int)
    for code, krw in value.items():
        by_sector[known[code].sector] += krw
    found = [
        f"sector {sector}: {krw} of {total} won is above the sector cap"
        for sector, krw in sorted(by_sector.items())
        if krw * PERMILLE > terms.sector_cap_permille * total
    ]
    sme = sum(krw for code, krw in value.items() if known[code].sme)
    region = sum(krw for code, krw in value.items() if known[code].non_capital)
    if sme * PERMILLE < terms.sme_floor_permille * total:
        found.append(f"SME: {sme} of {total} won is below the floor")
    if region * PERMILLE < terms.non_capital_floor_permille * total:
        found.append(f"non-capital: {region} of {total} won is below the floor")
    return found
