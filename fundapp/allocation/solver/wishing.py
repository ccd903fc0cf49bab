"""What each applicant would choose at rough prices, before there is a model: prices from a sample, then arithmetic.

One applicant in so many competes for as small a part of cash and hours; what they would pay is about what everybody
would. A relaxation of the sample prices everything that is shared, and at prices each applicant is alone with a few
SKUs and tickets, so its choice takes no engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations

from fundapp.allocation.model import Model
from fundapp.allocation.rules import (
    FULL_SCORE_TENTHS,
    OBJECTIVE_POINTS,
    PERMILLE,
    Applicant,
    Instance,
    Setting,
    by_merit,
    free_hours,
    rates_krw,
    request_value_krw,
)
from fundapp.allocation.solver.engine import programme, relax

#: How many applicants the sample has.
SAMPLE = 150
_SHARES = frozenset({"sector_cap", "sme_floor", "non_capital_floor", "quota"})


@dataclass(frozen=True, slots=True)
class Prices:
    """What shared things cost, in points.

    Attributes:
        won: One won of cash.
        hours: One hour, by (SKU, quarter).
        days: One day of the delivery centre, by quarter.
        shares: Quotas that cost something: which, its part of 1, and points for one won of GPU value in it; negative
            for a floor, which pays its members.
    """

    won: float = 0.0
    hours: Mapping[tuple[str, str], float] = field(default_factory=dict)
    days: Mapping[str, float] = field(default_factory=dict)
    shares: tuple[tuple[Setting, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """What an applicant would choose if it had to be awarded.

    Attributes:
        worth: What that is worth to the fund less what it costs, in points.
        ticket: Cash in won, 0 for none.
        skus: SKUs that it would use.
    """

    worth: float
    ticket: int
    skus: tuple[str, ...]


def rough_wishes(instance: Instance) -> dict[str, Wish]:
    """Price everything by a sample and ask each applicant what it would choose; by application number."""
    prices = sample_prices(instance)
    asking = _Asking(instance, prices)
    return {applicant.code: asking.wish(applicant) for applicant in instance.applicants}


def sample_prices(instance: Instance) -> Prices:
    """Return prices from a part of the applicants and of everything else."""
    step = max(1, len(instance.applicants) // SAMPLE)
    terms = instance.terms
    free = free_hours(instance)
    part = Instance(
        tuple(by_merit(instance)[::step]),
        tuple(replace(pool, hours=free[pool.sku, pool.quarter] // step) for pool in instance.capacities),
        replace(
            terms,
            budget_krw=terms.budget_krw // step,
            codev_days={quarter: days // step for quarter, days in terms.codev_days.items()},
            own_cap_permille=min(PERMILLE, terms.own_cap_permille * step),
            reserve_permille=0,
            must_award=(),
            must_not_award=(),
            pins=(),
            fairness_permille=0,
        ),
    )
    model = Model(part)
    found = relax(programme(model))
    return Prices() if found is None else _read(model, found.prices.tolist())


def _read(model: Model, prices: list[float]) -> Prices:
    won, hours, days = 0.0, {}, {}
    quotas = iter(model.order.shares())
    shares = []
    for label, price in zip(model.labels, prices, strict=True):
        if label is None:
            continue
        if label.kind == "budget":
            won = price / model.cash_unit_krw
        elif label.kind == "capacity":
            sku, quarter = label.subject.rsplit(" ", 1)
            hours[sku, quarter] = price / model.block
        elif label.kind == "codev":
            days[label.subject] = price
        elif label.kind in _SHARES:
            _, _, permille, sign = next(quotas)
            shares.append((label, permille / PERMILLE, sign * price / model.unit_krw))
    return Prices(won, hours, days, tuple(share for share in shares if share[2]))


class _Asking:
    """Asks applicants of one call at one set of prices."""

    def __init__(self, instance: Instance, prices: Prices) -> None:
        self.prices, self.terms = prices, instance.terms
        self.rates = rates_krw(instance)
        terms = instance.terms
        points = OBJECTIVE_POINTS / FULL_SCORE_TENTHS / PERMILLE
        self.gpu = points * terms.alpha_permille / terms.gpu_scale_krw if terms.gpu_scale_krw else 0.0
        self.cash = points * (PERMILLE - terms.alpha_permille) / terms.cash_scale_krw if terms.cash_scale_krw else 0.0
        self.later = terms.second_half_weight_permille / PERMILLE

    def wish(self, applicant: Applicant) -> Wish:
        """Return the best award at the prices, whether or not it is worth its price."""
        price = self.cash * applicant.score_tenths - self.prices.won
        days = sum(self.prices.days.get(quarter, 0.0) * some for quarter, some in applicant.codev_days.items())
        found = Wish(-days, 0, ())
        for skus in self._sets(applicant):
            gpu = self._gpu(applicant, skus) if skus else 0.0
            for ticket in self._tickets(applicant, skus):
                worth = gpu + price * ticket - days
                if worth > found.worth or not (found.ticket or found.skus):
                    found = Wish(worth, ticket, skus)
        return found

    def _sets(self, applicant: Applicant) -> Iterator[tuple[str, ...]]:
        skus = sorted({r.sku for r in applicant.requests if (r.sku, r.quarter) in self.rates})
        if not skus or (applicant.tickets and self.terms.joint != "both"):
            yield ()
        for count in sorted({1, len(skus)} if skus else ()):
            yield from combinations(skus, count)

    def _tickets(self, applicant: Applicant, skus: tuple[str, ...]) -> tuple[int, ...]:
        if not applicant.tickets:
            return (0,)
        ends = (applicant.tickets[0], applicant.tickets[-1])  # worth is linear, so one of the two is best
        return (0, *ends) if skus and self.terms.joint == "either" else ends

    def _gpu(self, applicant: Applicant, skus: tuple[str, ...]) -> float:
        """Return what hours of these SKUs are worth at the best: the first half of a request, then what still pays."""
        full = self.gpu * applicant.score_tenths
        share = self._share(applicant)
        slots = []
        for request in applicant.requests:
            rate = self.rates.get((request.sku, request.quarter))
            if request.sku in skus and rate:
                price = self.prices.hours.get((request.sku, request.quarter), 0.0) / rate + share
                slots.append((price, request.sku, request.hours, rate))
        slots.sort()
        left = request_value_krw(applicant, self.rates) / 2
        needed = {sku: applicant.minimum_hours.get(sku, 0) for sku in skus}
        worth = 0.0
        for price, sku, hours, rate in slots:
            value = float(hours * rate)
            early = min(value, left) if full > price else 0.0
            late = value - early if full * self.later > price else 0.0
            forced = max(0.0, min(value, needed[sku] * rate) - early - late)
            counted = min(forced, left - early)
            left -= early + counted
            needed[sku] -= int((early + late + forced) / rate)
            worth += (early + counted) * full + (late + forced - counted) * full * self.later
            worth -= (early + late + forced) * price
        return worth

    def _share(self, applicant: Applicant) -> float:
        """Return what one won of its GPU value costs by the quotas."""
        return sum(price * (_belongs(applicant, setting) - part) for setting, part, price in self.prices.shares)


def _belongs(applicant: Applicant, setting: Setting) -> bool:
    match setting.kind:
        case "sector_cap":
            return applicant.sector == setting.subject
        case "sme_floor":
            return applicant.sme
        case "non_capital_floor":
            return applicant.non_capital
        case _:
            return setting.subject in applicant.tags
