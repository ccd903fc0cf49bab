"""What the committee does."""

from fundapp.committee.actions.ballots import (
    DecisionSummary,
    cast_vote,
    close_ballot,
    propose,
    schedule_meeting,
)
from fundapp.committee.actions.conditions import meet_condition, waive_condition
from fundapp.committee.actions.conflicts import declare_conflict
from fundapp.committee.actions.figures import keep_all_figures
from fundapp.committee.actions.pledges import pledge_no_conflict
from fundapp.committee.actions.reviews import Assigned, FiledReview, assign_reviewers, file_review

__all__ = [
    "Assigned",
    "DecisionSummary",
    "FiledReview",
    "assign_reviewers",
    "cast_vote",
    "close_ballot",
    "declare_conflict",
    "file_review",
    "keep_all_figures",
    "meet_condition",
    "pledge_no_conflict",
    "propose",
    "schedule_meeting",
    "waive_condition",
]
