"""The relaxation of a large call without ever solving it whole.

Prices from a sample say roughly who is in and who is out. With the surest half of them fixed the relaxation is a
quarter of the work, and its prices are nearly right; at those, the next half is surer. What the prices promise for all
applicants together bounds every plan (Lagrangian duality), whether or not what was fixed was right, so the bound stays
one of the whole call.
"""

from __future__ import annotations

import numpy as np

from fundapp.allocation.model import Model
from fundapp.allocation.solver.engine import Floats, Programme, Relaxed, relax
from fundapp.allocation.solver.pricing import by_owner, own_problem, own_wishes, owners, shared_rows

#: The part of the applicants that stays open, round by round.
OPEN_PARTS = (0.5, 0.35, 0.35)
#: Relative distance of bound and solution at which the prices are right.
CLOSE = 1e-5


def relax_sifted(model: Model, given: Programme, worth: Floats) -> Relaxed | None:
    """Relax a large programme; None when there is no solution.

    Args:
        model: What the programme was made of.
        given: The programme.
        worth: What each applicant is worth at rough prices, in points and in the order of the model's columns.
    """
    terms = model.instance.terms
    if terms.fairness_permille or terms.must_award or terms.pins:
        return relax(given)  # what is promised is not decided by its worth
    for part in OPEN_PARTS:
        low, high = _fixed(model, given, worth, part)
        found = relax(given, low=low, high=high, simplex=True)
        wishes = None if found is None else own_wishes(model, given, found.prices)
        if found is None or wishes is None:
            break
        cost = own_problem(model, given, found.prices).cost
        worth = by_owner(owners(model), cost * wishes, len(model.columns))
        bound = _bound(model, given, found.prices, worth)
        if bound <= found.objective * (1 + CLOSE):
            return Relaxed(bound, found.x, found.reduced, found.prices)
    return relax(given)


def _fixed(model: Model, given: Programme, worth: Floats, part: float) -> tuple[Floats, Floats]:
    low, high = given.low.copy(), given.high.copy()
    sure = float(np.quantile(np.abs(worth), part))
    for number, own in enumerate(model.columns):
        if worth[number] > sure:
            low[own.chosen] = given.high[own.chosen]
        elif worth[number] < -sure:
            high[list(own.all())] = 0.0
    return low, high


def _bound(model: Model, given: Programme, prices: Floats, worth: Floats) -> float:
    shared = shared_rows(model, given)
    limits = np.where(np.isfinite(given.row_high), given.row_high, 0.0)[shared]
    return float(np.maximum(prices[shared], 0.0) @ limits) + float(np.maximum(worth, 0.0).sum())
