"""What a plan is asked to divide: applicants, free hours, and what the call allows.

Everything here is exact: won and hours are whole numbers, scores are tenths of a point, shares are permille.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

PERMILLE = 1000
#: A full-score applicant that took the whole pool and the whole budget would be worth this many points.
OBJECTIVE_POINTS = 1000
FULL_SCORE_TENTHS = 1000

Hours = Mapping[str, Mapping[str, int]]
Joint = Literal["both", "gpu_needs_cash", "either"]
Direction = Literal["at_most", "at_least"]


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

    Empty ``tickets`` means GPU only, and empty ``requests`` means cash only; what goes together where both are asked
    for is `Terms.joint`.

    Attributes:
        code: Application number: unique in the instance, and the last tie-breaker.
        score_tenths: Score in tenths of a point, 0 to 1000.
        sector: Industry for the sector cap.
        sme: Whether the SME floor counts it.
        non_capital: Whether it sits outside the capital region.
        tickets: Amounts in won that the committee may award.
        requests: GPU hours asked for.
        minimum_hours: For each SKU the fewest hours, over all quarters, that are of any use.
        tags: Further groups that a quota may count, such as ``korean_ai``.
        codev_days: Days of the delivery centre that its co-development takes, by quarter, if it is awarded.
    """

    code: str
    score_tenths: int
    sector: str
    sme: bool
    non_capital: bool
    tickets: tuple[int, ...] = ()
    requests: tuple[GpuRequest, ...] = ()
    minimum_hours: Mapping[str, int] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    codev_days: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _require(self.code, "an applicant needs a code")
        _require(0 <= self.score_tenths <= FULL_SCORE_TENTHS, f"{self.code}: score must be 0 to 100.0 points")
        _require(all(ticket > 0 for ticket in self.tickets), f"{self.code}: a ticket must be a positive amount")
        _require(all(m >= 0 for m in self.minimum_hours.values()), f"{self.code}: minimum hours are negative")
        _require(all(d >= 0 for d in self.codev_days.values()), f"{self.code}: co-development days are negative")
        asked: dict[tuple[str, str], int] = defaultdict(int)
        for request in self.requests:
            asked[request.sku, request.quarter] += request.hours
        merged = tuple(GpuRequest(sku, quarter, hours) for (sku, quarter), hours in sorted(asked.items()))
        object.__setattr__(self, "requests", merged)
        object.__setattr__(self, "tickets", tuple(sorted(set(self.tickets))))
        object.__setattr__(self, "tags", tuple(sorted(set(self.tags))))


@dataclass(frozen=True, slots=True, order=True)
class Capacity:
    """Free hours of one SKU and quarter.

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


@dataclass(frozen=True, slots=True, order=True)
class Quota:
    """A share of the GPU value awarded that a group may at most, or must at least, take.

    Attributes:
        tag: The group: applicants with this tag.
        direction: Whether the share is a cap or a floor.
        permille: The share.
    """

    tag: str
    direction: Direction
    permille: int

    def __post_init__(self) -> None:
        _require(self.direction in {"at_most", "at_least"}, f"{self.tag}: a quota is at_most or at_least")
        _require(0 <= self.permille <= PERMILLE, f"{self.tag}: a quota must be 0 to 1000 permille")


@dataclass(frozen=True, slots=True)
class Pin:
    """What one applicant gets whatever else the plan does; None leaves that part open.

    Attributes:
        code: The applicant.
        krw: Its cash, in won.
        gpu_hours: All of its hours, ``{sku: {quarter: whole hours}}``.
    """

    code: str
    krw: int | None = None
    gpu_hours: Hours | None = None


@dataclass(frozen=True, slots=True, order=True)
class Commitment:
    """What an earlier award has been promised of the quarters on offer, and its free hours still contain.

    It takes from the pool, and counts against the cap of the applicant whose company holds it. It is in no share:
    those are of what this plan awards.

    Attributes:
        holder: Code of the applicant whose company holds it, or any other name.
        sku: GPU model; empty where only the delivery centre is concerned.
        quarter: UTC quarter.
        hours: Whole GPU-hours.
        codev_days: Days of the delivery centre.
    """

    holder: str
    sku: str
    quarter: str
    hours: int = 0
    codev_days: int = 0

    def __post_init__(self) -> None:
        _require(self.hours >= 0 and self.codev_days >= 0, f"{self.holder}: a commitment must not be negative")


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
        must_not_award: Codes of applicants that no plan may include.
        pins: Awards that are settled, one for each applicant at most.
        joint: For those who ask for cash and GPU time: ``both`` or nothing; GPU time only with cash; or ``either``.
        quotas: Shares of tagged groups.
        fairness_permille: Reward, in thousandths of all points, for the smallest share of its request that anybody
            with GPU time gets (max-min fairness); 0 switches it off.
        reserve_permille: Part of each pool's hours that stays unplanned, rounded up to whole hours.
        block_hours: Hours are awarded in whole blocks of so many; 192 is a machine of 8 GPUs for a day.
        codev_days: Days of the delivery centre by quarter; a quarter that is not named has no limit.
        gpu_scale_krw: GPU value that full marks would turn into all GPU points; None for the pool's value.
        cash_scale_krw: Likewise for cash; None for the budget. A scenario keeps the scales of what it is compared
            with, so that more to give is never worth fewer points.
    """

    budget_krw: int
    alpha_permille: int = 500
    sector_cap_permille: int = PERMILLE
    sme_floor_permille: int = 0
    non_capital_floor_permille: int = 0
    own_cap_permille: int = PERMILLE
    second_half_weight_permille: int = 600
    must_award: tuple[str, ...] = ()
    must_not_award: tuple[str, ...] = ()
    pins: tuple[Pin, ...] = ()
    joint: Joint = "both"
    quotas: tuple[Quota, ...] = ()
    fairness_permille: int = 0
    reserve_permille: int = 0
    block_hours: int = 1
    codev_days: Mapping[str, int] = field(default_factory=dict)
    gpu_scale_krw: int | None = None
    cash_scale_krw: int | None = None

    def __post_init__(self) -> None:
        _require(self.budget_krw >= 0, "the budget must not be negative")
        for name, value in asdict(self).items():
            if name.endswith("_permille"):
                _require(0 <= value <= PERMILLE, f"{name} must be 0 to 1000")
        _require(self.block_hours >= 1, "a block has at least one hour")
        _require(self.joint in {"both", "gpu_needs_cash", "either"}, "joint must be both, gpu_needs_cash or either")
        _require(all(days >= 0 for days in self.codev_days.values()), "days of the delivery centre are negative")
        pinned = [pin.code for pin in self.pins]
        _require(len(pinned) == len(set(pinned)), "two pins share a code")
        object.__setattr__(self, "must_award", tuple(sorted(set(self.must_award))))
        object.__setattr__(self, "must_not_award", tuple(sorted(set(self.must_not_award))))
        object.__setattr__(self, "pins", tuple(sorted(self.pins, key=lambda pin: pin.code)))
        object.__setattr__(self, "quotas", tuple(sorted(set(self.quotas))))


