"""What the committee does."""

from fundapp.committee.actions.assignments import (
    Assigned,
    Assigning,
    Reminded,
    add_reviewer,
    assign_reviewers,
    import_assignments,
    remind_all,
    remind_reviewers,
    remove_reviewer,
    set_expertise,
)
from fundapp.committee.actions.ballots import (
    DecisionSummary,
    cast_vote,
    close_ballot,
    propose,
    schedule_meeting,
)
from fundapp.committee.actions.challenges import (
    ChallengeOutcome,
    QuorumLackingError,
    close_challenge,
    file_challenge,
    set_aside_challenge,
    vote_on_challenge,
)
from fundapp.committee.actions.conditions import meet_condition, waive_condition
from fundapp.committee.actions.conflicts import declare_conflict
from fundapp.committee.actions.interests import (
    Declaration,
    Declared,
    add_affiliate,
    declare_interest,
    withdraw_affiliate,
    withdraw_interest,
)
from fundapp.committee.actions.lifting import ask_lift, decide_lift
from fundapp.committee.actions.matching import Matched, match_application, match_call, match_register
from fundapp.committee.actions.pledges import pledge_no_conflict, sign_meeting
from fundapp.committee.actions.reviews import FiledReview, file_review
from fundapp.committee.actions.signals import confirm_signals, dismiss_signals

__all__ = [
    "Assigned",
    "Assigning",
    "ChallengeOutcome",
    "DecisionSummary",
    "Declaration",
    "Declared",
    "FiledReview",
    "Matched",
    "QuorumLackingError",
    "Reminded",
    "add_affiliate",
    "add_reviewer",
    "ask_lift",
    "assign_reviewers",
    "cast_vote",
    "close_ballot",
    "close_challenge",
    "confirm_signals",
    "decide_lift",
    "declare_conflict",
    "declare_interest",
    "dismiss_signals",
    "file_challenge",
    "file_review",
    "import_assignments",
    "match_application",
    "match_call",
    "match_register",
    "meet_condition",
    "pledge_no_conflict",
    "propose",
    "remind_all",
    "remind_reviewers",
    "remove_reviewer",
    "schedule_meeting",
    "set_aside_challenge",
    "set_expertise",
    "sign_meeting",
    "vote_on_challenge",
    "waive_condition",
    "withdraw_affiliate",
    "withdraw_interest",
]
