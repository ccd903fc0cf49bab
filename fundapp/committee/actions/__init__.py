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
from fundapp.committee.actions.discussion import edit_comment, post_comment, resolve_question, retract_comment
from fundapp.committee.actions.drafts import SavedReviewDraft, save_review_draft
from fundapp.committee.actions.figures import keep_all_figures
from fundapp.committee.actions.inquiries import answer_inquiry, ask_applicant
from fundapp.committee.actions.phases import move_due_phases, move_phase, open_call
from fundapp.committee.actions.pledges import pledge_no_conflict
from fundapp.committee.actions.reviews import Assigned, FiledReview, assign_reviewers, file_review

__all__ = [
    "Assigned",
    "DecisionSummary",
    "FiledReview",
    "SavedReviewDraft",
    "answer_inquiry",
    "ask_applicant",
    "assign_reviewers",
    "cast_vote",
    "close_ballot",
    "declare_conflict",
    "edit_comment",
    "file_review",
    "keep_all_figures",
    "meet_condition",
    "move_due_phases",
    "move_phase",
    "open_call",
    "pledge_no_conflict",
    "post_comment",
    "propose",
    "resolve_question",
    "retract_comment",
    "save_review_draft",
    "schedule_meeting",
    "waive_condition",
]
