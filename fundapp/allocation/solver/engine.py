"""HiGHS through SciPy: one linear and one mixed-integer solve of given matrices, in points.

Costs are scaled so that one hour of the dearest SKU costs about one. HiGHS stops at reduced costs of 1e-7, and in
points a tenth of a score on one hour is less than that.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from fundapp.allocation.model import Model

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

SOLVER_VERSION = f"HiGHS in scipy {scipy.__version__}"
#: From so many columns on, the interior point method is the faster way to the relaxation.
INTERIOR_FROM = 6_000
_OPTIMAL, _LIMIT = 0, 1


@dataclass(frozen=True, slots=True)
class Programme:
    """maximise cost·x subject to row_low ≤ rows·x ≤ row_high and low ≤ x ≤ high.

    Attributes:
        cost: Points for one unit of each column.
        scale: What costs are multiplied with on their way to the engine.
    """

    cost: Floats
    rows: sparse.csr_array
    row_low: Floats
    row_high: Floats
    low: Floats
    high: Floats
    scale: float


@dataclass(frozen=True, slots=True)
class Relaxed:
    """Solution of a linear programme: points, values, reduced costs and row prices (points for one unit more)."""

    objective: float
    x: Floats
    reduced: Floats
    prices: Floats


@dataclass(frozen=True, slots=True)
class Settled:
    """Solution of a mixed-integer programme: points, an upper bound on them, and values."""

    objective: float
    bound: float
    x: Floats


def programme(model: Model) -> Programme:
    """Take the matrices of a model."""
    low, high = model.row_bounds()
    cost = np.array(model.cost)
    hours = [own.value for own in model.columns if own.value is not None]
    dearest = float(max((cost[hour] for hour in hours), default=0.0))
    return Programme(
        cost=cost,
        rows=model.matrix(),
        row_low=low,
        row_high=high,
        low=np.array(model.low),
        high=np.array(model.high),
        scale=1.0 / dearest if dearest > 0 else 1.0,
    )


def relax(
    given: Programme, *, low: Floats | None = None, high: Floats | None = None, simplex: bool = False
) -> Relaxed | None:
    """Solve with divisible everything; None when there is no solution.

    Args:
        given: The programme.
        low: Other lower bounds.
        high: Other upper bounds.
        simplex: Use the simplex method however large it is: the faster one where most is fixed, or falls apart.
    """
    if not len(given.cost):
        empty = np.zeros(0)
        return Relaxed(0.0, empty, empty, np.zeros(len(given.row_low)))
    equal = given.row_low == given.row_high
    upper = ~equal & np.isfinite(given.row_high)
    lower = ~equal & np.isfinite(given.row_low)
    # SciPy's types know of no sparse rows and no array of bounds; its code and its documentation do.
    found: Any = linprog(  # type: ignore[call-overload]
        -given.cost * given.scale,
        A_ub=sparse.vstack([given.rows[upper], -given.rows[lower]]).tocsr(),
        b_ub=np.concatenate([given.row_high[upper], -given.row_low[lower]]),
        A_eq=given.rows[equal] if equal.any() else None,
        b_eq=given.row_high[equal] if equal.any() else None,
        bounds=np.column_stack([given.low if low is None else low, given.high if high is None else high]),
        method="highs-ipm" if len(given.cost) >= INTERIOR_FROM and not simplex else "highs-ds",
    )
    if found.status != _OPTIMAL or found.x is None or found.fun is None:
        return None
    prices = np.zeros(len(given.row_low))
    count = int(upper.sum())
    prices[upper] = -found.ineqlin.marginals[:count]
    prices[lower] += found.ineqlin.marginals[count:]
    if equal.any():
        prices[equal] = -found.eqlin.marginals
    reduced = -(found.lower.marginals + found.upper.marginals)
    return Relaxed(-found.fun / given.scale, found.x, reduced / given.scale, prices / given.scale)


def settle(
    given: Programme,
    whole: Whole,
    *,
    gap: float,
    low: Floats | None = None,
    high: Floats | None = None,
    limit: float | None = None,
) -> Settled | None:
    """Solve with whole numbers where `whole` is 1; None when there is no solution, or none within the limit.

    Args:
        given: The programme.
        whole: 1 for each column that has to be whole.
        gap: Relative gap at which the engine may stop.
        low: Other lower bounds.
        high: Other upper bounds.
        limit: Seconds after which it stops with what it has.
    """
    if not len(given.cost):
        return Settled(0.0, 0.0, np.zeros(0))
    found: Any = milp(
        -given.cost * given.scale,
        integrality=whole,
        bounds=Bounds(given.low if low is None else low, given.high if high is None else high),
        constraints=LinearConstraint(given.rows, given.row_low, given.row_high),
        options={"mip_rel_gap": gap} if limit is None else {"mip_rel_gap": gap, "time_limit": max(limit, 0.01)},
    )
    if found.status not in {_OPTIMAL, _LIMIT} or found.x is None or found.fun is None:
        return None
    bound = inf if found.mip_dual_bound is None else -found.mip_dual_bound / given.scale
    return Settled(-found.fun / given.scale, bound, found.x)
