"""Two rules of thumb that a careful person would use with a spreadsheet: the plan has to beat them.

Both go down the list by score (then application number), never exceed a pool, the budget or the cap for one
applicant, and are blind to the sector, SME and region quotas.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable

from .rules import (
    PERMILLE,
    Applicant,
    Baseline,
    Instance,
    PlannedAward,
    objective_points,
    rates_krw,
    violations,
)


class _Pot:
    """What is still free while a rule works down the list."""

    def __init__(self, instance: Instance) -> None:
        self.rates = rates_krw(instance)
        self.hours = {(pool.sku, pool.quarter): pool.hours for pool in instance.capacities}
        self.cash = instance.terms.budget_krw
        # The cap is in won per mille of the pool, so compare in thousandths of a won and stay whole.
        self.own_cap_krw = instance.terms.own_cap_permille * instance.pool_value_krw // PERMILLE
        self.taken: dict[str, dict[tuple[str, str], int]] = defaultdict(dict)
        self.krw: dict[str, int] = {}

    def value_of(self, code: str) -> int:
        return sum(hours * self.rates[key] for key, hours in self.taken[code].items())

    def give(self, applicant: Applicant, sku: str, limit: int | None) -> int:
        """Give hours of one SKU, earliest quarter first, up to `limit`; return how many."""
        given = 0
        own = self.taken[applicant.code]
        for request in sorted(applicant.requests):
            key = (request.sku, request.quarter)
            if request.sku != sku or key not in self.hours:
                continue
            room = (self.own_cap_krw - self.value_of(applicant.code)) // self.rates[key]
            hours = min(request.hours - own.get(key, 0), self.hours[key], room)
            if limit is not None:
                hours = min(hours, limit - given)
            if hours > 0:
                own[key] = own.get(key, 0) + hours
                self.hours[key] -= hours
                given += hours
        return given

    def take_back(self, applicant: Applicant, sku: str) -> None:
        own = self.taken[applicant.code]
        for key in [key for key in own if key[0] == sku]:
            self.hours[key] += own.pop(key)

    def pay(self, applicant: Applicant, pick: Callable[[Iterable[int]], int]) -> bool:
        """Pay the ticket that `pick` chooses among those the budget still covers."""
        if not applicant.tickets:
            return True
        before = self.krw.pop(applicant.code, 0)
        affordable = [ticket for ticket in applicant.tickets if ticket <= self.cash + before]
        if not affordable:
            return False
        ticket = pick(affordable)
        self.cash += before - ticket
        self.krw[applicant.code] = ticket
        return True

    def drop(self, applicant: Applicant) -> None:
        for sku in _skus(applicant):
            self.take_back(applicant, sku)
        self.taken.pop(applicant.code, None)
        self.cash += self.krw.pop(applicant.code, 0)

    def awards(self, chosen: Iterable[Applicant]) -> tuple[PlannedAward, ...]:
        made = []
        for applicant in sorted(chosen, key=lambda a: a.code):
            hours: dict[str, dict[str, int]] = defaultdict(dict)
            for (sku, quarter), count in sorted(self.taken.get(applicant.code, {}).items()):
                hours[sku][quarter] = count
            made.append(PlannedAward(applicant.code, self.krw.get(applicant.code, 0), dict(hours)))
        return tuple(made)


def _skus(applicant: Applicant) -> list[str]:
    return sorted({request.sku for request in applicant.requests})


def by_merit(instance: Instance) -> list[Applicant]:
    """Return the applicants by score, best first, then by application number."""
    return sorted(instance.applicants, key=lambda a: (-a.score_tenths, a.code))


def _serve(pot: _Pot, applicant: Applicant, *, minimum_only: bool) -> bool:
    """Give one applicant its request, or only its minimum; return whether it keeps anything."""
    if not pot.pay(applicant, min if minimum_only else max):
        return False
    kept = not applicant.requests
    for sku in _skus(applicant):
        least = max(1, applicant.minimum_hours.get(sku, 0))
        if pot.give(applicant, sku, least if minimum_only else None) < least:
            pot.take_back(applicant, sku)
        else:
            kept = True
    if not kept or not (applicant.requests or applicant.tickets):
        pot.drop(applicant)
        return False
    return True


def greedy(instance: Instance) -> tuple[PlannedAward, ...]:
    """Give each applicant, best score first, its largest ticket and its whole request, while stocks last."""
    pot = _Pot(instance)
    return pot.awards([a for a in by_merit(instance) if _serve(pot, a, minimum_only=False)])


def minimum_first(instance: Instance) -> tuple[PlannedAward, ...]:
    """Give each applicant, best score first, its smallest ticket and minimum hours; then top up in the same order."""
    pot = _Pot(instance)
    chosen = [a for a in by_merit(instance) if _serve(pot, a, minimum_only=True)]
    for applicant in chosen:
        pot.pay(applicant, max)
        for sku in sorted({sku for sku, _ in pot.taken[applicant.code]}):
            pot.give(applicant, sku, None)
    return pot.awards(chosen)


def judge(awards: tuple[PlannedAward, ...], instance: Instance) -> Baseline:
    """Weigh a rule's awards: exact objective, rounded for reading, and every term it breaks."""
    points = round(float(objective_points(awards, instance)), 6)
    return Baseline(awards, points, tuple(violations(awards, instance)))
