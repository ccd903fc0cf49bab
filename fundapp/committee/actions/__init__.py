"""What the committee does."""

from fundapp.committee.actions.ballots import (
    DecisionSummary,
    cast_vote,
    close_ballot,
    propose,
    schedule_meeting,
)
from fundapp.committee.actions.bulk import MOST_ROWS, WHATS, Bulk, BulkLine, Terms, What, carry_out
from fundapp.committee.actions.conditions import meet_condition, waive_condition
from fundapp.committee.actions.conflicts import declare_conflict
from fundapp.committee.actions.figures import keep_all_figures
from fundapp.committee.actions.pledges import pledge_no_conflict
from fundapp.committee.actions.reviews import Assigned, FiledReview, assign_reviewers, file_review
from fundapp.committee.actions.views import LONGEST_NAME, change_view, delete_view, save_view

__all__ = [
    "LONGEST_NAME",
    "MOST_ROWS",
    "WHATS",
    "Assigned",
    "Bulk",
    "BulkLine",
    "DecisionSummary",
    "FiledReview",
    "Terms",
    "What",
    "assign_reviewers",
    "carry_out",
    "cast_vote",
    "change_view",
    "close_ballot",
    "declare_conflict",
    "delete_view",
    "file_review",
    "keep_all_figures",
    "meet_condition",
    "pledge_no_conflict",
    "propose",
    "save_view",
    "schedule_meeting",
    "waive_condition",
]
