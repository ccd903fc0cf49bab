"""What the committee does."""

from fundapp.committee.actions.appeals import decide_appeal, file_appeal
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
from fundapp.committee.actions.ballots import DecisionSummary, agree_in_writing, cast_vote, close_ballot
from fundapp.committee.actions.bulk import MOST_ROWS, WHATS, Bulk, BulkLine, Terms, What, carry_out
from fundapp.committee.actions.challenges import (
    ChallengeOutcome,
    QuorumLackingError,
    close_challenge,
    file_challenge,
    set_aside_challenge,
    vote_on_challenge,
)
from fundapp.committee.actions.conditions import (
    RemindedOwners,
    accept_evidence,
    assign_condition,
    remind_conditions,
    return_evidence,
    submit_evidence,
)
from fundapp.committee.actions.conflicts import declare_conflict
from fundapp.committee.actions.discussion import edit_comment, post_comment, resolve_question, retract_comment
from fundapp.committee.actions.drafts import SavedReviewDraft, save_review_draft
from fundapp.committee.actions.figures import keep_all_figures
from fundapp.committee.actions.inquiries import (
    answer_inquiry,
    ask_applicant,
    remind_inquiries,
    sign_answer,
    withdraw_inquiry,
)
from fundapp.committee.actions.interests import (
    Declaration,
    Declared,
    add_affiliate,
    declare_interest,
    withdraw_affiliate,
    withdraw_interest,
)
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
from fundapp.committee.actions.lifting import ask_lift, decide_lift
from fundapp.committee.actions.matching import Matched, match_application, match_call, match_register
from fundapp.committee.actions.meetings import (
    Times,
    cancel_meeting,
    invite_members,
    reschedule_meeting,
    schedule_meeting,
)
from fundapp.committee.actions.minutes import approve_minutes, draft_minutes, edit_minutes, minutes_hash
from fundapp.committee.actions.phases import move_due_phases, move_phase, open_call
from fundapp.committee.actions.pledges import pledge_no_conflict, sign_meeting
from fundapp.committee.actions.proposing import BallotTerms, propose, set_aside
from fundapp.committee.actions.reopening import answer_reopening, ask_reopening
from fundapp.committee.actions.reviews import FiledReview, file_review
from fundapp.committee.actions.signals import confirm_signals, dismiss_signals
from fundapp.committee.actions.signed_answers import return_answer, withdraw_answer
from fundapp.committee.actions.sitting import call_item, end_meeting, open_meeting, record_attendance, set_agenda
from fundapp.committee.actions.steps import take_step
from fundapp.committee.actions.views import LONGEST_NAME, change_view, delete_view, save_view
from fundapp.committee.actions.waivers import cast_waiver_vote, close_waiver, propose_waiver
from fundapp.committee.actions.written import close_written_ballots

__all__ = [
    "LONGEST_NAME",
    "MOST_ROWS",
    "WHATS",
    "Assigned",
    "Assigning",
    "BallotTerms",
    "Bulk",
    "BulkLine",
    "ChallengeOutcome",
    "DecisionSummary",
    "Declaration",
    "Declared",
    "FiledReview",
    "Matched",
    "QuorumLackingError",
    "Reminded",
    "RemindedOwners",
    "SavedReviewDraft",
    "SentBatch",
    "Terms",
    "Times",
    "What",
    "accept_evidence",
    "add_affiliate",
    "add_reviewer",
    "agree_in_writing",
    "answer_inquiry",
    "answer_reopening",
    "approve_batch",
    "approve_minutes",
    "ask_applicant",
    "ask_lift",
    "ask_reopening",
    "assign_condition",
    "assign_reviewers",
    "call_item",
    "cancel_meeting",
    "carry_out",
    "cast_vote",
    "cast_waiver_vote",
    "change_view",
    "close_ballot",
    "close_challenge",
    "close_waiver",
    "close_written_ballots",
    "confirm_signals",
    "decide_appeal",
    "decide_lift",
    "declare_conflict",
    "declare_interest",
    "delete_view",
    "discard_batch",
    "dismiss_signals",
    "draft_minutes",
    "drop_letter",
    "edit_comment",
    "edit_letter",
    "edit_minutes",
    "end_meeting",
    "file_appeal",
    "file_challenge",
    "file_review",
    "import_assignments",
    "invite_members",
    "keep_all_figures",
    "match_application",
    "match_call",
    "match_register",
    "minutes_hash",
    "move_due_phases",
    "move_phase",
    "open_call",
    "open_meeting",
    "pledge_no_conflict",
    "post_comment",
    "propose",
    "propose_waiver",
    "record_attendance",
    "remind_all",
    "remind_conditions",
    "remind_inquiries",
    "remind_reviewers",
    "remove_reviewer",
    "reschedule_meeting",
    "resend_failed",
    "resolve_question",
    "retract_comment",
    "return_answer",
    "return_evidence",
    "save_letter_rules",
    "save_review_draft",
    "save_view",
    "schedule_meeting",
    "send_batch",
    "set_agenda",
    "set_aside",
    "set_aside_challenge",
    "set_expertise",
    "sign_answer",
    "sign_meeting",
    "stage_letters",
    "submit_evidence",
    "take_step",
    "vote_on_challenge",
    "withdraw_affiliate",
    "withdraw_answer",
    "withdraw_inquiry",
    "withdraw_interest",
]
