"""What the committee does."""

from fundapp.committee.actions.ballots import DecisionSummary, agree_in_writing, cast_vote, close_ballot
from fundapp.committee.actions.conditions import meet_condition, waive_condition
from fundapp.committee.actions.conflicts import declare_conflict
from fundapp.committee.actions.meetings import (
    Times,
    cancel_meeting,
    invite_members,
    reschedule_meeting,
    schedule_meeting,
)
from fundapp.committee.actions.minutes import approve_minutes, draft_minutes, edit_minutes, minutes_hash
from fundapp.committee.actions.pledges import pledge_no_conflict
from fundapp.committee.actions.proposing import BallotTerms, propose, set_aside
from fundapp.committee.actions.reopening import answer_reopening, ask_reopening
from fundapp.committee.actions.reviews import Assigned, FiledReview, assign_reviewers, file_review
from fundapp.committee.actions.sitting import call_item, end_meeting, open_meeting, record_attendance, set_agenda
from fundapp.committee.actions.written import close_written_ballots

__all__ = [
    "Assigned",
    "BallotTerms",
    "DecisionSummary",
    "FiledReview",
    "Times",
    "agree_in_writing",
    "answer_reopening",
    "approve_minutes",
    "ask_reopening",
    "assign_reviewers",
    "call_item",
    "cancel_meeting",
    "cast_vote",
    "close_ballot",
    "close_written_ballots",
    "declare_conflict",
    "draft_minutes",
    "edit_minutes",
    "end_meeting",
    "file_review",
    "invite_members",
    "meet_condition",
    "minutes_hash",
    "open_meeting",
    "pledge_no_conflict",
    "propose",
    "record_attendance",
    "reschedule_meeting",
    "schedule_meeting",
    "set_agenda",
    "set_aside",
    "waive_condition",
]
