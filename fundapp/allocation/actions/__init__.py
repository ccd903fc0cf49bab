"""What the fund does with its capital."""

from fundapp.allocation.actions.adoption import Adoption, MeetingTakenError, PlanUnlawfulError, adopt_plan
from fundapp.allocation.actions.amendments import Proposal, amend_award, reopen_award
from fundapp.allocation.actions.announcements import announce_capacity
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
from fundapp.allocation.actions.choices import Chosen, choose_awards
from fundapp.allocation.actions.plans import PlanSummary, make_plan, plan_call, record_plan
from fundapp.allocation.actions.proposals import propose_award
from fundapp.allocation.actions.runs import (
    QUESTIONS,
    TakenRun,
    ask_plan,
    ask_question,
    ask_scenario,
    beat,
    cancel_run,
    end_run,
    refuse_run,
    take_run,
)
from fundapp.allocation.actions.scenarios import plan_scenario
from fundapp.allocation.planning import PlanStaleError, draw_hours

__all__ = [
    "EXPENSES",
    "QUESTIONS",
    "Adoption",
    "Chosen",
    "MeetingTakenError",
    "PlanStaleError",
    "PlanSummary",
    "PlanUnlawfulError",
    "PoolAdded",
    "Proposal",
    "TakenRun",
    "add_investor",
    "add_pool",
    "adopt_plan",
    "amend_award",
    "announce_capacity",
    "ask_plan",
    "ask_question",
    "ask_scenario",
    "beat",
    "cancel_run",
    "charge_expense",
    "charge_management_fee",
    "choose_awards",
    "commit_cash",
    "commit_in_kind",
    "draw_hours",
    "end_run",
    "found_fund",
    "make_plan",
    "plan_call",
    "plan_scenario",
    "propose_award",
    "record_plan",
    "refuse_run",
    "reopen_award",
    "return_pool_hours",
    "take_run",
]
