"""What the committee does."""

from fundapp.committee.actions.appeals import decide_appeal, file_appeal
from fundapp.committee.actions.ballots import (
    DecisionSummary,
    cast_vote,
    close_ballot,
    propose,
    schedule_meeting,
)
from fundapp.committee.actions.conditions import (
    Reminded,
    accept_evidence,
    assign_condition,
    remind_conditions,
    return_evidence,
    submit_evidence,
)
from fundapp.committee.actions.conflicts import declare_conflict
from fundapp.committee.actions.letters import (
    SentBatch,
    approve_batch,
    discard_batch,
    drop_letter,
    edit_letter,
    resend_failed,
    save_letter_rules,
    send_batch,
    stage_letters,
)
from fundapp.committee.actions.pledges import pledge_no_conflict
from fundapp.committee.actions.reviews import Assigned, FiledReview, assign_reviewers, file_review
from fundapp.committee.actions.steps import take_step
from fundapp.committee.actions.waivers import cast_waiver_vote, close_waiver, propose_waiver

__all__ = [
    "Assigned",
    "DecisionSummary",
    "FiledReview",
    "Reminded",
    "SentBatch",
    "accept_evidence",
    "approve_batch",
    "assign_condition",
    "assign_reviewers",
    "cast_vote",
    "cast_waiver_vote",
    "close_ballot",
    "close_waiver",
    "decide_appeal",
    "declare_conflict",
    "discard_batch",
    "drop_letter",
    "edit_letter",
    "file_appeal",
    "file_review",
    "pledge_no_conflict",
    "propose",
    "propose_waiver",
    "remind_conditions",
    "resend_failed",
    "return_evidence",
    "save_letter_rules",
    "schedule_meeting",
    "send_batch",
    "stage_letters",
    "submit_evidence",
    "take_step",
]
