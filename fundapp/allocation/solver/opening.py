"""A good plan within a second, before there is a model: down the list by worth at rough prices, not by score.

Wishes are met by worth while stocks last. What is then left goes down the list.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fundapp.allocation.greedy import Pot, serve, top_up
from fundapp.allocation.model import Model
from fundapp.allocation.rules import (
    Applicant,
    Instance,
    PlannedAward,
    by_merit,
    objective_points,
    request_value_krw,
    violations,
)
from fundapp.allocation.solver.finishing import finish
from fundapp.allocation.solver.wishing import Wish


def first_answer(instance: Instance, wishes: Mapping[str, Wish]) -> tuple[PlannedAward, ...] | None:
    """Return lawful awards, or None where this way leads to none."""
    awards = _fill(instance, wishes)
    return awards if not violations(awards, instance) else _repaired(instance, awards)


def _fill(instance: Instance, wishes: Mapping[str, Wish]) -> tuple[PlannedAward, ...]:
    pot = Pot(instance)
    must, out = set(instance.terms.must_award), set(instance.terms.must_not_award)
    order = sorted(by_merit(instance), key=lambda a: (a.code not in must, -wishes[a.code].worth))
    chosen = []
    for applicant in order:
        if applicant.code in out:
            continue
        wish = wishes[applicant.code]
        if (wish.worth > 0 and _meet(pot, applicant, wish)) or serve(pot, applicant, minimum_only=True):
            chosen.append(applicant)
    by_score = sorted(chosen, key=lambda a: (-a.score_tenths, a.code))
    for applicant in by_score:  # the first half of a request weighs more than the second
        half = request_value_krw(applicant, pot.rates) // 2
        for sku in sorted({sku for sku, _ in pot.taken[applicant.code]}):
            pot.give(applicant, sku, None, half)
    top_up(pot, by_score)
    return pot.awards(chosen)


def _meet(pot: Pot, applicant: Applicant, wish: Wish) -> bool:
    """Meet a wish as far as stocks allow; give nothing where they do not reach its minimum."""
    if wish.ticket and not pot.pay(
        applicant, lambda affordable: max((t for t in affordable if t <= wish.ticket), default=min(affordable))
    ):
        pot.drop(applicant)
        return False
    for sku in wish.skus:
        least = max(1, applicant.minimum_hours.get(sku, 0))
        if pot.give(applicant, sku, least) < least:
            pot.take_back(applicant, sku)
    if pot.complete(applicant):
        return True
    pot.drop(applicant)
    return False


def _repaired(instance: Instance, awards: tuple[PlannedAward, ...]) -> tuple[PlannedAward, ...] | None:
    """Keep who is awarded and find the hours again, so that quotas hold."""
    model = Model(instance)
    held = {award.code: award for award in awards}
    x = np.zeros(len(model.cost))
    for own in model.columns:
        award = held.get(own.applicant.code)
        if award is None:
            continue
        x[own.chosen] = 1.0
        for ticket, z in own.tickets.items():
            x[z] = float(ticket == award.krw)
        for sku, use in own.skus.items():
            x[use] = float(sku in award.gpu_hours)
    return finish(instance, model, x)


def better(
    one: tuple[PlannedAward, ...] | None, other: tuple[PlannedAward, ...] | None, instance: Instance
) -> tuple[PlannedAward, ...] | None:
    """Return whichever of two lawful sets of awards is worth more; the first of equals."""
    if one is None or other is None:
        return one if other is None else other
    return one if objective_points(one, instance) >= objective_points(other, instance) else other