@dataclass(frozen=True, slots=True)
class Instance:
    """Everything a plan depends on, in canonical order whatever the order given.

    Capacities of one SKU, quarter and rate are one pool however many rows they come in, and so are requests.

    Attributes:
        applicants: Sorted by code.
        capacities: Sorted by SKU and quarter.
        terms: The call's terms, with the scales of the objective filled in.
        commitments: Promises of earlier awards, sorted.
    """

    applicants: tuple[Applicant, ...]
    capacities: tuple[Capacity, ...]
    terms: Terms
    commitments: tuple[Commitment, ...] = ()

    def __post_init__(self) -> None:
        codes = [applicant.code for applicant in self.applicants]
        _require(len(codes) == len(set(codes)), "two applicants share a code")
        object.__setattr__(self, "applicants", tuple(sorted(self.applicants, key=lambda a: a.code)))
        object.__setattr__(self, "capacities", _merged(self.capacities))
        object.__setattr__(self, "commitments", tuple(sorted(self.commitments)))
        terms = self.terms
        if terms.gpu_scale_krw is None:
            terms = replace(terms, gpu_scale_krw=self.pool_value_krw)
        if terms.cash_scale_krw is None:
            terms = replace(terms, cash_scale_krw=terms.budget_krw)
        object.__setattr__(self, "terms", terms)

    @property
    def pool_value_krw(self) -> int:
        """Imputed value of all hours on offer, in won."""
        return sum(pool.hours * pool.rate_krw for pool in self.capacities)

    def sha256(self) -> str:
        """Digest of the canonical JSON: equal for equal content in any input order."""
        return hashlib.sha256(canonical_json(self).encode()).hexdigest()


def _merged(capacities: Iterable[Capacity]) -> tuple[Capacity, ...]:
    found: dict[tuple[str, str], Capacity] = {}
    for pool in capacities:
        key = (pool.sku, pool.quarter)
        known = found.get(key)
        _require(known is None or known.rate_krw == pool.rate_krw, f"{pool.sku} {pool.quarter}: two rates for one pool")
        found[key] = pool if known is None else replace(known, hours=known.hours + pool.hours)
    return tuple(sorted(found.values()))


def canonical_json(instance: Instance) -> str:
    """Serialise an instance so that equal content gives equal text."""
    return json.dumps(asdict(instance), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def free_hours(instance: Instance) -> dict[tuple[str, str], int]:
    """Return the hours that may be planned, by (SKU, quarter): what is on offer less reserve and commitments."""
    held: dict[tuple[str, str], int] = defaultdict(int)
    for commitment in instance.commitments:
        held[commitment.sku, commitment.quarter] += commitment.hours
    reserve = instance.terms.reserve_permille
    return {
        (pool.sku, pool.quarter): max(
            0, pool.hours - -(-pool.hours * reserve // PERMILLE) - held[pool.sku, pool.quarter]
        )
        for pool in instance.capacities
    }


def free_codev_days(instance: Instance) -> dict[str, int]:
    """Return the days of the delivery centre that may be planned, by quarter that has a limit."""
    held: dict[str, int] = defaultdict(int)
    for commitment in instance.commitments:
        held[commitment.quarter] += commitment.codev_days
    return {q: max(0, days - held[q]) for q, days in sorted(instance.terms.codev_days.items())}


def rates_krw(instance: Instance) -> dict[tuple[str, str], int]:
    """Return won for one GPU-hour by (SKU, quarter)."""
    return {(pool.sku, pool.quarter): pool.rate_krw for pool in instance.capacities}


def held_krw(instance: Instance) -> dict[str, int]:
    """Return the imputed value that earlier awards hold, in won by holder."""
    rates = rates_krw(instance)
    held: dict[str, int] = defaultdict(int)
    for commitment in instance.commitments:
        held[commitment.holder] += commitment.hours * rates.get((commitment.sku, commitment.quarter), 0)
    return held


def request_value_krw(applicant: Applicant, rates: Mapping[tuple[str, str], int]) -> int:
    """Return the imputed value of what an applicant asked for among the pools on offer, in won."""
    return sum(r.hours * rates.get((r.sku, r.quarter), 0) for r in applicant.requests)


def by_merit(instance: Instance) -> list[Applicant]:
    """Return the applicants by score, best first, then by application number."""
    return sorted(instance.applicants, key=lambda a: (-a.score_tenths, a.code))
