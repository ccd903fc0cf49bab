"""What the fund does with its capital."""

from fundapp.allocation.actions.amendments import Proposal, amend_award, reopen_award
from fundapp.allocation.actions.capital import (
    EXPENSES,
    PoolAdded,
    add_investor,
    add_pool,
    charge_expense,
    charge_management_fee,
    commit_cash,
    commit_in_kind,
    found_fund,
    return_pool_hours,
)
from fundapp.allocation.actions.plans import (
    Adoption,
    PlanSummary,
    adopt_plan,
    make_plan,
    plan_call,
    record_plan,
)
from fundapp.allocation.actions.proposals import propose_award
from fundapp.allocation.planning import PlanStaleError, draw_hours

__all__ = [
    "EXPENSES",
    "Adoption",
    "PlanStaleError",
    "PlanSummary",
    "PoolAdded",
    "Proposal",
    "add_investor",
    "add_pool",
    "adopt_plan",
    "amend_award",
    "charge_expense",
    "charge_management_fee",
    "commit_cash",
    "commit_in_kind",
    "draw_hours",
    "found_fund",
    "make_plan",
    "plan_call",
    "propose_award",
    "record_plan",
    "reopen_award",
    "return_pool_hours",
]
