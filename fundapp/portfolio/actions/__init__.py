"""What the fund does with awards: sign, pay, import use, lapse, value."""

from fundapp.portfolio.actions.alerts import Watched, acknowledge_alert, watch_grants
from fundapp.portfolio.actions.awards import SignedAward, sign_award
from fundapp.portfolio.actions.calls import (
    ExpenseLine,
    call_expense,
    cancel_call,
    draft_calls,
    issue_call,
    receive_call,
)
from fundapp.portfolio.actions.changes import (
    Asked,
    Requested,
    approve_change,
    decline_change,
    request_change,
    withdraw_change,
)
from fundapp.portfolio.actions.companies import (
    Reported,
    add_milestone,
    complete_milestone,
    expect_milestone,
    record_metrics,
)
from fundapp.portfolio.actions.corrections import (
    approve_payment_correction,
    draft_payment_correction,
    return_payment_correction,
)
from fundapp.portfolio.actions.grants import ExpiredGrants, expire_grants
from fundapp.portfolio.actions.held import free_held_hours
from fundapp.portfolio.actions.instruments import record_round, record_terms
from fundapp.portfolio.actions.metering import (
    PullResult,
    SourceDefinition,
    keep_source,
    pull_utilisation,
    remove_source,
)
from fundapp.portfolio.actions.movements import (
    approve_movement,
    draft_correction,
    draft_distribution,
    draft_payout,
    draft_write_off,
    return_movement,
)
from fundapp.portfolio.actions.overage import PolicyResult, apply_overage_policy, mark_blocked, settle_charge
from fundapp.portfolio.actions.quota import QuotaLine, record_quota
from fundapp.portfolio.actions.reclaim import Reclaimed, reclaim_grants, waive_notice
from fundapp.portfolio.actions.releases import (
    FiledReport,
    accept_progress_report,
    file_progress_report,
    return_progress_report,
)
from fundapp.portfolio.actions.reminding import remind_applicants
from fundapp.portfolio.actions.tranches import (
    add_tranche_condition,
    disburse_tranche,
    meet_tranche_condition,
    prepare_tranche,
    return_tranche,
    waive_tranche_condition,
)
from fundapp.portfolio.actions.unsigned import release_unsigned
from fundapp.portfolio.actions.valuations import approve_valuation, prepare_valuation, return_valuation
from fundapp.portfolio.actions.waitlist import (
    Wanted,
    accept_offer,
    decline_offer,
    expire_offers,
    join_waitlist,
    leave_waitlist,
    offer_reclaimed,
    wait_for_change,
)
from fundapp.portfolio.usage import UsageResult, import_usage

__all__ = [
    "Asked",
    "ExpenseLine",
    "ExpiredGrants",
    "FiledReport",
    "PolicyResult",
    "PullResult",
    "QuotaLine",
    "Reclaimed",
    "Reported",
    "Requested",
    "SignedAward",
    "SourceDefinition",
    "UsageResult",
    "Wanted",
    "Watched",
    "accept_offer",
    "accept_progress_report",
    "acknowledge_alert",
    "add_milestone",
    "add_tranche_condition",
    "apply_overage_policy",
    "approve_change",
    "approve_movement",
    "approve_payment_correction",
    "approve_valuation",
    "call_expense",
    "cancel_call",
    "complete_milestone",
    "decline_change",
    "decline_offer",
    "disburse_tranche",
    "draft_calls",
    "draft_correction",
    "draft_distribution",
    "draft_payment_correction",
    "draft_payout",
    "draft_write_off",
    "expect_milestone",
    "expire_grants",
    "expire_offers",
    "file_progress_report",
    "free_held_hours",
    "import_usage",
    "issue_call",
    "join_waitlist",
    "keep_source",
    "leave_waitlist",
    "mark_blocked",
    "meet_tranche_condition",
    "offer_reclaimed",
    "prepare_tranche",
    "prepare_valuation",
    "pull_utilisation",
    "receive_call",
    "reclaim_grants",
    "record_metrics",
    "record_quota",
    "record_round",
    "record_terms",
    "release_unsigned",
    "remind_applicants",
    "remove_source",
    "request_change",
    "return_movement",
    "return_payment_correction",
    "return_progress_report",
    "return_tranche",
    "return_valuation",
    "settle_charge",
    "sign_award",
    "wait_for_change",
    "waive_notice",
    "waive_tranche_condition",
    "watch_grants",
    "withdraw_change",
]
