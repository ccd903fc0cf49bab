"""What of the fund's two kinds of capital is free, and the plans made for it."""

from fundapp.allocation.pools import PoolRow, list_pools, pool_rates
from fundapp.allocation.queries.capital import (
    CashHeadroom,
    FundRow,
    InvestorRow,
    cash_headroom,
    find_fund,
    list_investors,
)
from fundapp.allocation.queries.plans import (
    PlannedRow,
    PlanPage,
    PlanRow,
    find_plan,
    list_plans,
    plan_page,
)
from fundapp.allocation.queries.workbench import RunRow, Workbench, list_runs, workbench

__all__ = [
    "CashHeadroom",
    "FundRow",
    "InvestorRow",
    "PlanPage",
    "PlanRow",
    "PlannedRow",
    "PoolRow",
    "RunRow",
    "Workbench",
    "cash_headroom",
    "find_fund",
    "find_plan",
    "list_investors",
    "list_plans",
    "list_pools",
    "list_runs",
    "plan_page",
    "pool_rates",
    "workbench",
]
