"""The committee's record: who was recused, who rated what, who voted how, what was decided."""

from fundapp.committee.tables.assignments import Assignment, AssignmentEvent, Expertise, Reminder
from fundapp.committee.tables.ballots import Ballot, BallotVoter, Reopening, Vote
from fundapp.committee.tables.conditions import Condition, ConditionEvidence, EvidenceJudgement, Waiver, WaiverVote
from fundapp.committee.tables.decisions import Decision
from fundapp.committee.tables.discussion import (
    Comment,
    CommentReader,
    CommentText,
    Inquiry,
    InquiryAnswer,
    InquiryProposal,
    InquiryQuestion,
    InquiryWithdrawal,
    QuestionStep,
)
from fundapp.committee.tables.interests import Affiliate, Interest, Signal, SignalAnswer
from fundapp.committee.tables.letters import Appeal, Letter, LetterBatch, LetterMail, LetterRules
from fundapp.committee.tables.meetings import Attendance, Meeting, MeetingStep, Minutes, MinutesApproval, WrittenConsent
from fundapp.committee.tables.recusal import (
    Challenge,
    ChallengeVote,
    Conflict,
    LiftRequest,
    MeetingPledge,
    Recusal,
    RecusalLift,
)
from fundapp.committee.tables.reviews import Review, ReviewDraft, Reviewing, ReviewPhaseStep, ReviewTermsRow
from fundapp.committee.tables.views import SavedView

__all__ = [
    "Affiliate",
    "Appeal",
    "Assignment",
    "AssignmentEvent",
    "Attendance",
    "Ballot",
    "BallotVoter",
    "Challenge",
    "ChallengeVote",
    "Comment",
    "CommentReader",
    "CommentText",
    "Condition",
    "ConditionEvidence",
    "Conflict",
    "Decision",
    "EvidenceJudgement",
    "Expertise",
    "Inquiry",
    "InquiryAnswer",
    "InquiryProposal",
    "InquiryQuestion",
    "InquiryWithdrawal",
    "Interest",
    "Letter",
    "LetterBatch",
    "LetterMail",
    "LetterRules",
    "LiftRequest",
    "Meeting",
    "MeetingPledge",
    "MeetingStep",
    "Minutes",
    "MinutesApproval",
    "QuestionStep",
    "Recusal",
    "RecusalLift",
    "Reminder",
    "Reopening",
    "Review",
    "ReviewDraft",
    "ReviewPhaseStep",
    "ReviewTermsRow",
    "Reviewing",
    "SavedView",
    "Signal",
    "SignalAnswer",
    "Vote",
    "Waiver",
    "WaiverVote",
    "WrittenConsent",
]
