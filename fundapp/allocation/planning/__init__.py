"""From the record to an instance of the allocation problem, and from a plan back to pools."""

from fundapp.allocation.planning.building import (
    MACHINE_BASIS,
    RATING_BASES,
    CallInstance,
    Held,
    Standing,
    build_instance,
    nothing_held,
)
from fundapp.allocation.planning.differences import PlanStaleError, differences
from fundapp.allocation.planning.stocks import (
    PoolStock,
    cash_sources,
    draw_hours,
    draw_lines,
    load_stocks,
    split_cash,
)
from fundapp.allocation.planning.terms import codev_days, read_call_terms

__all__ = [
    "MACHINE_BASIS",
    "RATING_BASES",
    "CallInstance",
    "Held",
    "PlanStaleError",
    "PoolStock",
    "Standing",
    "build_instance",
    "cash_sources",
    "codev_days",
    "differences",
    "draw_hours",
    "draw_lines",
    "load_stocks",
    "nothing_held",
    "read_call_terms",
    "split_cash",
]
