"""Many solves of one call that differ in scores only.

The rows of the model are the same for every draw, so it is built once. Each draw is relaxed; what the relaxation
decides wholly stays, and the little that it splits is searched. The relaxation says how far from the best that can be,
and where it is too far the draw gets a proper search.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fundapp.allocation.model import Model
from fundapp.allocation.rules import Instance
from fundapp.allocation.solver.engine import Floats, Programme, Relaxed, Settled, Whole, programme, relax, settle
from fundapp.allocation.solver.pricing import own_worth, owners
from fundapp.allocation.solver.searching import Count, Watch, search, uncounted

#: Relative gap to which a draw is solved.
DRAW_GAP = 2e-3
#: How many of the applicants that matter least either way are left open, at the first try and at the second.
OPEN = (0, 20)
_SPLIT = 1e-6
_PRICED = 1e-7


def win_counts(
    instance: Instance, rows: Sequence[Sequence[int]], *, count: Count = uncounted
) -> tuple[dict[str, int], float]:
    """Count in how many draws each applicant is awarded.

    Args:
        instance: What to divide.
        rows: Scores in tenths for each draw, in the order of the instance's applicants.
        count: Hears how many draws are done.

    Returns:
        Wins by code, and the largest relative gap of any draw.
    """
    full = replace(instance, applicants=tuple(replace(a, score_tenths=1000) for a in instance.applicants))
    model = Model(full)
    given = programme(model)
    place = {applicant.code: number for number, applicant in enumerate(instance.applicants)}
    mine = [place[own.applicant.code] for own in model.columns]
    owner = owners(model)
    wins = Counter(dict.fromkeys(place, 0))
    worst = 0.0
    for number, row in enumerate(rows, start=1):
        parts = np.append(np.array([row[at] for at in mine]) / 1000, 1.0)  # the last is for columns of nobody
        found, gap = _draw(model, replace(given, cost=given.cost * parts[owner]), model.divisible())
        worst = max(worst, gap)
        if found is not None:
            wins.update(own.applicant.code for own in model.columns if round(found[own.chosen]) == 1)
        count(number, len(rows))
    return dict(sorted(wins.items())), worst


def _draw(model: Model, given: Programme, whole: Whole) -> tuple[Floats | None, float]:
    relaxed = relax(given)
    if relaxed is None:
        return None, 0.0
    found: Settled | None = None
    for count in OPEN:
        worth = own_worth(model, given, relaxed) if count else np.zeros(len(model.columns))
        least = np.argsort(np.abs(worth), kind="stable")[:count]
        low, high = _nearly_decided(model, given, relaxed, least)
        found = settle(given, whole, gap=DRAW_GAP / 2, low=low, high=high)
        if found is not None and relaxed.objective <= found.objective * (1 + DRAW_GAP):
            return found.x, _gap(relaxed.objective, found.objective)
    known = found.objective if found else 0.0
    better = search(model, given, relaxed, whole, gap=DRAW_GAP, watch=Watch(), known=known)
    if better is None:
        return (found.x if found else None), DRAW_GAP
    return better.x, _gap(better.bound, better.objective)


def _nearly_decided(model: Model, given: Programme, relaxed: Relaxed, open_applicants: Whole) -> tuple[Floats, Floats]:
    """Return bounds that leave open what the relaxation splits, what has no price, and a few applicants."""
    binary = np.flatnonzero(model.divisible())
    x = relaxed.x
    low, high = given.low.copy(), given.high.copy()
    low[binary] = high[binary] = np.round(x[binary])
    hours = np.array(model.hour_columns(), dtype=np.int64)
    priced = hours[np.abs(relaxed.reduced[hours]) * given.scale > _PRICED]
    low[priced] = high[priced] = x[priced]
    for number in open_applicants:
        own = model.columns[number]
        for column in (own.chosen, *own.tickets.values(), *own.skus.values(), *own.hours.values()):
            low[column], high[column] = given.low[column], given.high[column]
    for own in model.columns:  # who is split may go either way, with all that is theirs
        mine = [own.chosen, *own.tickets.values(), *own.skus.values()]
        if np.any(np.abs(x[mine] - np.round(x[mine])) > _SPLIT):
            both = [*mine, *own.hours.values()]
            low[both], high[both] = given.low[both], given.high[both]
    return low, high


def _gap(bound: float, objective: float) -> float:
    return max(0.0, bound / objective - 1) if objective else 0.0
