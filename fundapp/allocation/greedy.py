"""Two rules of thumb that a careful person would use with a spreadsheet: the plan has to beat them.

Both go down the list by score (then application number), never exceed a pool, the budget, the delivery centre's days
or the cap for one applicant, and are blind to shares of groups and to whatever is pinned.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from fundapp.allocation.rules import (
    PERMILLE,
    Applicant,
    Baseline,
    Instance,
    PlannedAward,
    breaches,
    by_merit,
    free_codev_days,
    free_hours,
    held_krw,
    objective_points,
    rates_krw,
)


class Pot:
    """What is still free while a rule works down the list."""

    def __init__(self, instance: Instance) -> None:
        self.joint, self.block = instance.terms.joint, instance.terms.block_hours
        self.rates = rates_krw(instance)
        self.held = held_krw(instance)
        self.hours = free_hours(instance)
        self.days = free_codev_days(instance)
        self.cash = instance.terms.budget_krw
        # The cap is in won per mille of the pool, so compare in thousandths of a won and stay whole.
        self.own_cap_krw = instance.terms.own_cap_permille * instance.pool_value_krw // PERMILLE
        self.taken: dict[str, dict[tuple[str, str], int]] = defaultdict(dict)
        self.krw: dict[str, int] = {}

    def value_of(self, code: str) -> int:
        """Return the GPU value that an applicant holds by now, in won."""
        return self.held.get(code, 0) + sum(hours * self.rates[key] for key, hours in self.taken[code].items())

    def give(self, applicant: Applicant, sku: str, limit: int | None, most_krw: int | None = None) -> int:
        """Give hours of one SKU, earliest quarter first; return how many.

        Args:
            applicant: To whom.
            sku: Of which.
            limit: So many hours at most.
            most_krw: So much GPU value at most for this applicant, all SKUs together.
        """
        given = 0
        own = self.taken[applicant.code]
        value = self.value_of(applicant.code)
        ceiling = self.own_cap_krw if most_krw is None else min(most_krw, self.own_cap_krw)
        for request in applicant.requests:
            key = (request.sku, request.quarter)
            if request.sku != sku or key not in self.hours:
                continue
            hours = min(request.hours - own.get(key, 0), self.hours[key], (ceiling - value) // self.rates[key])
            if limit is not None:
                hours = min(hours, -(-(limit - given) // self.block) * self.block)
            hours = hours // self.block * self.block
            if hours > 0:
                own[key] = own.get(key, 0) + hours
                self.hours[key] -= hours
                value += hours * self.rates[key]
                given += hours
        return given

    def take_back(self, applicant: Applicant, sku: str) -> None:
        """Return what an applicant holds of one SKU."""
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
        """Return everything that an applicant holds."""
        for sku in _skus(applicant):
            self.take_back(applicant, sku)
        self.taken.pop(applicant.code, None)
        self.cash += self.krw.pop(applicant.code, 0)

    def complete(self, applicant: Applicant) -> bool:
        """Say whether what an applicant holds is an award, and if so take the delivery centre's days for it."""
        paid, served = applicant.code in self.krw, any(self.taken[applicant.code].values())
        together = paid or served
        if applicant.tickets and applicant.requests and self.joint != "either":
            together = paid and (served or self.joint == "gpu_needs_cash")
        return together and self._book_days(applicant)

    def _book_days(self, applicant: Applicant) -> bool:
        needed = {quarter: days for quarter, days in applicant.codev_days.items() if quarter in self.days}
        if any(days > self.days[quarter] for quarter, days in needed.items()):
            return False
        for quarter, days in needed.items():
            self.days[quarter] -= days
        return True

    def awards(self, chosen: Iterable[Applicant]) -> tuple[PlannedAward, ...]:
        """Write down what the chosen hold."""
        made = []
        for applicant in sorted(chosen, key=lambda a: a.code):
            hours: dict[str, dict[str, int]] = defaultdict(dict)
            for (sku, quarter), count in sorted(self.taken.get(applicant.code, {}).items()):
                hours[sku][quarter] = count
            made.append(PlannedAward(applicant.code, self.krw.get(applicant.code, 0), dict(hours)))
        return tuple(made)


def _skus(applicant: Applicant) -> list[str]:
    return sorted({request.sku for request in applicant.requests})


def serve(pot: Pot, applicant: Applicant, *, minimum_only: bool) -> bool:
    """Give one applicant its request, or only its minimum; return whether it keeps anything."""
    if applicant.tickets:
        pot.pay(applicant, min if minimum_only else max)
    for sku in _skus(applicant):
        least = max(1, applicant.minimum_hours.get(sku, 0))
        if pot.give(applicant, sku, least if minimum_only else None) < least:
            pot.take_back(applicant, sku)
    if pot.complete(applicant):
        return True
    pot.drop(applicant)
    return False


def top_up(pot: Pot, chosen: Iterable[Applicant]) -> None:
    """Give those who have something as much more of it as is left, in the order given."""
    for applicant in chosen:
        if applicant.code in pot.krw:
            pot.pay(applicant, max)
        for sku in sorted({sku for sku, _ in pot.taken[applicant.code]}):
            pot.give(applicant, sku, None)


def _eligible(instance: Instance) -> list[Applicant]:
    return [a for a in by_merit(instance) if a.code not in instance.terms.must_not_award]


def greedy(instance: Instance) -> tuple[PlannedAward, ...]:
    """Give each applicant, best score first, its largest ticket and its whole request, while stocks last."""
    pot = Pot(instance)
    return pot.awards([a for a in _eligible(instance) if serve(pot, a, minimum_only=False)])


def minimum_first(instance: Instance) -> tuple[PlannedAward, ...]:
    """Give each applicant, best score first, its smallest ticket and minimum hours; then top up in the same order."""
    pot = Pot(instance)
    chosen = [a for a in _eligible(instance) if serve(pot, a, minimum_only=True)]
    top_up(pot, chosen)
    return pot.awards(chosen)


def judge(awards: tuple[PlannedAward, ...], instance: Instance) -> Baseline:
    """Weigh a rule's awards: exact objective, rounded for reading, and every term it breaks."""
    points = round(float(objective_points(awards, instance)), 6)
    found = breaches(awards, instance)
    broken = tuple(dict.fromkeys(breach.setting for breach in found))
    return Baseline(awards, points, tuple(breach.sentence for breach in found), broken)
