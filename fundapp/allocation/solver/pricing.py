"""What it costs to decide otherwise about one applicant, at the prices of what is scarce.

With capacity, cash and quotas priced by the relaxation, each applicant is a small problem by itself, and all of them
together are one linear programme that falls apart. The worth of an applicant at these prices bounds what the fund
loses if it decides the other way: no plan that does is worth more than the relaxation less that loss (Lagrangian
duality). So a decision whose loss exceeds what is still open between the best plan known and the relaxation is
settled for good.
"""

from __future__ import annotations

from math import inf

import numpy as np
from numpy.typing import NDArray

from fundapp.allocation.model import Columns, Model
from fundapp.allocation.solver.engine import Floats, Programme, Relaxed, Whole, relax


def flip_losses(model: Model, given: Programme, relaxed: Relaxed) -> tuple[Floats, Floats]:
    """Return for each binary column the value it takes at the prices, and the least points lost by the other value.

    The loss of a column that has no such bound is 0.
    """
    own = own_problem(model, given, relaxed.prices)
    chosen = np.array([columns.chosen for columns in model.columns], dtype=np.int64)
    low = own.low.copy()
    low[chosen] = own.high[chosen]
    best = relax(own, low=low, simplex=True)
    values, losses = np.zeros(len(own.cost)), np.zeros(len(own.cost))
    if best is None:
        return np.round(relaxed.x), losses
    owner = owners(model)
    worth = by_owner(owner, own.cost * best.x, len(model.columns))
    for number, columns in enumerate(model.columns):
        _judge(columns, worth[number], best.x, own, values, losses)
    for place in range(max((len(columns.skus) for columns in model.columns), default=0)):
        _judge_skus(model, own, low, best.x, worth, owner, place, losses)
    return np.clip(values, given.low, given.high), losses


def own_worth(model: Model, given: Programme, relaxed: Relaxed) -> Floats:
    """Return what each applicant is worth at the prices, in points and in the order of the model's columns."""
    wishes = own_wishes(model, given, relaxed.prices)
    if wishes is None:
        return np.zeros(len(model.columns))
    cost = own_problem(model, given, relaxed.prices).cost
    return by_owner(owners(model), cost * wishes, len(model.columns))


def own_wishes(model: Model, given: Programme, prices: Floats) -> Floats | None:
    """Return the award that each applicant would choose at the prices if it had to; None where one cannot."""
    own = own_problem(model, given, prices)
    chosen = np.array([columns.chosen for columns in model.columns], dtype=np.int64)
    low = own.low.copy()
    low[chosen] = own.high[chosen]
    best = relax(own, low=low, simplex=True)
    return None if best is None else best.x


def own_problem(model: Model, given: Programme, prices: Floats) -> Programme:
    """Return the programme that falls apart into applicants: shared rows are paid for at their prices instead."""
    shared = shared_rows(model, given)
    cost = given.cost - prices[shared] @ given.rows[shared]
    keep = ~shared
    return Programme(
        cost, given.rows[keep], given.row_low[keep], given.row_high[keep], given.low, given.high, given.scale
    )


def shared_rows(model: Model, given: Programme) -> NDArray[np.bool_]:
    """Say of each row whether several applicants share it."""
    shared = np.array([label is not None and label.kind in model.SHARED for label in model.labels], dtype=bool)
    if model.fairness is not None:
        shared |= np.abs(given.rows[:, [model.fairness]].toarray().ravel()) > 0
    return shared


def owners(model: Model) -> Whole:
    """Return for each column the place of its applicant among the model's columns, or -1."""
    owner = np.full(len(model.cost), -1, dtype=np.int64)
    for number, own in enumerate(model.columns):
        owner[list(own.all())] = number
    return owner


def by_owner(owner: Whole, points: Floats, count: int) -> Floats:
    """Sum points of columns by applicant."""
    mine = owner >= 0
    return np.bincount(owner[mine], weights=points[mine], minlength=count).astype(np.float64)


def _judge(columns: Columns, worth: float, x: Floats, own: Programme, values: Floats, losses: Floats) -> None:
    """Price the applicant itself and its tickets."""
    promised = own.low[columns.chosen] > 0
    taken = worth > 0 or promised
    values[columns.chosen], losses[columns.chosen] = float(taken), abs(worth)
    for use in columns.skus.values():
        if use != columns.chosen:
            values[use] = np.round(x[use]) if taken else 0.0
            losses[use] = 0.0 if taken else -worth
    tickets = [z for z in columns.tickets.values() if z != columns.chosen]
    if not tickets:
        return
    points = {z: float(own.cost[z]) for z in tickets}
    first = max(tickets, key=lambda z: points[z])
    others = [points[z] for z in tickets if z != first]
    for z in tickets:
        values[z] = float(taken and round(x[z]) == 1)
        if not taken:
            losses[z] = -worth + points[first] - points[z]
        elif z != first:
            losses[z] = points[first] - points[z]
        else:
            losses[z] = min(worth if not promised else inf, points[first] - max(others)) if others else 0.0


def _judge_skus(
    model: Model, own: Programme, low: Floats, x: Floats, worth: Floats, owner: Whole, place: int, losses: Floats
) -> None:
    """Price the SKU that stands at `place` with each applicant by forcing it the other way for all of them at once."""
    forced_low, forced_high = low.copy(), own.high.copy()
    flipped: list[tuple[int, int]] = []
    for number, columns in enumerate(model.columns):
        uses = list(columns.skus.values())
        if place < len(uses) > 1 and worth[number] > 0 and own.low[uses[place]] < own.high[uses[place]]:
            use, other = uses[place], 1.0 - np.round(x[uses[place]])
            forced_low[use] = forced_high[use] = other
            flipped.append((number, use))
    if not flipped:
        return
    found = relax(own, low=forced_low, high=forced_high, simplex=True)
    if found is None:
        return
    points = by_owner(owner, own.cost * found.x, len(model.columns))
    for number, use in flipped:
        otherwise = max(points[number], 0.0) if np.round(x[use]) == 1 else points[number]
        losses[use] = max(0.0, worth[number] - otherwise)
