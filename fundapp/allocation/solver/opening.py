"""A good plan within a second or two, before the search has begun: prices from a sample, then down the list by worth.

One applicant in so many competes for as small a part of cash and hours; what they would pay is about what everybody
would. At those prices each applicant has a wish, and wishes are met by worth, not by score, while stocks last. What
is then left goes down the list.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fundapp.allocation.greedy import Pot, serve, top_up
from fundapp.allocation.model import Columns, Model
from fundapp.allocation.rules import (
    PERMILLE,
    Instance,
    PlannedAward,
    by_merit,
    free_hours,
    objective_points,
    request_value_krw,
    violations,
)
from fundapp.allocation.solver.engine import Floats, Programme, programme, relax
from fundapp.allocation.solver.finishing import finish
from fundapp.allocation.solver.pricing import by_owner, own_problem, own_wishes, owners

#: How many applicants the sample has.
SAMPLE = 150


@dataclass(frozen=True, slots=True)
class Wishes:
    """What applicants would choose at rough prices, and what that is worth to the fund, in the order of the columns."""

    x: Floats
    worth: Floats


def rough_wishes(instance: Instance, model: Model, given: Programme) -> Wishes | None:
    """Price everything by a sample and ask each applicant what it would choose; None where one can choose nothing."""
    prices = _sample_prices(instance, model)
    x = own_wishes(model, given, prices)
    if x is None:
        return None
    cost = own_problem(model, given, prices).cost
    return Wishes(x, by_owner(owners(model), cost * x, len(model.columns)))


def first_answer(instance: Instance, model: Model, wishes: Wishes) -> tuple[PlannedAward, ...] | None:
    """Return lawful awards, or None where this way leads to none."""
    awards = _fill(instance, model, wishes.x, wishes.worth)
    return awards if not violations(awards, instance) else _repaired(instance, model, awards)


def _sample_prices(instance: Instance, model: Model) -> Floats:
    """Return prices for the model's shared rows, from a part of the applicants and of everything else."""
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
    sample = Model(part)
    found = relax(programme(sample))
    prices = np.zeros(len(model.labels))
    if found is None:
        return prices
    known = {label: found.prices[row] for row, label in enumerate(sample.labels) if label is not None}
    cash = model.cash_unit_krw / sample.cash_unit_krw
    for row, label in enumerate(model.labels):
        if label is not None:
            prices[row] = known.get(label, 0.0) * (cash if label.kind == "budget" else 1.0)
    return prices


def _fill(instance: Instance, model: Model, x: Floats, worth: Floats) -> tuple[PlannedAward, ...]:
    pot = Pot(instance)
    must = instance.terms.must_award
    order = sorted(range(len(worth)), key=lambda n: (model.columns[n].applicant.code not in must, -worth[n], n))
    chosen = []
    for number in order:
        own = model.columns[number]
        applicant = own.applicant
        if applicant.code in instance.terms.must_not_award:
            continue
        wanted = worth[number] > 0 and _meet(pot, own, x)
        if wanted or serve(pot, applicant, minimum_only=True):
            chosen.append(applicant)
    by_score = sorted(chosen, key=lambda a: (-a.score_tenths, a.code))
    for applicant in by_score:  # the first half of a request weighs more than the second
        half = request_value_krw(applicant, pot.rates) // 2
        for sku in sorted({sku for sku, _ in pot.taken[applicant.code]}):
            pot.give(applicant, sku, None, half)
    top_up(pot, by_score)
    return pot.awards(chosen)


def _meet(pot: Pot, own: Columns, x: Floats) -> bool:
    """Meet a wish as far as stocks allow; give nothing where they do not reach its minimum."""
    applicant = own.applicant
    ticket = next((ticket for ticket, z in own.tickets.items() if round(x[z]) == 1), 0)
    if ticket and not pot.pay(
        applicant, lambda affordable: max((t for t in affordable if t <= ticket), default=min(affordable))
    ):
        pot.drop(applicant)
        return False
    for sku, use in own.skus.items():
        least = max(1, applicant.minimum_hours.get(sku, 0))
        if round(x[use]) == 1 and pot.give(applicant, sku, least) < least:
            pot.take_back(applicant, sku)
    if pot.complete(applicant):
        return True
    pot.drop(applicant)
    return False


def _repaired(instance: Instance, model: Model, awards: tuple[PlannedAward, ...]) -> tuple[PlannedAward, ...] | None:
    """Keep who is awarded and find the hours again, so that quotas hold."""
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
